"""Bounds of live streams: of one organization, of one reader, of the first message; and their end with the server."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx
import pytest

from models.typeid import new_uuid
from resolvers.api_keys.verification import key_id_of
from resolvers.database.runtime import Runtime
from resolvers.errors import Refusal
from resolvers.live.events import EventPage, EventPosition, LiveEvent
from resolvers.live.feed import Feeds
from schema.live import streams
from schema.live.streams import Heard, Stream
from server.live import conversation, live
from tests.support.api import Org, make_org, new_client, serving, settings_of
from tests.support.live import following, refused
from tests.support.servers import Backends
from tests.support.sockets import socket
from tests.support.tokens import token_of
from workers.live.announcing import Announcer, hearing

ALL, ORDERS = "subscription { events { id type } }", "subscription { orderUpdated { id } }"


@dataclass(eq=False)
class Everything:
    """All that happens, answered by the event's id."""

    feed: Any
    joined: list[Stream] = field(default_factory=list)

    def wants(self, _event: LiveEvent) -> bool:
        return True

    async def missed(self, position: EventPosition) -> EventPage:
        return EventPage([], full=False, unsettled=False)

    async def result(self, event: LiveEvent) -> bytes:
        return event.public_id.encode()

    def join(self, stream: Stream) -> None:
        self.joined.append(stream)

    def leave(self, stream: Stream) -> None:
        self.joined.remove(stream)


def heard(xact: int, size: int = 1) -> Heard:
    """A result of a transaction."""
    return Heard(EventPosition(xact, new_uuid()), f"event_{xact}", b"x" * size)


@pytest.mark.parametrize("size", [1, streams.MOST_BYTES // 2])
async def test_a_slow_reader_is_told_so_and_keeps_nothing(acme: Org, size: int) -> None:
    feed = Feeds(acme.runtime).of(acme.id)
    source = Everything(feed)
    feed.listeners[cast(Any, source)] = None
    left: list[None] = []
    stream = Stream(source, lambda: left.append(None))
    await stream.start(None, timedelta(days=30))
    most = streams.MOST_RESULTS if size == 1 else 2
    for number in range(most):
        stream.offer(heard(10**9 + number, size))
    assert (await stream.next()).event_id == f"event_{10**9}"
    for number in range(2):
        stream.offer(heard(2 * 10**9 + number, size))
    with pytest.raises(Refusal) as ended:
        await stream.next()
    assert ended.value.code == "SLOW_READER"
    stream.close()
    stream.close()
    assert (left, source.joined) == ([None], [])
    feed.close()


async def test_an_organization_has_so_many_streams(backends: Backends, api_runtime: Runtime) -> None:
    async with serving(settings_of(backends, live_streams=2)) as base:
        org, other = await make_org(api_runtime, base), await make_org(api_runtime, base)
        async with following(org, ALL) as first:
            async with following(org, ALL):
                assert await refused(org, ALL) == [429, ("RATE_LIMITED", None)]
                async with following(other, ALL):
                    pass
            # One that has ended makes room for another.
            async with asyncio.timeout(20):
                while await is_refused(org):
                    pass
            await new_client(org)
            assert (await first.result())["events"]["type"] == "client.created"
        await org.close()
        await other.close()


async def why(org: Org, query: str) -> str:
    """Why a stream is refused, as there are too many."""
    answer = await org.http.post("/graphql", json={"query": query}, headers={"Accept": "text/event-stream"})
    (found,) = answer.json()["errors"]
    assert (answer.status_code, found["extensions"]["code"]) == (429, "RATE_LIMITED")
    message: str = found["message"]
    return message


async def test_access_tokens_leave_streams_to_others(
    backends: Backends, api_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_OF_SUBJECT", 2)
    async with serving(settings_of(backends, live_streams=6)) as base, AsyncExitStack() as open_streams:
        org = await make_org(api_runtime, base)
        key = key_id_of(org.key)
        assert key is not None
        clients = [(await new_client(org))["publicId"] for _ in range(3)]
        first, second, third = [org.holding(token_of(org, key, client)) for client in clients]
        for holder in (first, first, second):
            await open_streams.enter_async_context(following(holder, ORDERS))
        # The same client's second token has no share of its own.
        another = org.holding(token_of(org, key, clients[0], datetime(2098, 1, 1, tzinfo=UTC)))
        for holder in (first, another):
            message = "The member or client of the access token has 2 streams already, which is the maximum."
            assert await why(holder, ORDERS) == message
        message = "The organization's access tokens have 3 streams already, which is the maximum."
        assert [await why(holder, ORDERS) for holder in (second, third)] == [message] * 2
        for _ in range(3):
            await open_streams.enter_async_context(following(org, ALL))
        assert await why(org, ALL) == "The organization has 6 streams already, which is the maximum."
        await open_streams.aclose()
        await org.close()


async def test_streams_end_with_the_server(backends: Backends, api_runtime: Runtime) -> None:
    server = AsyncExitStack()
    base = await server.enter_async_context(serving(settings_of(backends)))
    org = await make_org(api_runtime, base)
    async with following(org, ALL) as stream, socket(base) as connection:
        await connection.init(org.key)
        await connection.subscribe("1", ALL)
        # It waits for what is under way, which has no end by itself.
        await server.aclose()
        with pytest.raises((EOFError, httpx.RemoteProtocolError)):
            await stream.next()
        assert (await connection.closed())[0] == 1012
    await org.close()


async def is_refused(org: Org) -> bool:
    """Whether a stream is refused still; one that is opened is closed again."""
    body = {"query": ALL}
    async with org.http.stream("POST", "/graphql", json=body, headers={"Accept": "text/event-stream"}) as response:
        return response.status_code == httpx.codes.TOO_MANY_REQUESTS


async def test_a_connection_without_its_first_message_is_closed(api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "INIT_S", 0.05)
    async with socket(api) as connection:
        await connection.send({"type": "ping"})
        assert await connection.next() == {"type": "pong"}
        assert await connection.closed() == (4408, "Connection initialisation timeout")


async def test_events_are_announced_through_redis(backends: Backends) -> None:
    first, second = new_uuid(), new_uuid()
    found: asyncio.Queue[Any] = asyncio.Queue()
    announcer = Announcer(backends.redis_url)
    async with hearing(backends.redis_url, found.put_nowait), asyncio.timeout(20):
        while found.empty():
            announcer.announce(first)
            await asyncio.sleep(0.05)
        announcer.announce(second)
        while await found.get() != second:
            pass
    await announcer.close()


async def test_what_happens_is_heard_without_redis(backends: Backends, api_runtime: Runtime) -> None:
    async with serving(settings_of(backends, redis_url="redis://127.0.0.1:1/0")) as base:
        org = await make_org(api_runtime, base)
        async with following(org, ALL) as stream:
            await new_client(org)
            assert (await stream.result())["events"]["type"] == "client.created"
        await org.close()


async def test_other_operations_and_ways_to_ask(acme: Org) -> None:
    only = {"Accept": "text/event-stream"}
    answer = await acme.graphql("{ health { status } }", headers=only)
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.text.startswith('event: next\ndata: {"data":{"health":{"status":"ok"}}')
    assert answer.text.endswith("event: complete\ndata:\n\n")
    both = {"Accept": "application/graphql-response+json, application/json, text/event-stream"}
    answer = await acme.graphql("{ health { status } }", headers=both)
    assert answer.headers["content-type"] == "application/graphql-response+json"
    async with acme.http.stream("GET", "/graphql", params={"query": ALL}, headers=only) as response:
        assert (response.status_code, response.headers["x-accel-buffering"]) == (200, "no")
    answer = await acme.graphql(ALL)
    error = answer.json()["errors"][0]["extensions"]
    assert (error["code"], error["field"]) == ("BAD_INPUT", "header.Accept")
    create = 'mutation { createClient(input: {name: "A", email: "a@example.com"}) { client { id } } }'
    answer = await acme.http.get("/graphql", params={"query": create}, headers=only)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert await acme.count("clients") == 0
