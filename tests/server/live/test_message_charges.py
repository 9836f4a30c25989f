"""Reading messages of a WebSocket is charged, so that nobody keeps a process with what begins no operation."""

import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from resolvers.database.runtime import Runtime
from tests.support.api import Org, make_org, serving, settings_of
from tests.support.servers import Backends
from tests.support.sockets import Socket, socket

SPENT = "The organization has spent"
# 300 values and some 1,300 bytes.
LONG: dict[str, Any] = {"type": "ping", "payload": {"values": [[1]] * 300}}


@pytest.fixture
async def poor(backends: Backends, api_runtime: Runtime) -> AsyncIterator[tuple[str, Org]]:
    """A server on which an organization has a small budget."""
    async with serving(settings_of(backends, rate_bucket=300, rate_refill=1, cost_limit=100)) as base:
        org = await make_org(api_runtime, base)
        yield base, org
        await org.close()


async def left(org: Org) -> int:
    found = await org.graphql("{ viewer { key { name } } }")
    return int(re.findall(r";r=(\d+)", found.headers["ratelimit"])[0])


@pytest.mark.parametrize(
    ("message", "number", "cost"),
    [
        ({"type": "ping"}, 3, 0),
        ({"type": "ping"}, 40, 10),
        ({"type": "pong"}, 40, 10),
        ({"type": "complete", "id": "x"}, 40, 10),
        (LONG, 1, 60),
    ],
)
async def test_messages_that_begin_no_operation_are_charged(
    poor: tuple[str, Org], message: Any, number: int, cost: int
) -> None:
    base, org = poor
    async with socket(base) as connection:
        await connection.init(org.key)
        before = await left(org)
        for _ in range(number):
            await connection.send(message)
        await connection.subscribe("1", "{ health { status } }")
        while (await connection.next())["type"] == "pong":
            pass
        # What was asked cost a little, and a little came back meanwhile.
        assert cost - 3 <= before - await left(org) <= cost + 5


def _refused(number: int) -> dict[str, Any]:
    variables = {"values": [[1]] * 300}
    return {"id": str(number), "type": "subscribe", "payload": {"query": "{ nothing }", "variables": variables}}


async def _take(connection: Socket, number: int) -> None:
    for _ in range(number):
        await connection.next()


@pytest.mark.parametrize("made", [lambda _: LONG, _refused], ids=["pings", "what is refused"])
async def test_who_has_spent_the_budget_sends_no_long_message(
    poor: tuple[str, Org], made: Callable[[int], Any]
) -> None:
    base, org = poor
    async with socket(base) as connection:
        await connection.init(org.key)
        for number in range(20):
            await connection.send(made(number))
        with pytest.raises(ConnectionClosed) as closed:
            await _take(connection, 20)
        assert closed.value.rcvd is not None, "the server said why"
        assert (closed.value.rcvd.code, closed.value.rcvd.reason[: len(SPENT)]) == (1013, SPENT)


async def test_who_has_spent_the_budget_sends_few_messages_that_begin_nothing(poor: tuple[str, Org]) -> None:
    base, org = poor
    async with socket(base) as connection, socket(base) as spending:
        for each in (connection, spending):
            await each.init(org.key)
        for _ in range(20):
            await spending.send(LONG)
        with pytest.raises(ConnectionClosed):
            await _take(spending, 20)
        for _ in range(4):
            await connection.send({"type": "pong"})
        code, reason = await connection.closed()
        assert (code, reason[: len(SPENT)]) == (1013, SPENT)
