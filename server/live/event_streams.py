"""Server-sent events, as GraphQL over SSE has them: a stream for each operation (distinct connections).

Each ``next`` has an ``id``: that of its event, which a browser's EventSource sends back as Last-Event-ID. A stream
begins with an ``id`` alone, which no client takes for a message: one that has heard nothing comes back with that.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import orjson

from resolvers.api_keys.access_tokens import is_token_expired
from resolvers.errors import Refusal, shown_refusal
from schema.live.streams import Stream
from server.graphql import METHODS, GraphQL
from server.graphql_replies import (
    APPLICATION_JSON,
    REFUSALS,
    RESPONSE,
    MalformedError,
    refused_result_of,
    result_body,
    result_reply,
)
from server.graphql_requests import MISMATCHES
from server.live.live import Live
from web.accept import most_accepted, weights
from web.http import AnyReply, Header, Request, Streamed

MEDIA_TYPE = b"text/event-stream"
# A sign of life, so that neither a proxy nor a client takes a silent stream for a dead one.
BEAT_S = 15.0
BEAT = b":\n\n"
# A client of GraphQL over SSE tries again after another status than 200, and does not read its body: these are for
# what may do the next time, with another key, or later. What is no well-formed request has its own status too.
AS_STATUS = frozenset({401, 405, 413, 415, 429, 503})
_COMPLETE = b"event: complete\ndata:\n\n"
# A proxy that collects what passes would keep events back.
_HEADERS: tuple[Header, ...] = ((b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no"))


class EventStreams:
    """The endpoint of GraphQL, for clients that accept event streams too."""

    def __init__(self, graphql: GraphQL, live: Live) -> None:
        self.graphql, self.live = graphql, live

    def handle(self, request: Request) -> Coroutine[Any, Any, AnyReply]:
        """Answer one request."""
        if b"event-stream" in request.headers.get(b"accept", b"") and request.method in METHODS:
            return self._answer(request)
        return self.graphql.handle(request)

    async def _answer(self, request: Request) -> AnyReply:
        accepted = request.whole(b"accept")
        if not weights(accepted).get(MEDIA_TYPE):
            return await self.graphql.handle(request)
        request.state["streams"] = True
        other = most_accepted(accepted, (RESPONSE, APPLICATION_JSON))
        headers: list[Header] = []
        stream: Stream | None = None
        try:
            admitted = await self.graphql.admit(request, headers)
            if admitted.prepared.operation.operation_type == "subscription":
                after = request.header(b"last-event-id") or None
                stream = await self.live.open(request, admitted, after)
        except REFUSALS as refused:
            result = refused_result_of(request, refused)
            if other is not None or _is_malformed(refused) or result.status in AS_STATUS:
                return result_reply(result, other != APPLICATION_JSON, headers, result.status)
            return Streamed(200, _once(orjson.dumps(result_body(result))), [*_HEADERS, *headers])
        if stream is not None:
            if request.method == "HEAD":
                # It would have no end, and shows nothing: that it begins is all that is asked.
                stream.close()
                return Streamed(200, _once(b""), [*_HEADERS, *headers])
            request.state["live"], request.state["api"] = True, "live"
            return Streamed(200, _following(stream, request.request_id), [*_HEADERS, *headers], stream.close)
        if other is not None:
            return await self.graphql.answer(request, admitted, other == RESPONSE, headers)
        result = await self.graphql.run(request, admitted, headers)
        return Streamed(200, _once(self.graphql.written(admitted, result)), [*_HEADERS, *headers])


def _is_malformed(refused: Exception) -> bool:
    """Return whether a request is refused for its form; one with another text's hash has a good one."""
    return isinstance(refused, MalformedError) and refused.refusal.code not in MISMATCHES


def message(payload: bytes, event_id: str | None = None) -> bytes:
    """Return a result as an event of a stream."""
    known = b"" if event_id is None else b"id: %b\n" % event_id.encode()
    return b"%bevent: next\ndata: %b\n\n" % (known, payload)


async def _once(payload: bytes) -> AsyncIterator[bytes]:
    yield message(payload) + _COMPLETE


async def _following(stream: Stream, request_id: str) -> AsyncIterator[bytes]:
    """Yield what happens, and signs of life between it. A stream that is ended says why, but where its client comes
    back with another token: after ``complete`` it would not."""
    yield BEAT if stream.place is None else b"id: %b\n\n" % stream.place.encode()
    while True:
        try:
            async with asyncio.timeout(BEAT_S):
                heard = await stream.next()
        except TimeoutError:
            yield BEAT
        except Refusal as refusal:
            if is_token_expired(refusal):
                return
            errors = {"errors": [shown_refusal(refusal, request_id)]}
            yield message(orjson.dumps(errors)) + _COMPLETE
            return
        else:
            yield message(heard.payload, heard.event_id)
