"""Cursors: opaque, and good only for the list and the order that they were made for."""

import base64
import binascii
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from resolvers.errors import Refusal

_VERSION = 1
_BIGGEST = 2**63 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# PostgreSQL's infinities, as asyncpg writes and reads them: where a null sorts last.
FOREVER, NEVER = datetime.max, datetime.min


def encode_cursor(listed: str, order: str, keys: Sequence[Any]) -> str:
    """The cursor of a row: a version, the list, the order, the row's keys and a checksum, as base64url."""
    body = orjson.dumps([_VERSION, listed, order, [_written(key) for key in keys]])
    return base64.urlsafe_b64encode(zlib.crc32(body).to_bytes(4, "big") + body).rstrip(b"=").decode()


def decode_cursor(text: str, listed: str, order: str, kinds: Sequence[type], argument: str) -> list[Any]:
    """The keys of a cursor. Raises Refusal INVALID_CURSOR, naming the argument, for any but its own list and order."""
    try:
        raw = base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        if zlib.crc32(raw[4:]).to_bytes(4, "big") != raw[:4]:
            raise ValueError("checksum")
        version, of_list, of_order, keys = orjson.loads(raw[4:])
        if (version, of_list, of_order) != (_VERSION, listed, order):
            raise ValueError("another list")
        return [_read(kind, key) for kind, key in zip(kinds, keys, strict=True)]
    except (ValueError, TypeError, OverflowError, binascii.Error):
        message = "The cursor is not one of this list in this order."
        raise Refusal("INVALID_CURSOR", message, field=argument) from None


def _written(key: Any) -> Any:
    if isinstance(key, datetime):
        if key.year in (datetime.max.year, datetime.min.year):
            return "+" if key.year == datetime.max.year else "-"
        return (key - _EPOCH) // timedelta(microseconds=1)
    return key.hex if isinstance(key, UUID) else key


def _read(kind: type, key: Any) -> Any:
    if kind is UUID:
        return UUID(hex=key)
    if kind is datetime:
        if key in ("+", "-"):
            return FOREVER if key == "+" else NEVER
        return _EPOCH + timedelta(microseconds=key)
    if not isinstance(key, kind) or isinstance(key, bool):
        raise ValueError("another kind of key")
    if (isinstance(key, int) and abs(key) > _BIGGEST) or (isinstance(key, str) and "\0" in key):
        raise ValueError("no value of a column")
    return key
