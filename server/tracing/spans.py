"""Spans of OpenTelemetry, each within the one that is current: a context variable has it, which tasks inherit."""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from functools import partial
from types import TracebackType
from typing import Self

from opentelemetry.context import Context
from opentelemetry.trace import (
    INVALID_SPAN,
    Link,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    format_trace_id,
    set_span_in_context,
)
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace.propagation import get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from resolvers.tracing import NONE, Attributes, Span, SpanKindName

# As long as W3C's Trace Context asks a tracestate to be kept.
TRACESTATE_LENGTH = 512
_SPAN_KINDS: Mapping[SpanKindName, SpanKind] = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "consumer": SpanKind.CONSUMER,
}
_FAILED = Status(StatusCode.ERROR)
_PROPAGATOR = TraceContextTextMapPropagator()


class CurrentSpan:
    """A span while it is the current one; ``recorded`` is whether it was sampled. ``owned``: it ends here."""

    __slots__ = ("_before", "_owned", "otel", "recorded", "spans")

    def __init__(self, spans: "Spans", otel: OtelSpan, *, owned: bool = True) -> None:
        self.spans, self.otel, self._owned = spans, otel, owned
        # Of one that has ended too: what it began may go on.
        self.recorded = otel.get_span_context().trace_flags.sampled
        self._before = CURRENT.get()
        CURRENT.set(self)

    def note(self, attributes: Attributes) -> None:
        """Add attributes."""
        self.otel.set_attributes(attributes)

    def fail(self, code: str) -> None:
        """Set its status to an error of this code."""
        self.otel.set_status(_FAILED)
        self.otel.set_attribute("error.type", code)

    def end(self) -> None:
        """End it; what was current before it is so again."""
        CURRENT.set(self._before)
        if self._owned:
            self.otel.end()

    def __enter__(self) -> Self:
        """Return the span."""
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        if error_type is not None and self._owned:
            self.fail(error_type.__name__)
        self.end()


class _Unrecorded(CurrentSpan):
    """What stands for all that is within a span that was not sampled: it stays the current one."""

    __slots__ = ()

    def __init__(self) -> None:
        self.otel, self.recorded, self._owned = INVALID_SPAN, False, False

    def end(self) -> None:
        """Do nothing."""


CURRENT: ContextVar[CurrentSpan | None] = ContextVar("span", default=None)
_UNRECORDED = _Unrecorded()
_NOWHERE = Context()


class Spans:
    """Begins spans by a tracer, and carries their trace on."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def begin(
        self, name: str, kind: SpanKindName = "internal", attributes: Attributes = NONE,
        *, origin: Mapping[str, str] | None = None, linked: bool = False,
    ) -> Span:  # fmt: skip
        """Begin a span within the current one, or where ``origin`` or ``linked`` say."""
        if origin is not None or linked:
            return self._apart(name, kind, attributes, origin or {}, linked)
        above = CURRENT.get()
        if above is not None and not above.recorded:
            return _UNRECORDED
        context = _NOWHERE if above is None else set_span_in_context(above.otel, _NOWHERE)
        otel = self._tracer.start_span(name, context, _SPAN_KINDS[kind], attributes)
        return CurrentSpan(self, otel)

    def _apart(
        self, name: str, kind: SpanKindName, attributes: Attributes, origin: Mapping[str, str], linked: bool
    ) -> Span:
        """Begin a span that goes on from another process, or in a trace of its own with a link to there. What is
        malformed is as if it were not there."""
        carrier = {each: value for each, value in origin.items() if len(value) <= TRACESTATE_LENGTH}
        context = _PROPAGATOR.extract(carrier, _NOWHERE)
        links = []
        if linked:
            there = get_current_span(context).get_span_context()
            context, links = _NOWHERE, [Link(there)] if there.is_valid else []
        return CurrentSpan(self, self._tracer.start_span(name, context, _SPAN_KINDS[kind], attributes, links))

    def shared(self, name: str, spans: Sequence[Span | None]) -> Span:
        """Begin a span for several, with a link to each that was sampled; what is done for one is within that one."""
        recorded = [each.otel for each in spans if isinstance(each, CurrentSpan) and each.recorded]
        if len(recorded) < 2:
            return CurrentSpan(self, recorded[0] if recorded else INVALID_SPAN, owned=False)
        links = [Link(each.get_span_context()) for each in recorded]
        attributes = {"counterfoil.batch.size": len(spans)}
        return CurrentSpan(self, self._tracer.start_span(name, _NOWHERE, SpanKind.INTERNAL, attributes, links))

    def current(self) -> Span | None:
        """Return the current span."""
        return CURRENT.get()

    def trace_id(self) -> str | None:
        """Return the id of the current trace, also of one that is not sampled."""
        above = CURRENT.get()
        context = None if above is None else above.otel.get_span_context()
        return format_trace_id(context.trace_id) if context is not None and context.is_valid else None

    def level(self, depth: int, objects: Mapping[str, int]) -> "_LevelEnd":
        """Begin the span of a level of an operation, and return what ends it."""
        attributes: Attributes = {"counterfoil.types": [*objects], "counterfoil.objects": sum(objects.values())}
        return partial(_end_level, self.begin(f"level {depth}", attributes=attributes))

    def headers(self, tracestate: str | None = None) -> dict[str, str]:
        """Return the headers that carry the current trace to another server."""
        found: dict[str, str] = {}
        above = CURRENT.get()
        if above is not None:
            _PROPAGATOR.inject(found, set_span_in_context(above.otel, _NOWHERE))
        if found and tracestate:
            found["tracestate"] = tracestate
        return found

    def setting(self) -> str:
        """Return what a transaction sets so that its events and jobs keep the current trace."""
        headers = self.headers()
        if not headers:
            return ""
        config = f",set_config('app.traceparent','{headers['traceparent']}',true)"
        state = headers.get("tracestate")
        if state is None:
            return config
        # A caller's text: as hexadecimal digits it cannot be SQL.
        return f"{config},set_config('app.tracestate',convert_from(decode('{state.encode().hex()}','hex'),'UTF8'),true)"


_LevelEnd = partial[None]


def _end_level(span: Span, failed: bool) -> None:
    if failed:
        span.fail("FIELD_ERROR")
    span.end()
