"""A request as both APIs read it, a reply as they give it: bytes, and nothing that is not asked for."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from resolvers.errors import bad_input

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]

JSON, HTML, TEXT = b"application/json", b"text/html; charset=utf-8", b"text/plain; charset=utf-8"
_NONE: Mapping[str, str] = {}
# Headers of one value: of two, a proxy before us may have judged the other one.
_ONCE: Mapping[bytes, str] = {
    b"authorization": "Authorization",
    b"content-type": "Content-Type",
    b"dry-run": "Dry-Run",
    b"idempotency-key": "Idempotency-Key",
}
# Where the state of a request has the bytes of a body that had come before anybody waited for it.
ARRIVED = "arrived"
# As many as a query may repeat, a hundred values each of ten filters.
MAX_PARAMETERS = 1_000
# How long a chunk of a response may take; a response in chunks has no deadline as a whole.
CHUNK_S = 30.0
_BARE_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
# A response with one of these statuses has no body, and says no length.
_BODILESS = frozenset({204, 304})


class Request:
    """One HTTP request. ``params`` are the named parts of its path, decoded; ``state`` is shared with the edge, which
    logs and counts ``operation_type`` and ``statements``; ``weight`` is what reading its body costs."""

    __slots__ = ("_query", "headers", "method", "params", "receive", "request_id", "scope", "state", "weight")

    def __init__(self, scope: Scope, receive: Receive, params: Mapping[str, str] = _NONE) -> None:
        self.scope = scope
        self.receive = receive
        self.params = params
        self.method: str = scope["method"]
        # Of several with one name the first counts.
        self.headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))
        self.state: dict[str, Any] = scope["state"]
        self.request_id: str = self.state["request_id"]
        self.weight = 0
        self._query: list[tuple[str, str]] | None = None

    def header(self, name: bytes) -> str | None:
        """Return a header by its name in lower case; None when it is not there."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    def whole(self, name: bytes) -> bytes:
        """Return a header that may be sent in several lines, as one list; empty when it is not there."""
        return b",".join([value for given, value in self.scope["headers"] if given == name])

    def refuse_repeated(self) -> None:
        """Raise Refusal BAD_INPUT where a header was sent twice that has one value."""
        sent = self.scope["headers"]
        if len(sent) == len(self.headers):
            return
        for name, shown in _ONCE.items():
            if sum(each == name for each, _ in sent) > 1:
                raise bad_input(f"header.{shown}", f"{shown} takes one value.", "REPEATED")

    def query(self) -> list[tuple[str, str]]:
        """Return the parameters of the query string in their order, empty ones too. ``is_encoded`` tells whether a
        value was percent-encoded UTF-8. Raises Refusal BAD_INPUT where there are too many."""
        if self._query is None:
            text: bytes = self.scope["query_string"]
            if text.count(b"&") >= MAX_PARAMETERS:
                message = f"It must have at most {MAX_PARAMETERS:,} parameters."
                raise bad_input("query", message, "TOO_LONG", limit=MAX_PARAMETERS)
            self._query = _parsed(text) if text else []
        return self._query


def _parsed(text: bytes) -> list[tuple[str, str]]:
    # A byte that is no UTF-8 becomes a lone surrogate, which no text has, and so does a % that encodes nothing.
    query = _BARE_PERCENT.sub(b"%FF", text).decode(errors="surrogateescape")
    found = parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
    return [(name.encode(errors="surrogateescape").decode(errors="replace"), value) for name, value in found]


def is_encoded(value: str) -> bool:
    """Return whether a text can be written as UTF-8; of a value of a query, whether it was percent-encoded so."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


class Reply(NamedTuple):
    """A whole response; ``headers`` are all that the endpoint gives, their names in lower case."""

    status: int
    body: bytes
    headers: list[Header]


def _nothing() -> None:
    """Do nothing."""


class Streamed(NamedTuple):
    """A response whose length is not known when it begins: its body comes in chunks. ``left`` is called when it ends,
    also while the next chunk is awaited."""

    status: int
    chunks: AsyncIterator[bytes]
    headers: list[Header]
    left: Callable[[], None] = _nothing


AnyReply = Reply | Streamed
Endpoint = Callable[[Request], Awaitable[AnyReply]]


def reply(status: int, body: bytes, media: bytes, headers: Iterable[Header] = ()) -> Reply:
    """Return a reply with its length and type; of 204 and 304 only the headers are sent."""
    if status in _BODILESS:
        return Reply(status, b"", [*headers])
    return Reply(status, body, [*headers, (b"content-length", b"%d" % len(body)), (b"content-type", media)])


def options(allowed: str) -> Reply:
    """Return the reply to OPTIONS: the methods that a path answers."""
    return reply(204, b"", b"", [(b"allow", allowed.encode())])


async def send_reply(reply: Reply, send: Send) -> None:
    """Send a whole reply."""
    await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
    await send({"type": "http.response.body", "body": reply.body})


async def stream(streamed: Streamed, receive: Receive, send: Send) -> None:
    """Send a response in chunks, until the client is gone. Raises TimeoutError where a chunk takes longer than
    ``CHUNK_S`` to come and to be taken: what was begun cannot be ended in order then."""
    gone = asyncio.create_task(_disconnected(receive))
    gone.add_done_callback(lambda _: streamed.left())
    try:
        await send({"type": "http.response.start", "status": streamed.status, "headers": streamed.headers})
        while not gone.done():
            async with asyncio.timeout(CHUNK_S):
                chunk = await anext(streamed.chunks, None)
                await send({"type": "http.response.body", "body": chunk or b"", "more_body": chunk is not None})
            if chunk is None:
                break
    finally:
        gone.cancel()


async def _disconnected(receive: Receive) -> None:
    """Wait until the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
