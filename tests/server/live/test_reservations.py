"""What live answers cost is reserved before they run: those of one event, together, spend no more than there is."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from models.actors import ActorKind
from resolvers.actor import Actor
from resolvers.database.runtime import Runtime
from schema.requests.engine import Engine
from server.access.buckets import Buckets
from server.live.reservations import Reservations
from tests.support.api import Org, make_org, serving, settings_of
from tests.support.live import following
from tests.support.servers import Backends
from tests.support.tokens import as_client
from web.dependencies import Dependencies, OverBudgetError, subject_of

ASKED = "{ client { tickets(first: 10) { nodes { client { tickets(first: 10) { nodes { id } } } } } } }"


def _client(org: UUID) -> Actor:
    client = uuid4()
    return Actor(ActorKind.CLIENT, "client", "client", frozenset(), org, subject=client, client=str(client))


def _key(org: UUID) -> Actor:
    return Actor(ActorKind.KEY, "key", "key", frozenset(), org)


def _dependencies(buckets: Buckets) -> Dependencies:
    nothing = cast(Any, None)
    found = Dependencies(nothing, nothing, nothing)
    found.spend, found.take, found.refuse_debtor = buckets.spend, buckets.owe, buckets.refuse_debtor
    return found


class Spent:
    """Answers that are under way until they are let go, and what they find spent meanwhile."""

    def __init__(self, buckets: Buckets) -> None:
        self.buckets, self.reservations = buckets, Reservations(_dependencies(buckets))
        self.running = self.most = self.done = 0
        self.go_on, self.began = asyncio.Event(), asyncio.Condition()

    async def answer(self, actor: Actor, most: int, taken: int) -> None:
        """Make one answer."""
        async with self.reservations.reserved(actor, most) as bill:
            self.running += 1
            self.most = max(self.most, self.running)
            async with self.began:
                self.began.notify_all()
            await self.go_on.wait()
            bill.taken = taken
            self.running -= 1
            self.done += 1


async def _settled(spent: Spent, running: int) -> None:
    async with asyncio.timeout(20):
        async with spent.began:
            await spent.began.wait_for(lambda: spent.running >= running)


async def test_answers_of_tokens_leave_a_half_to_keys_while_they_run(redis: Redis) -> None:
    org = uuid4()
    spent = Spent(Buckets(redis, 1_000, 1))
    ada = [_client(org) for _ in range(8)]
    running = [asyncio.create_task(spent.answer(actor, 100, 100)) for actor in ada for _ in range(3)]
    await _settled(spent, 1)
    spent.go_on.set()
    found = await asyncio.gather(*running, return_exceptions=True)
    # Of eight clients, each with a tenth, five had what tokens have together.
    assert (spent.done, sum(isinstance(each, OverBudgetError) for each in found)) == (5, 19)
    assert (await spent.buckets.spend(org, 500)).remaining in (0, 1)
    await spent.buckets.close()


async def test_an_answer_waits_for_what_others_give_back(redis: Redis) -> None:
    spent, ada = Spent(Buckets(redis, 1_000, 1)), _client(uuid4())
    running = [asyncio.create_task(spent.answer(ada, 60, 10)) for _ in range(5)]
    await _settled(spent, 1)
    spent.go_on.set()
    await asyncio.gather(*running)
    assert (spent.done, spent.most) == (5, 1)
    assert (await spent.buckets.spend(ada.org_id, 0)).remaining in (950, 951)
    with pytest.raises(OverBudgetError, match=r"client has spent its budget: 5[01] is left, the request costs 60"):
        await spent.answer(ada, 60, 10)
    # What took more than was reserved is owed.
    await spent.answer(ada, 40, 70)
    with pytest.raises(OverBudgetError, match="more than its budget"):
        spent.buckets.refuse_debtor(ada.org_id, subject_of(ada))
    await spent.buckets.close()


async def test_keys_wait_for_no_tokens(redis: Redis) -> None:
    org = uuid4()
    spent, ada = Spent(Buckets(redis, 1_000, 1)), _client(org)
    waiting = [asyncio.create_task(spent.answer(ada, 60, 10)) for _ in range(2)]
    await _settled(spent, 1)
    key = asyncio.create_task(spent.answer(_key(org), 900, 1))
    await _settled(spent, 2)
    spent.go_on.set()
    await asyncio.gather(key, *waiting)
    await spent.buckets.close()


async def test_what_is_given_back_is_there_for_other_processes(redis: Redis) -> None:
    first, second, org = Buckets(redis, 1_000, 1), Buckets(redis, 1_000, 1), uuid4()
    async with Reservations(_dependencies(first)).reserved(_key(org), 1_000) as bill:
        with pytest.raises(OverBudgetError):
            await second.spend(org, 100)
        bill.taken = 10
    assert (await first.spend(org, 0)).remaining in (990, 991)
    await first.close()
    third = Buckets(redis, 1_000, 1)
    assert (await third.spend(org, 980)).remaining in (10, 11)
    # No more than there can be, even where it came back meanwhile.
    first.owe(org, -5_000)
    await first.close()
    assert (await Buckets(redis, 1_000, 1).spend(org, 0)).remaining == 1_000
    for buckets in (second, third):
        await buckets.close()


async def test_an_answer_that_fails_is_paid_whole(redis: Redis) -> None:
    buckets, org = Buckets(redis, 1_000, 1), uuid4()
    with pytest.raises(RuntimeError):
        async with Reservations(_dependencies(buckets)).reserved(_key(org), 300):
            raise RuntimeError
    assert (await buckets.spend(org, 0)).remaining in (700, 701)
    await buckets.close()


async def test_the_streams_of_an_event_are_paid_before_they_run(
    backends: Backends, api_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    running: list[int] = []
    once, before = Engine.run, Buckets.spend
    paid: list[int] = []

    async def spend(self: Buckets, org_id: UUID, cost: int, *rest: Any) -> Any:
        spent = await before(self, org_id, cost, *rest)
        paid.append(cost)
        return spent

    async def run(self: Engine, ctx: Any, prepared: Any, root: Any = None) -> Any:
        if root is not None:
            running.append(prepared.measure.cost)
            assert paid.count(running[0]) >= len(running)
        return await once(self, ctx, prepared, root)

    monkeypatch.setattr(Engine, "run", run)
    monkeypatch.setattr(Buckets, "spend", spend)
    async with serving(settings_of(backends)) as base, AsyncExitStack() as streams:
        org = await make_org(api_runtime, base)
        created = await org.http.post("/api/v1/clients", json={"name": "Ada", "email": "ada@example.com"})
        ada: Org = await as_client(org, created.json()["data"]["publicId"])
        followed = [
            await streams.enter_async_context(
                following(ada, f"subscription S{number} {{ ticketUpdated {{ id {ASKED[2:-2]} }} }}")
            )
            for number in range(3)
        ]
        # Opening a stream costs as much.
        paid.clear()
        await ada.data('mutation { createTicket(input: { subject: "x" }) { ticket { id } } }')
        for stream in followed:
            assert (await stream.result())["ticketUpdated"]["client"]
        # One that a slow moment ended is run again, and paid again.
        assert len(running) >= 3
        await streams.aclose()
        await org.close()
