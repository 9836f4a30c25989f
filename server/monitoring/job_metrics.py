"""What a worker has done, and what waits for workers, for Prometheus: served on a port of the worker's own."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager

import uvicorn
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from models.jobs import JobFunction, JobQueue, JobState
from resolvers.database.runtime import Runtime
from resolvers.jobs import due
from resolvers.jobs.due import Depth
from server.app import Application
from server.http.edge import EdgeMiddleware
from server.http.routing import ApiRoute, ApiRouter
from server.http.unsignalled import UnsignalledServer
from server.monitoring.metrics import NO_SPANS, Exposition, Histogram, Metrics, dropped_spans, pools
from server.serve import protocol_of
from server.settings import Settings
from server.system import health, metrics_of

STATES = (JobState.QUEUED, JobState.RUNNING, JobState.FAILED)


class JobMetrics:
    """The attempts of one worker: ``note`` once for each."""

    __slots__ = ("attempts", "seconds")

    def __init__(self) -> None:
        self.attempts: Counter[tuple[JobFunction, str]] = Counter()
        self.seconds = {function: Histogram() for function in JobFunction}

    def note(self, function: JobFunction, state: JobState | None, seconds: float) -> None:
        """Count an attempt by the state that its job had then; None for one whose lease was lost."""
        self.attempts[function, "LOST" if state is None else state.value] += 1
        self.seconds[function].note(seconds)


class WorkerExposition(Exposition):
    """The metrics of a worker, and those of all queues as the database has them; ``dropped`` counts spans that were
    lost."""

    def __init__(self, metrics: JobMetrics, runtime: Runtime, token: str, dropped: Mapping[str, int]) -> None:
        self.metrics, self.runtime, self.dropped = metrics, runtime, dropped
        self._depths: list[Depth] = []
        super().__init__(token)

    async def text(self) -> bytes:
        """Return all metrics in Prometheus's text format. Raises Refusal UNAVAILABLE when the queues cannot be read."""
        self._depths = await due.depths(self.runtime)
        return await super().text()

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics of this process and of the queues, as they are now."""
        yield from self._queues()
        attempts = CounterMetricFamily(
            "counterfoil_job_attempts",
            "Attempts by function and by the state of the job after them; LOST when another worker had taken the job.",
            None,
            ["queue", "function", "state"],
        )
        for (function, state), count in self.metrics.attempts.items():
            attempts.add_metric([function.queue, function, state], count)
        yield attempts
        took = HistogramMetricFamily(
            "counterfoil_job_seconds", "How long attempts took, from claim to end.", labels=["queue", "function"]
        )
        for function, histogram in self.metrics.seconds.items():
            took.add_metric([function.queue, function], list(histogram.cumulative()), histogram.total)
        yield took
        yield pools(self.runtime)
        yield dropped_spans(self.dropped)

    def _queues(self) -> Iterator[Metric]:
        found = {(each.queue, each.state): each for each in self._depths}
        number = GaugeMetricFamily(
            "counterfoil_jobs",
            "Jobs of all organizations by queue and state; of the QUEUED ones those that are due.",
            None,
            ["queue", "state"],
        )
        oldest = GaugeMetricFamily(
            "counterfoil_jobs_oldest_seconds",
            "How long the oldest due job has waited for a worker.",
            None,
            ["queue"],
        )
        for queue in JobQueue:
            for state in STATES:
                depth = found.get((queue, state))
                number.add_metric([queue, state], depth.number if depth else 0)
            waits = found.get((queue, JobState.QUEUED))
            oldest.add_metric([queue], waits.oldest_seconds if waits else 0)
        yield number
        yield oldest


@asynccontextmanager
async def exposed(
    metrics: JobMetrics, runtime: Runtime, settings: Settings, dropped: Mapping[str, int] = NO_SPANS
) -> AsyncIterator[None]:
    """Serve `/metrics` and `/api/health` on the worker's port in a block; nothing where the settings name none."""
    if settings.worker_metrics_port is None or settings.metrics_token is None:
        yield
        return
    exposition = WorkerExposition(metrics, runtime, settings.metrics_token, dropped)
    routes = [
        ApiRoute("/metrics", metrics_of(exposition), name="Metrics"),
        ApiRoute("/api/health", health, name="Health"),
    ]
    router = ApiRouter(routes)
    app = Application(router, EdgeMiddleware(router, Metrics(), seconds=settings.request_timeout_s, timing=False))
    server = UnsignalledServer(
        uvicorn.Config(
            app, host=settings.host, port=settings.worker_metrics_port, http=protocol_of(settings), ws="none",
            lifespan="off", log_config=None, access_log=False, proxy_headers=False, server_header=False,
            limit_concurrency=settings.limit_concurrency, timeout_graceful_shutdown=1,
        )
    )  # fmt: skip
    task = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await task
