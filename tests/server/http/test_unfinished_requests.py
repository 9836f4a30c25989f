"""What connections hold of requests without their end has a bound for all of them together, over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from server.http.held_bytes import HeldBytes, unfinished_requests
from tests.support.jobs import eventually
from tests.support.protocol import CLOSE, HEAD, NEIGHBOUR, TIMEOUT_S, client, exchange, holds, listening, request

KIBIBYTE = 1024
# All but the last byte of a request with a body of 50 KiB.
WHOLE = request("/a", b"x" * 50 * KIBIBYTE, CLOSE)


@asynccontextmanager
async def unfinished_of(most: int) -> AsyncIterator[tuple[int, HeldBytes]]:
    """A server that holds so much of unfinished requests. All is let go in the end."""
    unfinished = unfinished_requests(most)
    async with listening(unfinished=unfinished, drop_s=TIMEOUT_S) as port:
        yield port, unfinished
    assert unfinished.held == 0


async def test_the_address_that_holds_most_loses_what_it_has_held_longest() -> None:
    async with unfinished_of(170 * KIBIBYTE) as (port, unfinished):
        with structlog.testing.capture_logs() as logged:
            slow = await client(port, WHOLE[:-1], NEIGHBOUR)
            await holds(unfinished, 50 * KIBIBYTE)
            many = []
            for number in range(1, 6):
                many.append(await client(port, WHOLE[:-1]))
                await holds(unfinished, min(number + 1, 3) * 50 * KIBIBYTE)
            # Three of five have made room; the others and the neighbour's are answered when they end.
            assert await asyncio.gather(*(each.rest() for each in many[:3])) == [b"", b"", b""]
        assert [line for line in logged if line["event"] == "unfinished requests dropped"] == [
            {"event": "unfinished requests dropped", "log_level": "warning", "address": "127.0.0.1",
             "most": 170 * KIBIBYTE, "dropped": 1}
        ]  # fmt: skip
        for each in (slow, *many[3:]):
            each.writer.write(WHOLE[-1:])
            assert (await each.rest()).endswith(b"/a 51200")


async def test_a_request_that_has_come_whole_is_not_counted() -> None:
    # Counted, it would be dropped.
    async with unfinished_of(KIBIBYTE) as (port, unfinished):
        assert (await exchange(port, request("/a", b"x" * 9 * KIBIBYTE, CLOSE))).endswith(b"/a 9216")
        # In two pieces it is, until its end.
        slow = await client(port, request("/slow", b"x" * 100, CLOSE)[:-1])
        await holds(unfinished, 100)
        slow.writer.write(b"x")
        assert (await slow.rest()).endswith(b"/slow 100")
        assert unfinished.held == 0


async def test_a_head_counts_too_and_what_a_websocket_takes_over_does_not() -> None:
    unfinished = unfinished_requests(KIBIBYTE)
    async with listening(unfinished=unfinished, sockets=["/socket"]) as port:
        slow = await client(port, b"GET /a HTTP/1.1\r\nhost: x\r\n")
        await holds(unfinished, 20)
        slow.writer.write(CLOSE + b"\r\n")
        assert (await slow.rest()).endswith(b"/a 0")
        assert unfinished.held == 0
        upgrading = await client(port, HEAD[:40])
        await holds(unfinished, 40)
        upgrading.writer.write(HEAD[40:])

        async def let_go() -> bool:
            return unfinished.held == 0

        await eventually(let_go)
        upgrading.writer.close()
