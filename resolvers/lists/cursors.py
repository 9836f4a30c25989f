"""Cursors: opaque texts, each valid only for the list and the order that it was made for."""

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
_MAX_INTEGER = 2**63 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# PostgreSQL's infinities as asyncpg represents them. They stand for nulls, so that nulls sort last.
FOREVER, NEVER = datetime.max, datetime.min


def encode_cursor(list_name: str, order: str, keys: Sequence[Any]) -> str:
    """Return the cursor of a row: a version, the list, the order, the row's keys and a checksum, in base64url."""
    body = orjson.dumps([_VERSION, list_name, order, [_encode_key(key) for key in keys]])
    return base64.urlsafe_b64encode(zlib.crc32(body).to_bytes(4, "big") + body).rstrip(b"=").decode()


def decode_cursor(text: str, list_name: str, order: str | None, types: Sequence[type], argument: str) -> list[Any]:
    """Return the keys of a cursor; none where the order is not known.

    Raises Refusal INVALID_CURSOR, which names the argument and says whether it is a cursor of another list, of another
    order, or none.
    """
    of_list, of_order, keys = _opened(text, argument)
    if of_list != list_name:
        raise _invalid("The cursor belongs to another list.", argument)
    if order is None:
        return []
    if of_order != order:
        raise _invalid("The cursor belongs to this list in another order: send it with that order.", argument)
    try:
        return [_decode_key(type_, key) for type_, key in zip(types, keys, strict=True)]
    except (ValueError, TypeError, OverflowError):
        raise _none(argument) from None


def list_of(text: str, argument: str) -> str:
    """Return the name of the list that a cursor is of. Raises Refusal INVALID_CURSOR for a text that is no cursor."""
    return str(_opened(text, argument)[0])


def _opened(text: str, argument: str) -> tuple[Any, Any, Any]:
    """Return the list, the order and the keys of a cursor."""
    try:
        raw = base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        if zlib.crc32(raw[4:]).to_bytes(4, "big") != raw[:4]:
            raise ValueError("checksum")
        version, of_list, of_order, keys = orjson.loads(raw[4:])
        if version != _VERSION:
            raise ValueError("version")
    except (ValueError, TypeError, binascii.Error):
        raise _none(argument) from None
    return of_list, of_order, keys


def _none(argument: str) -> Refusal:
    return _invalid("It is not a cursor of this API.", argument)


def _invalid(message: str, argument: str) -> Refusal:
    return Refusal("INVALID_CURSOR", message, field=argument)


def _encode_key(key: Any) -> Any:
    if isinstance(key, datetime):
        # Neither has a time zone, so that neither is equal to a time of its year.
        if key in (FOREVER, NEVER):
            return "+" if key == FOREVER else "-"
        return (key - _EPOCH) // timedelta(microseconds=1)
    return key.hex if isinstance(key, UUID) else key


def _decode_key(type_: type, key: Any) -> Any:
    if type_ is UUID:
        return UUID(hex=str(key))
    if type_ is datetime:
        if key in ("+", "-"):
            return FOREVER if key == "+" else NEVER
        return _EPOCH + timedelta(microseconds=key)
    if not isinstance(key, type_) or isinstance(key, bool):
        raise ValueError("a key of another type")
    if (isinstance(key, int) and abs(key) > _MAX_INTEGER) or (isinstance(key, str) and "\0" in key):
        raise ValueError("a key that no column can have")
    return key
