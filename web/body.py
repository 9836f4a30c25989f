"""A request's body: its type, its size, its JSON. Used by both APIs."""

import asyncio
import re
from collections.abc import Callable
from itertools import islice
from typing import Any

import orjson

from resolvers.errors import Refusal, bad_input
from web.deadlines import Deadlines
from web.http import ARRIVED, Receive, Request
from web.json_text import read_json, why_unread

_JSON = b"application/json"
_CHARSET = re.compile(rb""";\s*charset\s*=\s*["']?([^\s;"']*)""", re.IGNORECASE)
# ASCII is a part of it.
_UTF8 = frozenset({b"utf-8", b"utf8", b"us-ascii", b"ascii"})
_ONLY_UTF8 = "A JSON body is read as UTF-8: send it so, with charset=utf-8 or none."
_NO_OBJECT = "The body must be a JSON object."
# The cost of reading a body: one for so many bytes, and one for so many values, which are counted up to a maximum. The
# values of a small body are not counted.
BYTES, VALUES, MAX_VALUES, SMALL = 2_048, 10, 6_500, 1_024
# Where the state of a request has the object of a body that was read before, and paid for; or why it was not read.
READ = "read"


class Bodies:
    """Reads bodies of at most ``limit`` bytes that arrive within ``seconds``."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.deadlines = Deadlines(seconds)

    async def json(self, request: Request, *, array: str = _NO_OBJECT) -> dict[str, Any]:
        """Return the JSON object in a body. Raises Refusal UNSUPPORTED_MEDIA_TYPE, TOO_LARGE, REQUEST_TIMEOUT or
        BAD_INPUT, with the message ``array`` for an array."""
        if READ in request.state:
            if isinstance(request.state[READ], Refusal):
                raise request.state[READ]
            return dict(request.state[READ])
        return json_object(request, await self.json_text(request), array=array)

    async def json_text(self, request: Request) -> bytes:
        """Return the bytes of a body that is said to be JSON. Raises Refusal as ``json`` does."""
        must_be_json(request.headers.get(b"content-type", b""), "The body must be application/json.")
        return await self.read(request)

    async def read(self, request: Request) -> bytes:
        """Return a body's bytes. Raises Refusal UNSUPPORTED_MEDIA_TYPE, TOO_LARGE, REQUEST_TIMEOUT or BAD_INPUT."""
        headers = request.headers
        if b"content-encoding" in headers and _is_coded(request):
            text = "A body is taken without a Content-Encoding only: none is supported."
            raise Refusal("UNSUPPORTED_MEDIA_TYPE", text)
        announced = headers.get(b"content-length", b"")
        if announced.isdigit() and int(announced) > self.limit:
            raise self._too_large()
        arrived: bytes | None = request.state.pop(ARRIVED, None)
        if arrived is not None:
            if len(arrived) > self.limit:
                raise self._too_large()
            return arrived
        task, late = self.deadlines.start(), False
        # A body has a deadline of its own, and that of the request starts again after it: the client may be slow.
        whole: Deadlines | None = request.state.get("deadlines")
        paused = whole is not None and whole.pause(task)
        try:
            try:
                return await self._whole(request.receive)
            finally:
                late = self.deadlines.end(task)
                if whole is not None and paused:
                    whole.start()
        except asyncio.CancelledError:
            if not late:
                raise
            seconds = self.deadlines.seconds
            raise Refusal("REQUEST_TIMEOUT", f"The body did not arrive within {seconds:g} s.") from None

    async def _whole(self, receive: Receive) -> bytes:
        parts: list[bytes] = []
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise bad_input("body", "The body ended early.", "INVALID_FORMAT")
            part: bytes = message.get("body", b"")
            more = message.get("more_body", False)
            size += len(part)
            if size > self.limit:
                raise self._too_large()
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _too_large(self) -> Refusal:
        return Refusal("TOO_LARGE", f"The body may have {self.limit} bytes at most.")


def json_object(
    request: Request, body: bytes, *, array: str = _NO_OBJECT, read: Callable[[bytes], Any] = read_json
) -> dict[str, Any]:
    """Return the JSON object in a body, and note what reading it costs; ``read`` reads it, and raises JSONDecodeError.

    Raises Refusal BAD_INPUT, with the message ``array`` for an array.
    """
    if not body:
        raise bad_input("body", "The body is empty.", "REQUIRED")
    before = request.weight
    request.weight = before + len(body) // BYTES
    try:
        value = read(body)
    except orjson.JSONDecodeError as error:
        raise bad_input("body", _not_json(body, error), "INVALID_FORMAT") from None
    request.weight = before + body_weight(value, len(body))
    if not isinstance(value, dict):
        raise bad_input("body", array if isinstance(value, list) else _NO_OBJECT, "WRONG_TYPE")
    return value


def has_body(request: Request) -> bool:
    """Return whether a request announces a body."""
    return request.headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in request.headers


def body_weight(value: Any, size: int) -> int:
    """Return what reading a value costs that was so many bytes of JSON."""
    if size <= SMALL:
        return 0
    count, left = 0, [value] if isinstance(value, (dict, list)) else []
    while left and count < MAX_VALUES:
        part = left.pop()
        held = part.values() if isinstance(part, dict) else part
        count += len(held)
        left += [each for each in islice(held, MAX_VALUES) if isinstance(each, (dict, list))]
    return size // BYTES + min(count, MAX_VALUES) // VALUES


def _not_json(body: bytes, error: orjson.JSONDecodeError) -> str:
    """Return why a body is not read as JSON, in a message that does not depend on the parser."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return "The body is not valid UTF-8."
    return why_unread(error, "body")


def _is_coded(request: Request) -> bool:
    """Return whether a body is compressed or otherwise coded."""
    return any(
        each.strip() not in (b"", b"identity") for each in request.whole(b"content-encoding").lower().split(b",")
    )


def must_be_json(header: bytes, otherwise: str) -> None:
    """Raise Refusal UNSUPPORTED_MEDIA_TYPE for a Content-Type that is not JSON, with the message ``otherwise``, or has
    a charset in which JSON is not read."""
    if header == _JSON:
        return
    if not is_json(header):
        raise Refusal("UNSUPPORTED_MEDIA_TYPE", otherwise)
    charset = _CHARSET.search(header)
    if charset is not None and charset[1].lower() not in _UTF8:
        raise Refusal("UNSUPPORTED_MEDIA_TYPE", _ONLY_UTF8)


def is_json(header: bytes) -> bool:
    """Return whether a Content-Type is JSON."""
    media = header.decode("latin-1").partition(";")[0].strip().lower()
    return media == "application/json" or (media.startswith("application/") and media.endswith("+json"))
