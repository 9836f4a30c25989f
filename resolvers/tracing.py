"""Tracing, as the rooms below the server use it. A runtime without it has None here, and nothing of it is called."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Literal, Protocol, Self

Attributes = Mapping[str, str | int | bool | Sequence[str]]
SpanKindName = Literal["internal", "server", "client", "consumer"]
NONE: Attributes = {}


class Span(Protocol):
    """A span: it is the current one from its begin to its end. As a context it ends with its block, failed where that
    raises."""

    def note(self, attributes: Attributes) -> None:
        """Add attributes."""

    def fail(self, code: str) -> None:
        """Set its status to an error of this code: a code, never a message, which may hold somebody's data."""

    def end(self) -> None:
        """End it; what was current before it is so again."""

    def __enter__(self) -> Self:
        """Return the span."""

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""


class Tracing(Protocol):
    """Begins spans, each within the current one, and carries their trace to where other processes go on with it."""

    def begin(
        self, name: str, kind: SpanKindName = "internal", attributes: Attributes = NONE,
        *, origin: Mapping[str, str] | None = None, linked: bool = False,
    ) -> Span:  # fmt: skip
        """Begin a span. ``origin`` has the ``traceparent`` of another process that it goes on from, or, where it is
        ``linked``, that it only has a link to, in a trace of its own."""

    def shared(self, name: str, spans: Sequence[Span | None]) -> Span:
        """Begin a span for what is done for several at once, in a trace of its own with a link to each; what is done
        for one alone is within that one."""

    def current(self) -> Span | None:
        """Return the current span."""

    def level(self, depth: int, objects: Mapping[str, int]) -> "LevelEnd":
        """Begin the span of a level of an operation, and return what ends it."""

    def headers(self, tracestate: str | None = None) -> dict[str, str]:
        """Return the headers that carry the current trace to another server."""

    def setting(self) -> str:
        """Return what a transaction sets (",set_config(…)") so that its events and jobs keep the current trace."""


class LevelEnd(Protocol):
    """Ends the span of a level."""

    def __call__(self, failed: bool, /) -> None:
        """End it."""
