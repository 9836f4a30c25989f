"""Times as a client sees them: RFC 3339, UTC, with milliseconds."""

from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

# A day's text is made once, and what is within it is looked up in tables: a seventh of the time of ``isoformat``.
_MINUTES = [f"T{hour:02}:{minute:02}:" for hour in range(24) for minute in range(60)]
# Each millisecond of a minute.
_WITHIN = [f"{second:02}.{millisecond:03}Z" for second in range(60) for millisecond in range(1000)]
_EPOCH = date(1970, 1, 1).toordinal()
DAYS_KEPT = 4_000


@lru_cache(DAYS_KEPT)
def _day(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


def shown_moment(value: datetime) -> str:
    """RFC 3339, UTC, milliseconds, Z, of a time in UTC."""
    within = _WITHIN[value.second * 1000 + value.microsecond // 1000]
    return f"{_day(value.toordinal())}{_MINUTES[value.hour * 60 + value.minute]}{within}"


def moment_inline(value: str, named: Callable[[Any], str]) -> str:
    """Return the text of ``shown_moment`` of a variable; ``named`` names a value in it."""
    day, minute, within = named(_day), f"{value}.hour * 60 + {value}.minute", f"{value}.second * 1000"
    within = f"{named(_WITHIN)}[{within} + {value}.microsecond // 1000]"
    return f"({day}({value}.toordinal()) + {named(_MINUTES)}[{minute}] + {within})"


@lru_cache(DAYS_KEPT)
def _minute(minutes: int) -> str:
    return f"{_day(_EPOCH + minutes // 1440)}{_MINUTES[minutes % 1440]}"


def shown_creation(key: UUID) -> str:
    """Return the time in an id, shown in the same way."""
    milliseconds = key.int >> 80
    return _minute(milliseconds // 60_000) + _WITHIN[milliseconds % 60_000]


def creation_inline(value: str, named: Callable[[Any], str]) -> str:
    """Return the text of an expression that shows the time in an id, a variable; ``named`` names a value in it."""
    minute, within, moment = named(_minute), named(_WITHIN), f"{value}_moment"
    return f"({minute}(({moment} := {value}.int >> 80) // 60000) + {within}[{moment} % 60000])"
