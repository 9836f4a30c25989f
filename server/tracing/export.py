"""The export of spans in the background, over OTLP: what cannot be exported in time is dropped and counted."""

import logging
import threading
import time
from asyncio import to_thread
from collections import Counter
from collections.abc import Callable, Sequence

import structlog
from opentelemetry.exporter.otlp.proto.http import trace_exporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

log = structlog.get_logger(__name__)
# How long the spans that are left are waited for when a process ends.
FLUSH_S = 2.0
MINUTE = 60.0


class Losses:
    """The spans that were dropped, by why: logged once a minute, whatever their number. ``error`` is the last of the
    exporter."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.counts: Counter[str] = Counter()
        self.error: str | None = None
        self._clock, self._logged = clock, -MINUTE

    def add(self, reason: str, number: int) -> None:
        """Count spans that were dropped."""
        self.counts[reason] += number
        moment = self._clock()
        if moment - self._logged >= MINUTE:
            self._logged = moment
            log.warning("tracing.spans_dropped", error=self.error, **self.counts)

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep what the exporter logs, which is a line for each try, for our own line."""
        self.error = record.getMessage()
        return False


class CountingExporter(SpanExporter):
    """An exporter that counts the spans that it was given, and those that it could not export."""

    def __init__(self, exporter: SpanExporter, losses: Losses) -> None:
        self.exporter, self.losses, self.taken = exporter, losses, 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export spans, and return whether that succeeded."""
        self.taken += len(spans)
        result = self.exporter.export(spans)
        if result is not SpanExportResult.SUCCESS:
            self.losses.add("export_failed", len(spans))
        return result

    def shutdown(self) -> None:
        """End it."""
        self.exporter.shutdown()


class BoundedProcessor(BatchSpanProcessor):
    """A queue of spans that are given to ``exporting``: what comes while it is full is dropped and counted."""

    def __init__(self, exporter: CountingExporter, most: int) -> None:
        self.exporting, self._most, self._ended = exporter, most, 0
        super().__init__(exporter, max_queue_size=most)

    def on_end(self, span: ReadableSpan) -> None:
        """Queue a span that ended."""
        if self._ended - self.exporting.taken >= self._most:
            self.exporting.losses.add("queue_full", 1)
            return
        self._ended += 1
        super().on_end(span)

    async def close(self) -> None:
        """Export what is queued, as far as ``FLUSH_S`` allow, and drop the rest."""
        # A thread that nobody waits for: a request to a server that hangs cannot be interrupted.
        ending = threading.Thread(target=self.shutdown, daemon=True)
        ending.start()
        await to_thread(ending.join, FLUSH_S)
        left = self._ended - self.exporting.taken
        if left:
            self.exporting.losses.add("stopped", left)


def otlp_exporter(losses: Losses) -> SpanExporter:
    """Return an exporter over HTTP, to where OpenTelemetry's variables say."""
    logger = logging.getLogger(trace_exporter.__name__)
    logger.filters.clear()
    logger.addFilter(losses)
    return OTLPSpanExporter()
