"""Without the setting nothing is traced: nothing kept, nothing sent; with it, wrong values are refused."""

import asyncpg
import pytest

from models.typeid import new_uuid
from resolvers.database.runtime import Runtime
from server.errors import SettingsError
from server.settings import Settings, load
from tests.support.api import Org, new_client
from tests.support.collector import TRACEPARENT
from tests.support.jobs import receiver, settled, working
from tests.support.settings import NEEDED
from tests.support.webhooks import new_webhook


async def test_a_callers_trace_is_neither_kept_nor_sent_on(local: Org, open_runtime: Runtime) -> None:
    local.http.headers.update({"traceparent": TRACEPARENT, "tracestate": "a=b"})
    async with receiver() as hooks:
        await new_webhook(local, hooks.url, "client.created")
        await new_client(local)
        async with working(open_runtime):
            await settled(open_runtime, local.id)
    (request,) = hooks.requests
    assert not {"traceparent", "tracestate"} & request.headers.keys()
    found = await local.rows("select traceparent, tracestate from events where org_id = $1", local.id)
    found += await local.rows("select traceparent, null from jobs where org_id = $1", local.id)
    assert {tuple(row) for row in found} == {(None, None)}


async def test_a_job_takes_no_text_for_a_trace(local: Org) -> None:
    insert = """insert into jobs (org_id, id, function, subject_id, concurrency_key, queue, run_at, state, attempt,
        claim_no) values ($1, $2, 'AUDIT_SEAL', $1, $1, 'audit', now(), 'DONE', 0, 0) returning traceparent"""
    async with local.runtime.bound(local.id) as connection:
        await connection.fetch("select set_config('app.traceparent', $1, true)", TRACEPARENT)
        assert (await connection.fetchval(insert, local.id, new_uuid())) == TRACEPARENT
        await connection.fetch("select set_config('app.traceparent', $1, true)", f"{TRACEPARENT} and more")
        with pytest.raises(asyncpg.CheckViolationError, match="jobs_traceparent_check"):
            await connection.fetchval(insert, local.id, new_uuid())
        await connection.execute("rollback")
    assert not await local.rows("select from jobs where traceparent is not null and org_id = $1", local.id)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "must be a URL such as http://collector.example:4318"),
        (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "ftp://collector",
            "must be a URL such as http://collector.example:4318",
        ),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://:4318", "must be a URL such as http://collector.example:4318"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "http/protobuf"),
        ("OTEL_TRACES_EXPORTER", "zipkin", "otlp"),
        ("OTEL_TRACES_SAMPLER", "sometimes", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "2", "1"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0", "1"),
    ],
)
def test_a_wrong_variable_is_named_where_tracing_is_on(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, why: str
) -> None:
    for each, given in {**NEEDED, name: value}.items():
        monkeypatch.setenv(each, given)
    assert load(Settings).tracing is False
    monkeypatch.setenv("TRACING", "true")
    with pytest.raises(SettingsError) as refused:
        load(Settings)
    text = str(refused.value)
    assert (text.startswith(f"{name} is malformed: "), why in text, "\n" in text) == (True, True, False)


def test_a_batch_fits_into_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    for each, given in {**NEEDED, "TRACING": "true", "OTEL_BSP_MAX_QUEUE_SIZE": "100"}.items():
        monkeypatch.setenv(each, given)
    with pytest.raises(SettingsError, match=r"^OTEL_BSP_MAX_EXPORT_BATCH_SIZE must not be greater than"):
        load(Settings)
