"""Connections that are kept open: for the same place and organization alone, a limited number, for a limited time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from uuid import UUID, uuid4

import pytest

from models.webhook_urls import Address
from tests.support.halls import RESET, Hall, hall
from tests.support.jobs import OK, eventually
from workers.webhooks.addresses import Addresses
from workers.webhooks.connections import Connections
from workers.webhooks.http import Response, Sender

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


@asynccontextmanager
async def keeping(
    idle_seconds: float = 60, each: int = 4, most: int = 256
) -> AsyncIterator[tuple[Sender, Connections]]:
    """A sender that keeps connections, which are closed after the block."""
    connections = Connections(idle_seconds=idle_seconds, each=each, most=most)
    try:
        yield Sender(Addresses(True), True, connections=connections), connections
    finally:
        connections.close()
        await asyncio.sleep(0.01)


async def post(sender: Sender, there: Hall, body: bytes = b"{}", org_id: UUID | None = None) -> Response:
    """The response to a body."""
    return await sender.post(there.url, {}, body, org_id=org_id)


async def test_a_connection_is_used_again() -> None:
    async with hall() as there, keeping() as (sender, connections):
        for body in (b"1", b"2", b"3"):
            got = await post(sender, there, body)
            assert (got.status, got.body, got.error) == (200, b"ok", None)
        assert there.asked == [[b"1", b"2", b"3"]]
        assert len(connections) == 1


async def test_without_connections_each_delivery_has_its_own() -> None:
    async with hall() as there:
        for _ in range(2):
            await post(Sender(Addresses(True), True), there)
        assert [len(asked) for asked in there.asked] == [1, 1]


async def test_another_organization_has_another_connection() -> None:
    async with hall() as there, keeping() as (sender, connections):
        for org in (uuid4(), uuid4()):
            await post(sender, there, org_id=org)
        assert ([len(asked) for asked in there.asked], len(connections)) == ([1, 1], 2)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        # A second response to one request is not that to the next one.
        OK + HELLO,
        OK + b"x",
    ],
)
async def test_one_that_cannot_be_trusted_is_closed(answer: bytes) -> None:
    async with hall(answer, HELLO) as there, keeping() as (sender, connections):
        got = await post(sender, there)
        assert (got.status, got.body, len(connections)) == (200, b"ok", 0)
        got = await post(sender, there)
        assert (got.status, got.body) == (200, b"hi")
        assert [len(asked) for asked in there.asked] == [1, 1]


async def test_what_comes_unasked_closes_it() -> None:
    async with hall() as there, keeping() as (sender, connections):
        await post(sender, there)
        (connection,) = connections._idle
        connection.data_received(HELLO)
        assert not connection.open
        got = await post(sender, there)
        assert (got.status, got.body, len(there.asked)) == (200, b"ok", 2)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nConte"])
async def test_what_was_sent_on_one_that_ends_without_an_answer_is_not_repeated(answer: bytes) -> None:
    async with hall(OK, answer, HELLO) as there, keeping() as (sender, connections):
        await post(sender, there, b"1")
        got = await post(sender, there, b"2")
        assert (got.status, got.error, len(connections)) == (None, "NO_RESPONSE", 0)
        assert there.asked == [[b"1", b"2"]]
        # The next attempt is one of its own.
        assert (await post(sender, there, b"2")).body == b"hi"
        assert there.asked == [[b"1", b"2"], [b"2"]]


async def test_what_was_sent_on_one_that_is_reset_is_not_repeated() -> None:
    async with hall(OK, RESET, HELLO) as there, keeping() as (sender, _):
        await post(sender, there, b"1")
        got = await post(sender, there, b"2")
        assert (got.status, got.error) == (None, "CONNECTION_LOST")
        assert there.asked == [[b"1", b"2"]]


async def test_one_that_its_receiver_closed_while_it_was_idle_is_not_used() -> None:
    async with hall() as there, keeping() as (sender, connections):
        await post(sender, there, b"1")
        (connection,) = connections._idle
        there.writers[0].close()
        await eventually(lambda: asyncio.sleep(0, not connection.open))
        got = await post(sender, there, b"2")
        assert (got.status, got.error, there.asked) == (200, None, [[b"1"], [b"2"]])


async def test_an_idle_one_is_closed_in_time() -> None:
    async with hall() as there, keeping(idle_seconds=0.05) as (sender, connections):
        await post(sender, there)
        assert len(connections) == 1
        await eventually(lambda: asyncio.sleep(0, there.left == 1))
        assert len(connections) == 0


async def test_the_number_is_limited() -> None:
    async with hall() as there, keeping(each=2, most=3) as (sender, connections):
        org, other = uuid4(), uuid4()
        await asyncio.gather(*(post(sender, there, org_id=org) for _ in range(4)))
        assert len(connections) == 2
        await asyncio.gather(*(post(sender, there, org_id=other) for _ in range(4)))
        assert len(connections) == 3
        await eventually(lambda: asyncio.sleep(0, there.left == 5))


async def test_the_address_is_checked_each_time() -> None:
    found = ["127.0.0.1"]

    async def resolve(_host: str) -> list[Address]:
        return [ip_address(text) for text in found]

    connections = Connections()
    sender = Sender(Addresses(True, resolve), True, connections=connections)
    async with hall() as there:
        url = there.url.replace("127.0.0.1", "hooks.example.com")
        assert (await sender.post(url, {}, b"1")).status == 200
        # The name leads elsewhere now, to where nothing may be sent.
        found[:] = ["169.254.169.254"]
        assert (await sender.post(url, {}, b"2")).error == "ADDRESS_REFUSED"
        found[:] = ["127.0.0.1"]
        assert (await sender.post(url, {}, b"3")).status == 200
        assert there.asked == [[b"1", b"3"]]
        connections.close()
        await asyncio.sleep(0.01)
