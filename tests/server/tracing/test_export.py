"""The export of spans to a collector that is away, fails or hangs: nobody who asks or works notices."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest
import structlog

from server.tracing import export
from server.tracing.otel import OpenTelemetry
from server.wiring import running
from tests.support.api import make_org, serving, settings_of
from tests.support.collector import FAILED, Collector
from tests.support.jobs import eventually
from tests.support.servers import Backends

TOKEN = "a-token-of-the-metrics"


def _dropped(tracing: OpenTelemetry, reason: str, number: int) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return tracing.losses.counts[reason] == number

    return check


def exporting() -> list[threading.Thread]:
    """The threads that export spans."""
    return [each for each in threading.enumerate() if each.name.startswith("Otel")]


async def test_a_collector_that_fails_or_is_away_loses_spans_and_nothing_else(
    backends: Backends, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector.answer = FAILED
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")
    with structlog.testing.capture_logs() as lines:
        tracing = OpenTelemetry("api")
        tracing.begin("first").end()
        await eventually(_dropped(tracing, "export_failed", 1))
        tracing.begin("second").end()
        await eventually(_dropped(tracing, "export_failed", 2))
        await tracing.close()
    assert [(line["log_level"], line["event"], line["export_failed"]) for line in lines] == [
        ("warning", "tracing.spans_dropped", 1)
    ]
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    settings = settings_of(backends, tracing=True, metrics_token=TOKEN)
    async with serving(settings, compare=False) as base, running(settings) as runtime:
        org = await make_org(runtime, base)
        for _ in range(3):
            assert (await org.http.get("/api/v1/clients")).status_code == 200

        async def counted() -> bool:
            answer = await org.http.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
            return 'counterfoil_spans_dropped_total{reason="export_failed"}' in answer.text

        await eventually(counted)
        await org.close()


async def test_what_does_not_fit_is_dropped_and_a_stop_does_not_wait(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector.held.clear()
    for name, value in {"MAX_QUEUE_SIZE": "4", "MAX_EXPORT_BATCH_SIZE": "2"}.items():
        monkeypatch.setenv(f"OTEL_BSP_{name}", value)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "3600")
    monkeypatch.setattr(export, "FLUSH_S", 0.1)
    tracing = OpenTelemetry("api")
    for _ in range(2):
        tracing.begin("exported").end()

    async def taken() -> bool:
        return tracing.processor.exporting.taken == 2

    await eventually(taken)
    for _ in range(9):
        tracing.begin("queued or dropped").end()
    async with asyncio.timeout(60):
        await tracing.close()
    assert tracing.losses.counts == {"queue_full": 5, "stopped": 4}
    collector.held.set()
    # One that tried again would draw from the generator of random numbers beside whatever test comes then.
    for thread in exporting():
        await asyncio.to_thread(thread.join, 60)
    assert exporting() == []


async def test_what_is_left_is_exported_at_the_end(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "3600000")
    tracing = OpenTelemetry("worker")
    tracing.begin("last").end()
    await tracing.close()
    assert ([each.name for each in collector.spans], tracing.losses.counts) == (["last"], {})


async def test_a_service_is_called_as_the_environment_says(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "back-office")
    tracing = OpenTelemetry("api")
    tracing.begin("one").end()
    await tracing.close()
    assert [each.service for each in collector.spans] == ["back-office"]


async def test_a_sampler_of_the_environment_decides(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    tracing = OpenTelemetry("api")
    with tracing.begin("none"):
        # The last bit is whether it is sampled; the one before it says that the trace's ID is random.
        assert int(tracing.headers()["traceparent"][-2:], 16) & 1 == 0
    await tracing.close()
    assert collector.bodies == []
