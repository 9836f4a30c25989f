"""What keeps a log small: no line is longer than 8 KB, and a shortage that fails everything is logged once a minute."""

import errno
import logging
import time
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, WrappedLogger

LINE_BYTES = 8 * 1024
# How long texts may be, and how many items are kept, in an event that is too long as a whole: tried one after another.
_LENGTHS = (2_000, 400, 80)
# The line's end and what a renderer for people adds need some of it.
_ROOM = LINE_BYTES - 512
_ALWAYS = ("event", "level", "timestamp", "request_id", "logger")
_SHORTAGE = "Too many open files"
MINUTE = 60.0


def shorten(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Cut what is long in an event whose line would be longer than ``LINE_BYTES``, and replace what is no JSON."""
    try:
        size = _size(event)
    except TypeError:
        event = _safe(event)
        size = _size(event)
    if size <= _ROOM:
        return event
    known = {name: event[name] for name in _ALWAYS if name in event}
    for length in _LENGTHS:
        cut: EventDict = _cut({**known, **event}, length)
        if _size(cut) <= _ROOM:
            return cut
    shortest: EventDict = _cut(known, _LENGTHS[-1])
    return shortest


def _size(event: EventDict) -> int:
    return len(orjson.dumps(event, option=orjson.OPT_NON_STR_KEYS))


def _safe(value: Any) -> Any:
    """Return the same without lone surrogates, and with whole numbers beyond 64 bits as texts."""
    if isinstance(value, dict):
        return {_safe(key): _safe(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_safe(item) for item in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return str(value) if type(value) is int and value.bit_length() > 63 else value


def _cut(value: Any, length: int) -> Any:
    if isinstance(value, str):
        if len(value) <= length:
            return value
        # Both ends of a traceback tell something.
        half = length // 2
        return f"{value[:half]}… ({len(value) - 2 * half} characters) …{value[-half:]}"
    if isinstance(value, dict):
        return {_cut(key, 80): _cut(item, length) for key, item in list(value.items())[: length // 10]}
    if isinstance(value, list):
        return [_cut(item, length) for item in value[: length // 10]]
    return value


class Shortage(logging.Filter):
    """Lets one event a minute pass that tells of a lack of file descriptors: while it lasts each request may fail by
    it. A filter of the standard library's handlers, and a processor of structlog's."""

    def __init__(self) -> None:
        super().__init__()
        self._logged = -MINUTE

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is logged."""
        cause = record.exc_info[1] if record.exc_info else None
        if isinstance(cause, OSError) and cause.errno in (errno.EMFILE, errno.ENFILE):
            return self._first()
        return _SHORTAGE not in record.getMessage() or self._first()

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Return the event; raises DropEvent where it is not logged."""
        for name in ("exception", "error", "event"):
            if _SHORTAGE in str(event.get(name, "")):
                if self._first():
                    return event
                raise structlog.DropEvent
        return event

    def _first(self) -> bool:
        moment = time.monotonic()
        if moment - self._logged < MINUTE:
            return False
        self._logged = moment
        return True
