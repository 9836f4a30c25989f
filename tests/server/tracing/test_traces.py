"""What is traced of requests, jobs and deliveries that are out of the ordinary, over real HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from models.typeid import new_uuid
from resolvers.database.runtime import Runtime
from server.wiring import running, tracing_of
from tests.support.api import Org, make_org, new_client, serving, settings_of
from tests.support.collector import CALLER, PARENT, TRACEPARENT, Collector, Spanned
from tests.support.jobs import eventually, receiver, working
from tests.support.servers import Backends
from tests.support.webhooks import AGAIN, new_webhook

BROKEN = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@asynccontextmanager
async def traced(backends: Backends, **given: Any) -> AsyncIterator[tuple[Org, Runtime]]:
    """An organization of a server that is traced, and the runtime of a worker that is."""
    settings = settings_of(backends, tracing=True, webhook_allow_private=True, **given)
    work = running(settings, tracing=tracing_of(settings, "worker"))
    async with serving(settings, compare=False) as base, work as runtime:
        org = await make_org(runtime, base)
        yield org, runtime
        await org.close()


def caller(number: int, flags: str = "01") -> str:
    """The traceparent of one of several callers."""
    return f"00-{number:032x}-{PARENT}-{flags}"


def named(spans: list[Spanned], name: str) -> list[Spanned]:
    """The spans of a name."""
    return [each for each in spans if each.name == name]


async def created(org: Org, traceparent: str) -> None:
    """Create a client, as a caller whose request is traced."""
    body = {"name": "Ada", "email": f"{new_uuid().hex}@example.com"}
    answer = await org.http.post("/api/v1/clients", json=body, headers={"traceparent": traceparent})
    assert answer.status_code == 201, answer.text


async def test_a_request_is_called_by_its_route(own_backends: Backends, collector: Collector) -> None:
    async with traced(own_backends) as (org, _):
        client = (await new_client(org))["publicId"]
        sent: dict[str, tuple[str, str]] = {
            f"GET /api/v1/clients/{{publicId}} {CALLER[::-1]}": ("GET", f"/api/v1/clients/{client}/"),
            f"GET {CALLER}": ("GET", f"/api/v1/{client}"),
            f"HTTP {'a' * 32}": ("PROPFIND", f"/secret/{client}"),
            f"DELETE /api/v1/clients {'b' * 32}": ("DELETE", "/api/v1/clients"),
        }
        for key, (method, path) in sent.items():
            trace = {"traceparent": f"00-{key[-32:]}-{PARENT}-01"}
            await org.http.request(method, path, headers=trace)
        for key in sent:
            name, trace_id = key[:-33], key[-32:]
            (span,) = named(await collector.came(trace_id, name), name)
            status = 200 if "{" in name else 405 if "clients" in name else 404
            assert (span.attributes["http.response.status_code"], span.failed) == (status, None)
            assert span.attributes.get("http.route", "") == name.partition(" ")[2]
        method = named(collector.spans, "HTTP")[0].attributes["http.request.method"]
        assert (method, client in "".join(each.text for each in collector.spans)) == ("_OTHER", False)


async def test_a_refused_operation_has_its_code_and_a_refused_statement_its_state(
    own_backends: Backends, collector: Collector
) -> None:
    async with traced(own_backends) as (org, runtime):
        text = "mutation($i: UpdateClientInput!) { updateClient(input: $i) { client { id } } }"
        given = {"id": "client_01kaxq7v1jfnrsm5s6cqbrjxr1", "name": "Ada"}
        await org.graphql(text, headers={"traceparent": TRACEPARENT}, i=given)
        spans = await collector.came(CALLER, "POST /graphql")
        (operation,), (level,) = named(spans, "mutation"), named(spans, "level 0")
        assert (operation.failed, level.failed, named(spans, "ROLLBACK")[0].failed) == (
            "NOT_FOUND",
            "FIELD_ERROR",
            None,
        )
        tracing = runtime.tracing
        assert tracing is not None
        with tracing.begin("by hand", origin={"traceparent": caller(7)}):
            async with runtime.connection() as connection:
                with pytest.raises(Exception, match="division"):
                    await connection.fetch("select 1 / $1::int", 0)
        (statement,) = named(await collector.came(f"{7:032x}", "by hand"), "SELECT")
        assert (statement.failed, statement.attributes["db.response.status_code"]) == ("22012", "22012")


async def test_each_delivery_is_in_the_trace_of_its_event(own_backends: Backends, collector: Collector) -> None:
    numbers = range(1, 7)
    async with traced(own_backends) as (org, runtime), receiver() as hooks:
        await new_webhook(org, hooks.url, "client.created")
        for number in numbers:
            await created(org, caller(number))
        async with working(runtime):
            for number in numbers:
                spans = await collector.came(f"{number:032x}", "process webhooks", "POST")
                (job,), (sent,) = named(spans, "process webhooks"), named(spans, "POST")
                (operation,) = named(spans, "mutation")
                assert (job.parent, sent.parent) == (operation.id, job.id)

            async def linked() -> bool:
                return bool(named(collector.spans, "begin deliveries"))

            await eventually(linked)
        heard = {each.headers["traceparent"][3:35] for each in hooks.requests}
    assert heard == {f"{number:032x}" for number in numbers}
    of_several = named(collector.spans, "begin deliveries")[0]
    jobs = {(each.trace, each.id) for each in named(collector.spans, "process webhooks")}
    assert (set(of_several.links) <= jobs, len(of_several.links) > 1, of_several.parent) == (True, True, "")
    # A seal is of many changes, and queues the next one: it has a trace of its own.
    for seal in named(collector.spans, "process audit"):
        assert (seal.parent, seal.trace in heard) == ("", False)


async def test_a_delivery_that_fails_and_is_sent_again_stays_in_its_trace(
    own_backends: Backends, collector: Collector
) -> None:
    async with traced(own_backends) as (org, runtime), receiver(BROKEN, GOOD) as hooks:
        await new_webhook(org, hooks.url, "client.created")
        await created(org, caller(1))
        async with working(runtime):
            spans = await collector.came(f"{1:032x}", "process webhooks", "POST")
            (failed,), (job,) = named(spans, "POST"), named(spans, "process webhooks")
            assert (failed.failed, failed.attributes["http.response.status_code"]) == ("500", 500)
            assert (job.attributes["counterfoil.job.outcome"], job.failed) == ("QUEUED", None)
            await org.rows("update jobs set state = 'FAILED', finished_at = now() where function = 'WEBHOOK_DELIVERY'")
            await org.rows("update deliveries set status = 'FAILED'")
            delivery = failed.attributes["counterfoil.webhook.delivery"]
            answer = await org.graphql(AGAIN, headers={"traceparent": caller(2)}, input={"id": delivery})
            assert "errors" not in answer.json(), answer.json()

            async def sent_again() -> bool:
                return len(named(collector.of(f"{1:032x}"), "POST")) == 2

            await eventually(sent_again)
    first, again = (each.headers["traceparent"][3:35] for each in hooks.requests)
    assert (first, again) == (f"{1:032x}", f"{1:032x}")


async def test_what_a_caller_does_not_sample_is_not_recorded_and_goes_on_so(
    own_backends: Backends, collector: Collector
) -> None:
    async with traced(own_backends) as (org, runtime), receiver() as hooks:
        await new_webhook(org, hooks.url, "client.created")
        await created(org, caller(1, "00"))
        await created(org, f"{caller(2)}-malformed")
        async with working(runtime):

            async def heard() -> bool:
                return len(hooks.requests) == 2

            await eventually(heard)
        traces = sorted(each.headers["traceparent"] for each in hooks.requests)
    assert (traces[0][:35], traces[0][-2:], collector.of(f"{1:032x}")) == (caller(1)[:35], "00", [])
    assert (traces[1][3:35] == f"{2:032x}", len(collector.of(traces[1][3:35])) > 0) == (False, True)
