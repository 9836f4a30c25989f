"""How often an address may submit a form: counted for all processes, and without Redis in each alone."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from redis.asyncio import Redis

from models.typeid import new_uuid
from resolvers.errors import Refusal
from server.access import form_turns
from server.access.form_turns import MINUTE_S, TURNS, FormTurns
from server.access.token_bucket import TokenBucket
from server.dev.embedded import free_port
from tests.support.clock import Clock
from tests.support.servers import Backends


@pytest.fixture
async def redis(servers: Backends) -> AsyncIterator[Redis]:
    """A connection to the tests' Redis."""
    made = Redis.from_url(servers.redis_url)
    yield made
    await made.aclose()


async def taken(turns: FormTurns, form: UUID, tries: int, address: str = "192.0.2.1") -> tuple[int, list[int]]:
    """How many of some tries were let through, and the seconds that the others were told to wait."""
    passed, waits = 0, []
    for _ in range(tries):
        try:
            await turns.take(address, form)
        except Refusal as refused:
            waits.append(refused.extra["retryAfter"])
        else:
            passed += 1
    return passed, waits


async def test_all_processes_take_from_one_bucket(redis: Redis) -> None:
    form = new_uuid()
    first, second = (FormTurns(redis) for _ in range(2))
    assert await taken(first, form, 6) == (6, [])
    passed, waits = await taken(second, form, 6)
    assert (passed, len(waits)) == (TURNS - 6, 2)
    assert all(1 <= wait <= 6 for wait in waits)
    assert (await taken(first, form, 1))[0] == 0


async def test_each_address_and_each_form_has_its_own(redis: Redis) -> None:
    form = new_uuid()
    turns = FormTurns(redis)
    assert (await taken(turns, form, TURNS + 1))[0] == TURNS
    assert (await taken(turns, new_uuid(), 1))[0] == 1
    assert (await taken(turns, form, 1, "192.0.2.2"))[0] == 1


async def test_without_redis_a_process_counts_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock().read_by(monkeypatch, form_turns)
    away = Redis.from_url(f"redis://127.0.0.1:{free_port()}")
    turns, form = FormTurns(away), new_uuid()
    assert await taken(turns, form, TURNS + 2) == (TURNS, [6, 6])
    clock.advance(5)
    assert await taken(turns, form, 1) == (0, [1])
    clock.advance(1.001)
    assert await taken(turns, form, 2) == (1, [6])
    clock.advance(MINUTE_S)
    assert await taken(turns, form, TURNS + 1) == (TURNS, [6])
    await away.aclose()


async def test_what_is_used_up_here_asks_redis_no_more(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    form, asked = new_uuid(), 0
    turns = FormTurns(redis)
    ask = FormTurns._ask

    async def noted(self: FormTurns, name: str, bucket: TokenBucket) -> None:
        nonlocal asked
        asked += 1
        await ask(self, name, bucket)

    monkeypatch.setattr(FormTurns, "_ask", noted)
    await taken(turns, form, TURNS + 5)
    assert asked == TURNS
