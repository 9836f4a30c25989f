"""What `/metrics` tells, and to whom."""

from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from resolvers.database.runtime import Runtime
from schema.requests.engine import Engine
from server.monitoring.metrics import BOUNDS, Metrics
from tests.support.api import make_org, serving, settings_of
from tests.support.refusals import problem
from tests.support.servers import Backends

TOKEN = "a-token-for-the-tests"


async def _samples(http: httpx.AsyncClient) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answer = await http.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert answer.headers["cache-control"] == "no-store"
    families = text_string_to_metric_families(answer.text)
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def _key(name: str, **labels: Any) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset((label, str(value)) for label, value in labels.items())


async def test_without_a_token_there_are_no_metrics(api: str) -> None:
    async with httpx.AsyncClient(base_url=api) as http:
        for headers in ({}, {"Authorization": f"Bearer {TOKEN}"}):
            problem(await http.get("/metrics", headers=headers), 404, "NOT_FOUND")


async def test_metrics_are_for_whoever_holds_the_token(backends: Backends) -> None:
    settings = settings_of(backends, metrics_token=TOKEN)
    assert TOKEN not in repr(settings)
    async with serving(settings) as base, httpx.AsyncClient(base_url=base) as http:
        for given in (
            None,
            "",
            "Bearer",
            f"Bearer {TOKEN}x",
            f"Bearer {TOKEN[:-1]}",
            f"Basic {TOKEN}",
            TOKEN,
            "Bearer é",
        ):
            headers = [] if given is None else [(b"Authorization", given.encode("latin-1"))]
            answer = await http.get("/metrics", headers=headers)
            problem(answer, 401, "UNAUTHENTICATED")
            assert answer.headers["www-authenticate"] == "Bearer"
        problem(await http.post("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}), 405, "METHOD_NOT_ALLOWED")
        assert _key("counterfoil_documents") in await _samples(http)


async def test_every_request_is_counted(
    backends: Backends, api_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Engine] = []

    def kept(*args: Any, **options: Any) -> Engine:
        made.append(Engine(*args, **options))
        return made[-1]

    monkeypatch.setattr("server.app.Engine", kept)
    async with serving(settings_of(backends, metrics_token=TOKEN)) as base:
        org = await make_org(api_runtime, base)
        rest = [
            await org.http.get("/api/v1/clients"),
            await org.http.get("/api/v1/clients?x=1"),
            await org.http.post("/api/v1/clients/", json={"name": "Ada", "email": "ada@example.com"}),
        ]
        graph = [await org.graphql(text) for text in ("{ clients { totalCount } }", "{ clients { totalCount } }", "{")]
        await org.http.get("/api/v1/nothing")
        (engine,) = made
        engine.executor.settings.serializer_failures["Client"] += 1
        await org.graphql("{ __schema { queryType { name } } }")
        samples = await _samples(org.http)
        await org.http.aclose()
    for api, operation, status, count in (
        ("rest", "query", 200, 1),
        ("rest", "query", 400, 1),
        ("rest", "mutation", 201, 1),
        ("graphql", "query", 200, 3),
        ("graphql", "none", 200, 1),
        ("other", "none", 404, 1),
    ):
        assert samples[_key("counterfoil_requests_total", api=api, operation=operation, status=status)] == count
    assert len([key for key in samples if key[0] == "counterfoil_requests_total"]) == 6
    assert samples[_key("counterfoil_request_seconds_count", api="rest")] == 3
    assert samples[_key("counterfoil_request_seconds_bucket", api="rest", le="+Inf")] == 3
    assert samples[_key("counterfoil_request_seconds_count", api="graphql")] == 4
    for api, answers in (("rest", rest), ("graphql", graph)):
        sent = sum(int(answer.headers["server-timing"].split('"')[1]) for answer in answers)
        assert samples[_key("counterfoil_statements_total", api=api)] == sent > 0
    assert samples[_key("counterfoil_documents")] == 2
    assert samples[_key("counterfoil_executor_fallbacks_total", reason="introspection")] == 1
    assert samples[_key("counterfoil_executor_unwritten_total", type="Client")] == 1
    assert samples[_key("counterfoil_pool_connections", pool="main", state="used")] == 0
    assert samples[_key("counterfoil_pool_connections", pool="main", state="idle")] >= 1
    assert samples[_key("process_resident_memory_bytes")] > 0


def test_a_time_falls_into_its_bucket() -> None:
    metrics = Metrics()
    for seconds in (0.001, 0.0011, 0.3, 11.0):
        metrics.note("rest", "query", 200, seconds, 0)
    counts = dict(metrics.seconds["rest"].cumulative())
    assert (counts["0.001"], counts["0.0025"], counts["0.25"], counts["0.5"], counts["10"], counts["+Inf"]) == (
        1, 2, 2, 3, 3, 4,
    )  # fmt: skip
    assert len(counts) == len(BOUNDS) + 1
    assert metrics.statements == {}
