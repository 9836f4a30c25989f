"""Structured logs on standard error: one event a line, with the request's id, never with a secret."""

import logging
import re
import sys
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO, cast
from urllib.parse import quote

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from server.monitoring.log_bounds import Shortage, shorten
from server.monitoring.log_stream import LogStream

log = structlog.get_logger()
# The id of the request that is being answered; every event that is logged meanwhile carries it.
REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)


class Traces:
    """What returns the id of the current trace, in a process that records traces; None in another."""

    __slots__ = ("current",)

    def __init__(self) -> None:
        self.current: Callable[[], str | None] | None = None

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Add the id to an event."""
        trace_id = None if self.current is None else self.current()
        if trace_id is not None:
            event.setdefault("trace_id", trace_id)
        return event


traces = Traces()
# A longer path is cut: its line has a bound.
PATH_LENGTH = 2_000
# A path that is as long and as plain quoted.
_PLAIN = re.compile(r"[A-Za-z0-9_.~/-]{0,2000}")

_SECRETS = (
    (re.compile(r"\b(sk_live_|whsec_)[A-Za-z0-9+/=_\-]+"), r"\1[redacted]"),
    (re.compile(r"(?<=://)([^\s:/@]*):[^\s/]*@(?=[^\s@]*)"), r"\1:[redacted]@"),
    (re.compile(r"(?i)\b(bearer)\s+[^\s\"',]+"), r"\1 [redacted]"),
)


def redact(value: Any) -> Any:
    """Return the value without API keys, webhook secrets, bearer tokens and passwords of URLs, at any depth."""
    if isinstance(value, str):
        for pattern, replacement in _SECRETS:
            value = pattern.sub(replacement, value)
        return value
    if isinstance(value, dict):
        return {redact(key): redact(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value))


def _redact_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    # The record and its origin are the formatter's own and leave before the line is written.
    return {key: item if key in ("_record", "_from_structlog") else redact(item) for key, item in event.items()}


def _add_request_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    request_id = REQUEST_ID.get()
    if request_id is not None:
        event.setdefault("request_id", request_id)
    return event


def _to_json(event: EventDict, **_options: Any) -> str:
    return orjson.dumps(event, option=orjson.OPT_NON_STR_KEYS).decode()


class AccessLog:
    """Writes the line of each request. As JSON it is written here: the chain that other events take costs ten times as
    much, and each field of this line is known. ``sink`` takes the line; without one it is an event like others."""

    __slots__ = ("quiet", "sink")

    def __init__(self) -> None:
        self.quiet = False
        self.sink: LogStream | None = None

    def __call__(self, request_id: str, method: str, path: str, status: int, seconds: float, statements: int) -> None:
        """Log one request; ``path`` is the decoded one."""
        if self.quiet:
            return
        fields: dict[str, Any] = {
            "method": method,
            # Percent-encoded: a control character must not reach a terminal.
            "path": path if _PLAIN.fullmatch(path) else quote(path[:PATH_LENGTH])[:PATH_LENGTH],
            "status": status,
            # Two decimals, at a tenth of the cost of ``round``.
            "ms": int(seconds * 100_000 + 0.5) / 100,
            "statements": statements,
        }
        if self.sink is None:
            log.info("request", request_id=request_id, **fields)
            return
        # Of all secrets only these two can stand in a quoted path or in a request's id.
        for name, text in (("path", fields["path"]), ("request_id", request_id)):
            fields[name] = redact(text) if "sk_live_" in text or "whsec_" in text else text
        fields |= {"event": "request", "level": "info", "timestamp": datetime.now(UTC)}
        if traces.current is not None:
            traces(None, "info", fields)
        self.sink.line(orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z))


access = AccessLog()


def configure(level: str = "INFO", style: str = "json") -> None:
    """Send our own events and those of the standard library's loggers to standard error. A line that cannot be written
    there is lost and fails nobody; the next one that can be comes after a `log.lost`, which has their number.

    `level` is DEBUG, INFO, WARNING or ERROR; `style` is `json` or `console`. May be called again.
    """
    shortage = Shortage()
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_request_id,
        traces,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _redact_event,
    ]
    renderer: Processor
    if style == "json":
        renderer = structlog.processors.JSONRenderer(serializer=_to_json)
    else:
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )

    def told(lost: int) -> str:
        moment = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        return str(renderer(None, "", {"event": "log.lost", "level": "warning", "timestamp": moment, "lines": lost}))

    stream = LogStream(sys.stderr.buffer, told)
    structlog.configure(
        processors=[*shared, shortage, shorten, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, stream)),
        cache_logger_on_first_use=False,
    )
    access.quiet = logging.getLevelNamesMapping()[level] > logging.INFO
    access.sink = stream if style == "json" else None
    handler = logging.StreamHandler(stream)
    handler.addFilter(shortage)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, structlog.stdlib.ExtraAdder()],
            processors=[*shared, structlog.stdlib.ProcessorFormatter.remove_processors_meta, shorten, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
