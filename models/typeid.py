"""TypeIDs: ``client_01h455vb4pex5vsknk084sn02q`` is a prefix and a UUIDv7 in Crockford's base 32."""

import os
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from asyncpg.pgproto.pgproto import UUID as RowUUID
from ulid_transform import bytes_to_ulid, ulid_to_bytes

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
# What the library reads as an id is more: other cases, letters that look like digits, and more than 128 bits.
_DIGITS = re.compile(f"[0-7][{ALPHABET}]{{25}}")
_RANDOM = (1 << 62) - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_clock = {"last": 0}


def new_number() -> int:
    """Return the number of a UUIDv7 of now. Within a process each is greater than the one before it."""
    stamp = time.time_ns() // 250_000  # a quarter of a millisecond: 12 bits below the millisecond would overflow rand_a
    _clock["last"] = stamp = max(stamp, _clock["last"] + 1)
    milliseconds, quarter = divmod(stamp, 4)
    drawn = int.from_bytes(os.urandom(9))
    high = (milliseconds << 80) | (0x7 << 76) | (quarter << 74) | (drawn >> 62 << 64)
    return high | (2 << 62) | (drawn & _RANDOM)


def new_uuid() -> UUID:
    """Return a UUIDv7 of now, greater than the one before it."""
    return UUID(int=new_number())


def uuid_at(moment: datetime, *, low: bool = True) -> UUID:
    """Return the least (or greatest) UUIDv7 of a millisecond: the bound of a range of ids by time."""
    milliseconds = int(moment.timestamp() * 1000)
    if not 0 <= milliseconds < 1 << 48:
        milliseconds = 0 if milliseconds < 0 else (1 << 48) - 1
    return UUID(int=(milliseconds << 80) | (0 if low else (1 << 80) - 1))


def created_at(value: UUID) -> datetime:
    """Return the time in an id: what ``createdAt`` shows."""
    return _EPOCH + timedelta(milliseconds=value.int >> 80)


def encode(prefix: str, value: UUID) -> str:
    """Return the TypeID text of a row's key."""
    # A ULID's text has the same digits as a TypeID's, and its library is C++: a sixth of the time of a table in Python.
    return f"{prefix}_{bytes_to_ulid(value.bytes).lower()}"


def encoder(prefix: str) -> Callable[[UUID], str]:
    """Return ``encode`` with its prefix bound, for one column of many rows."""
    head = f"{prefix}_"
    return lambda value: head + bytes_to_ulid(value.bytes).lower()


def encoded_inline(prefix: str, value: str, named: Callable[[Any], str]) -> str:
    """Return the text of an expression that encodes a variable; ``named`` names a value in it."""
    return f"({prefix + '_'!r} + {named(bytes_to_ulid)}({value}.bytes).lower())"


def decode(prefix: str, text: object) -> UUID | None:
    """Return the row's key, or None when the text is no id of this prefix (a foreign prefix looks like a missing
    row)."""
    if not isinstance(text, str) or not text.startswith(prefix + "_"):
        return None
    return decode_suffix(text[len(prefix) + 1 :])


def decode_suffix(digits: str) -> UUID | None:
    """Return the UUID of 26 base-32 digits, or None: one as rows have, which is made and hashed in C."""
    return RowUUID(ulid_to_bytes(digits)) if _DIGITS.fullmatch(digits) else None


def prefix_of(text: str) -> str:
    """Return the part before the last underscore; empty when there is none."""
    return text.rpartition("_")[0]
