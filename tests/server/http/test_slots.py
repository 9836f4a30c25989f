"""Slots of work and shares of connections: what one address holds never excludes another one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any

import structlog

from server.http.slots import ANSWERED, Slots
from tests.support.jobs import eventually
from tests.support.protocol import (
    BUSY,
    CLOSE,
    NEIGHBOUR,
    SHORT,
    SLOW,
    TIMEOUT_S,
    TOO_MANY,
    echo,
    exchange,
    listening,
    request,
    retryable_problem,
    statuses,
)
from web.http import App, Receive, Scope, Send

PROXY = (ip_network("127.0.0.1/32"),)


@asynccontextmanager
async def held(port: int, *firsts: bytes, address: str = "127.0.0.1") -> AsyncIterator[list[Any]]:
    """Connections for the block, each with something sent; their streams."""
    streams = []
    for first in firsts:
        streams.append(await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0)))
        streams[-1][1].write(first)
    try:
        yield streams
    finally:
        for _, writer in streams:
            writer.transport.abort()
        await asyncio.sleep(0)


async def until(slots: Slots, *, waiting: int | None = None, here: int | None = None) -> None:
    """Wait until so many requests wait for their body, or so many connections of 127.0.0.1 are counted."""

    async def there() -> bool:
        return waiting in (None, slots.waiting) and here in (None, slots.held.get("127.0.0.1", 0))

    await eventually(there)


def stopping() -> tuple[App, asyncio.Event]:
    """The echo, whose path /wait is answered only once the event has happened."""
    event = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/wait":
            await event.wait()
        await echo(scope, receive, send)

    return app, event


async def test_a_request_that_waits_for_its_body_takes_no_slot() -> None:
    slots = Slots(1_000)
    async with listening(most=2, slots=slots) as port:
        async with held(port, *[SLOW % (b"/a", CLOSE)] * 40) as streams:
            await until(slots, waiting=40)
            for _ in range(3):
                assert statuses(await exchange(port, request("/b", b"abc", CLOSE))) == [200]
            # A part that comes is no body yet.
            for _, writer in streams:
                writer.write(b"x")
            assert statuses(await exchange(port, request("/b", b"abc", CLOSE))) == [200]
            await until(slots, waiting=40)
            # Once it is whole it is answered.
            for reader, writer in streams[:5]:
                writer.write(b"x" * 998)
                assert (await asyncio.wait_for(reader.read(), TIMEOUT_S)).endswith(b"/a 1000")
        # What the others held is free again.
        await until(slots, waiting=0)
    assert slots.held == {}


async def test_a_body_that_is_whole_when_all_slots_are_taken_is_refused() -> None:
    app, event = stopping()
    slots = Slots(1_000)
    async with listening(app, most=2, slots=slots) as port, held(port, *[SLOW % (b"/a", b"")] * 2) as streams:
        await until(slots, waiting=2)
        working = [asyncio.create_task(exchange(port, request("/wait", extra=CLOSE))) for _ in range(2)]
        await asyncio.sleep(SHORT)
        reader, writer = streams[0]
        writer.write(b"x" * 999)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), TIMEOUT_S)
        size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        assert retryable_problem(head + await reader.readexactly(size)) == BUSY
        event.set()
        assert [statuses(answer) for answer in await asyncio.gather(*working)] == [[200], [200]]
        # The connection is kept, and answers the same request now.
        writer.write(request("/a", b"x", CLOSE))
        assert (await asyncio.wait_for(reader.read(), TIMEOUT_S)).endswith(b"/a 1")
        streams[1][1].write(b"x" * 999)
        assert (await asyncio.wait_for(streams[1][0].readuntil(b"/a 1000"), TIMEOUT_S)).startswith(b"HTTP/1.1 200")


async def test_the_next_connection_of_an_address_is_answered_that_there_are_too_many() -> None:
    slots = Slots(3)
    async with listening(slots=slots, idle_s=TIMEOUT_S) as port:
        # One waits for its body, one for a next request, one for a first: each is one.
        firsts = [SLOW % (b"/a", b""), request("/a"), b""]
        async with held(port, *firsts) as streams:
            await streams[1][0].readuntil(b"/a 0")
            for path in ("/graphql", "/api/v1/clients"):
                answer = await exchange(port, request(path, b"abc"))
                assert retryable_problem(answer) == TOO_MANY
                assert b"connection: close" in answer
            # Health and what browsers ask beforehand are answered, and the connection is their last.
            assert statuses(await exchange(port, request("/api/health") * 2)) == [200]
            options = b"OPTIONS /a HTTP/1.1\r\nhost: x\r\n\r\n"
            assert statuses(await exchange(port, options)) == [200]
            # Those that were there go on, and others are none of it.
            streams[1][1].write(request("/b"))
            assert (await streams[1][0].readuntil(b"/b 0")).startswith(b"HTTP/1.1 200")
            assert statuses(await exchange(port, request("/a", extra=CLOSE), address=NEIGHBOUR)) == [200]
            streams[2][1].close()
            await until(slots, here=2)
            assert statuses(await exchange(port, request("/a", extra=CLOSE))) == [200]
    assert (slots.held, slots.waiting) == ({}, 0)


async def test_a_connection_too_many_is_answered_once_others_have_gone() -> None:
    slots = Slots(1)
    async with listening(slots=slots) as port, held(port, b"", request("/a")[:-2]) as streams:
        await until(slots, here=2)
        streams[0][1].close()
        await until(slots, here=1)
        streams[1][1].write(b"\r\n" + request("/b", extra=CLOSE))
        assert statuses(await asyncio.wait_for(streams[1][0].read(), TIMEOUT_S)) == [200, 200]


async def test_far_too_many_connections_are_closed_and_logged_once() -> None:
    slots = Slots(2)
    async with listening(slots=slots) as port, held(port, *[b""] * 2 * ANSWERED):
        await until(slots, here=2 * ANSWERED)
        with structlog.testing.capture_logs() as logged:
            for _ in range(5):
                assert await exchange(port, request("/a")) == b""
        assert logged == [
            {"event": "connections of an address closed", "log_level": "warning", "address": "127.0.0.1", "share": 2,
             "closed": 1}
        ]  # fmt: skip
        assert statuses(await exchange(port, request("/a", extra=CLOSE), address=NEIGHBOUR)) == [200]


async def test_behind_our_own_proxy_an_addresss_requests_count() -> None:
    slots = Slots(2, PROXY)

    def of(address: bytes) -> bytes:
        return b"x-forwarded-for: " + address + b"\r\n"

    async with listening(slots=slots, idle_s=TIMEOUT_S) as port:
        one, two = of(b"198.51.100.1"), of(b"2001:db8:1:2::5")
        # Its own connections are not bounded.
        silent = [b""] * 10
        async with held(port, *silent, *[SLOW % (b"/a", each) for each in (one, one, two, two)]) as streams:
            await until(slots, waiting=4)
            assert slots.held == {"198.51.100.1": 2, "2001:db8:1:2::/64": 2}
            for more in (one, of(b"2001:db8:1:2::6"), of(b"9.9.9.9, 198.51.100.1")):
                assert retryable_problem(await exchange(port, request("/a", extra=more + CLOSE))) == TOO_MANY
            # The proxy's connection, which may carry anybody's requests, is kept.
            answer = await exchange(
                port, request("/a", extra=one), request("/b", extra=of(b"9.9.9.9") + CLOSE), pause=0.05
            )
            assert statuses(answer) == [429, 200]
            assert statuses(await exchange(port, request("/api/health", extra=one + CLOSE))) == [200]
            # Nobody else is believed.
            answer = await exchange(port, request("/a", extra=one + CLOSE), address=NEIGHBOUR)
            assert statuses(answer) == [200]
            streams[10][1].write(b"x" * 999)
            await streams[10][0].readuntil(b"/a 1000")
            assert statuses(await exchange(port, request("/a", extra=one + CLOSE))) == [200]
        await until(slots, waiting=0)
    assert slots.held == {}


def test_connections_are_counted_by_address_and_of_ipv6_by_64() -> None:
    slots = Slots(2)
    for peer in ("2001:db8:1:2::5", "2001:db8:1:2:ffff::1", "::ffff:198.51.100.7", "198.51.100.7", "fe80::1%eth0", ""):
        slots.connected(peer)
    assert slots.held == {"2001:db8:1:2::/64": 2, "198.51.100.7": 2, "fe80::/64": 1, "": 1}
    slots.connected("2001:db8:1:2::7")
    assert (slots.too_many("2001:db8:1:2::/64"), slots.too_many("198.51.100.7")) == (True, False)
