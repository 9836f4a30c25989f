"""What a worker's `/metrics` tells: what waits in each queue, and what became of each attempt."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from models.jobs import JobFunction, JobState
from resolvers.database.runtime import Runtime
from server.dev.embedded import free_port
from server.errors import SettingsError
from server.monitoring.job_metrics import JobMetrics, exposed
from server.settings import Settings, load
from tests.support.api import settings_of
from tests.support.away import end_connections
from tests.support.jobs import emit, listen_at, org, receiver, rows, runtime, settled, working
from tests.support.refusals import problem
from tests.support.servers import Backends
from tests.support.settings import NEEDED

__all__ = ["org", "runtime"]

TOKEN = "a-token-for-the-tests"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
FAILING = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
AGE = "update jobs set run_at = now() - interval '1 hour' where org_id = $1 and function = 'WEBHOOK_DELIVERY'"
DIE = "update jobs set state = 'FAILED', finished_at = now() where org_id = $1 and function = 'AUDIT_SEAL'"


async def samples(http: httpx.AsyncClient) -> dict[tuple[str, ...], float]:
    """Each sample by its name and the values of its labels."""
    answer = await http.get("/metrics", headers=HEADERS)
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    return {
        (one.name, *(one.labels[name] for name in sorted(one.labels))): one.value
        for family in families
        for one in family.samples
    }


async def test_queues_and_attempts_are_told_to_whoever_holds_the_token(
    runtime: Runtime, own_backends: Backends, org: UUID
) -> None:
    given, metrics = settings_of(own_backends, metrics_token=TOKEN, worker_metrics_port=free_port()), JobMetrics()
    base = f"http://127.0.0.1:{given.worker_metrics_port}"
    async with (
        exposed(metrics, runtime, given),
        httpx.AsyncClient(base_url=base) as http,
        receiver(FAILING, OK) as there,
    ):
        problem(await http.get("/metrics"), 401, "UNAUTHENTICATED")
        assert (await http.get("/api/health")).status_code == 200
        await listen_at(runtime, org, there.url)
        await emit(runtime, org, 3)
        await rows(runtime, org, AGE, org)
        await rows(runtime, org, DIE, org)
        found = await samples(http)
        assert found["counterfoil_jobs", "webhooks", "QUEUED"] == 3
        assert found["counterfoil_jobs", "webhooks", "RUNNING"] == 0
        assert found["counterfoil_jobs", "audit", "FAILED"] == 1
        assert found["counterfoil_jobs", "timers", "QUEUED"] == 0
        assert found["counterfoil_jobs_oldest_seconds", "webhooks"] >= 3600
        assert found["counterfoil_jobs_oldest_seconds", "audit"] == 0
        assert found["counterfoil_pool_connections", "main", "used"] == 0
        assert ("counterfoil_job_attempts_total", "WEBHOOK_DELIVERY", "webhooks", "DONE") not in found
        async with working(runtime, note=metrics.note):
            await settled(runtime, org, number=2)
        found = await samples(http)
    assert found["counterfoil_job_attempts_total", "WEBHOOK_DELIVERY", "webhooks", "DONE"] == 2
    assert found["counterfoil_job_attempts_total", "WEBHOOK_DELIVERY", "webhooks", "QUEUED"] == 1
    assert found["counterfoil_job_seconds_count", "WEBHOOK_DELIVERY", "webhooks"] == 3
    assert found["counterfoil_job_seconds_bucket", "WEBHOOK_DELIVERY", "+Inf", "webhooks"] == 3
    # One waits for its next attempt, which is not due.
    assert found["counterfoil_jobs", "webhooks", "QUEUED"] == 0


async def test_without_the_database_it_says_so(
    runtime: Runtime, own_backends: Backends, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused() -> Any:
        raise ConnectionRefusedError("away")

    given = settings_of(own_backends, metrics_token=TOKEN, worker_metrics_port=free_port())
    base = f"http://127.0.0.1:{given.worker_metrics_port}"
    async with exposed(JobMetrics(), runtime, given), httpx.AsyncClient(base_url=base, headers=HEADERS) as http:
        monkeypatch.setattr(runtime.side, "_connect", refused)
        await asyncio.to_thread(end_connections, own_backends)
        problem(await http.get("/metrics"), 503, "UNAVAILABLE")
        assert (await http.get("/api/health")).status_code == 200


def test_an_attempt_whose_lease_was_lost_is_told_apart() -> None:
    metrics = JobMetrics()
    for state in (JobState.DONE, None, JobState.DONE):
        metrics.note(JobFunction.AUDIT_SEAL, state, 0.2)
    assert metrics.attempts == {(JobFunction.AUDIT_SEAL, "DONE"): 2, (JobFunction.AUDIT_SEAL, "LOST"): 1}


def test_a_port_without_a_token_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WORKER_METRICS_PORT", "9100")
    with pytest.raises(SettingsError, match=r"WORKER_METRICS_PORT needs METRICS_TOKEN"):
        load(Settings)
