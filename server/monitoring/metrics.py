"""What a process has done, for Prometheus. Counting is plain arithmetic; the text is made when somebody asks for it."""

import hmac
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from resolvers.database.runtime import Runtime
from schema.requests.engine import Engine
from web.dependencies import Dependencies

# In seconds; an answer takes some milliseconds, and 10 s at most.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# What is dropped where nothing is traced.
NO_SPANS: Mapping[str, int] = {}
_NAMES = (*(f"{bound:g}" for bound in BOUNDS), "+Inf")


class Histogram:
    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0

    def note(self, seconds: float) -> None:
        """Count what took so many seconds."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds

    def cumulative(self) -> Iterator[tuple[str, float]]:
        """Return each bound with how many took no longer."""
        so_far = 0
        for name, count in zip(_NAMES, self.counts, strict=True):
            so_far += count
            yield name, so_far


class Metrics:
    """The counters of one process: ``note`` once for each request."""

    __slots__ = ("requests", "seconds", "statements")

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self.seconds: dict[str, Histogram] = {}
        self.statements: Counter[str] = Counter()

    def note(self, api: str, operation_type: str, status: int, seconds: float, statements: int) -> None:
        """Count a request: ``api`` is graphql, rest, mcp or other, ``operation_type`` its operation's, or none."""
        self.requests[api, operation_type, status] += 1
        histogram = self.seconds.get(api)
        if histogram is None:
            histogram = self.seconds[api] = Histogram()
        histogram.note(seconds)
        if statements:
            self.statements[api] += statements


class Exposition(Collector):
    """The text of a process's metrics, for whoever holds ``token``."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        self.registry = CollectorRegistry()
        self.registry.register(self)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)

    def may(self, given: str | None) -> bool:
        """Return whether an Authorization header holds the token."""
        scheme, _, token = (given or "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode(), self._token)

    async def text(self) -> bytes:
        """Return all metrics, in Prometheus's text format."""
        return generate_latest(self.registry)


def pools(runtime: Runtime) -> Metric:
    """Return the connections of a process to the database."""
    pool = GaugeMetricFamily("counterfoil_pool_connections", "Database connections by state.", None, ["pool", "state"])
    for name, each in (("main", runtime.pool), ("side", runtime.side)):
        pool.add_metric([name, "idle"], each.idle)
        pool.add_metric([name, "used"], each.size - each.idle)
    return pool


def dropped_spans(dropped: Mapping[str, int]) -> Metric:
    """Return the spans of a process that were not exported."""
    found = CounterMetricFamily(
        "counterfoil_spans_dropped",
        "Spans that were not exported: queue_full, export_failed, or stopped with the process.",
        None,
        ["reason"],
    )
    for reason, count in dropped.items():
        found.add_metric([reason], count)
    return found


class ApiExposition(Exposition):
    """The metrics of a process of the API, of its pool and of its engine; ``dropped`` counts spans that were lost."""

    def __init__(
        self, metrics: Metrics, engine: Engine, dependencies: Dependencies, token: str, dropped: Mapping[str, int]
    ) -> None:
        self.metrics, self.engine, self.dependencies, self.dropped = metrics, engine, dependencies, dropped
        super().__init__(token)

    def collect(self) -> Iterable[Metric]:
        """Return the metrics of this process, as they are now."""
        yield from self._requests()
        cached = GaugeMetricFamily("counterfoil_documents", "GraphQL documents that are parsed, validated and planned.")
        executor = self.engine.executor
        cached.add_metric([], len(executor.documents))
        yield cached
        fallbacks = CounterMetricFamily(
            "counterfoil_executor_fallbacks",
            "Operations that graphql-core ran instead of a plan, by reason.",
            None,
            ["reason"],
        )
        for reason, count in executor.settings.fallbacks.items():
            fallbacks.add_metric([reason], count)
        yield fallbacks
        unwritten = CounterMetricFamily(
            "counterfoil_executor_unwritten",
            "Levels of objects that were completed field by field, because one could not be serialized as a whole.",
            None,
            ["type"],
        )
        for name, count in executor.settings.serializer_failures.items():
            unwritten.add_metric([name], count)
        yield unwritten
        yield pools(self.dependencies.runtime)
        yield dropped_spans(self.dropped)

    def _requests(self) -> Iterable[Metric]:
        requests = CounterMetricFamily(
            "counterfoil_requests", "Requests that were answered.", None, ["api", "operation", "status"]
        )
        for (api, operation_type, status), count in self.metrics.requests.items():
            requests.add_metric([api, operation_type, str(status)], count)
        yield requests
        took = HistogramMetricFamily("counterfoil_request_seconds", "How long answers took.", labels=["api"])
        for api, histogram in self.metrics.seconds.items():
            took.add_metric([api], list(histogram.cumulative()), histogram.total)
        yield took
        statements = CounterMetricFamily("counterfoil_statements", "SQL statements that were sent.", None, ["api"])
        for api, count in self.metrics.statements.items():
            statements.add_metric([api], count)
        yield statements
