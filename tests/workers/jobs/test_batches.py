"""Work for several jobs at once: each has its own result, and none fails for another."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest

from models.webhooks import DeliveryStatus
from resolvers.database.runtime import Runtime
from resolvers.errors import Refusal
from resolvers.jobs import claims as jobs
from resolvers.jobs.claims import Claim
from tests.support.jobs import DELIVERY, JOB, emit, listen_at, one, receiver, rows, sender, settled, slot_of, working
from workers.jobs.batches import Batches
from workers.webhooks import deliver


class Work:
    """What was asked for at once, and what is answered."""

    def __init__(self, *, waits: bool = False) -> None:
        self.asked: list[tuple[UUID, list[int]]] = []
        self.began, self.go_on = asyncio.Event(), asyncio.Event()
        if not waits:
            self.go_on.set()

    async def __call__(self, org_id: UUID, items: Sequence[int]) -> list[int | Exception]:
        self.asked.append((org_id, list(items)))
        self.began.set()
        await self.go_on.wait()
        if 0 in items:
            raise ValueError("nothing is done")
        if -1 in items:
            raise Refusal("UNAVAILABLE", "busy")
        return [KeyError(item) if item == 13 else 2 * item for item in items]


async def test_what_comes_while_a_batch_runs_is_the_next_one() -> None:
    work, one_org, other = Work(waits=True), uuid4(), uuid4()
    batches = Batches(work, 3)
    first = asyncio.create_task(batches.do(one_org, 1))
    await work.began.wait()
    rest = [asyncio.create_task(batches.do(one_org, item)) for item in (2, 3, 4, 5)]
    await asyncio.sleep(0)
    work.go_on.set()
    assert [await each for each in (first, *rest)] == [2, 4, 6, 8, 10]
    assert await batches.do(other, 6) == 12
    assert [items for org, items in work.asked if org == one_org] == [[1], [2, 3, 4], [5]]
    assert [items for org, items in work.asked if org == other] == [[6]]


async def _each(batches: Batches[int, int], *items: int) -> list[Any]:
    org = uuid4()
    return await asyncio.gather(*(batches.do(org, item) for item in items), return_exceptions=True)


async def test_one_that_fails_fails_for_no_other() -> None:
    work = Work()
    first, second, third = await _each(Batches(work), 1, 13, 2)
    assert (first, third, type(second)) == (2, 4, KeyError)
    work = Work()
    first, second, third = await _each(Batches(work), 1, 0, 2)
    assert (first, third, str(second)) == (2, 4, "nothing is done")
    assert [items for _, items in work.asked] == [[1, 0, 2], [1], [0], [2]]


@pytest.mark.parametrize(("apart", "wrong"), [(True, -1), (False, 0)])
async def test_what_fails_for_all_is_not_tried_apart(apart: bool, wrong: int) -> None:
    work = Work()
    found = await _each(Batches(work, apart=apart), 1, wrong, 2)
    assert len({type(each) for each in found}) == 1
    assert [items for _, items in work.asked] == [[1, wrong, 2]]


async def test_one_that_is_cancelled_before_its_batch_is_left_out() -> None:
    work, org = Work(waits=True), uuid4()
    batches = Batches(work)
    first = asyncio.create_task(batches.do(org, 1))
    await work.began.wait()
    gone, kept = asyncio.create_task(batches.do(org, 2)), asyncio.create_task(batches.do(org, 3))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    work.go_on.set()
    assert (await first, await kept) == (2, 6)
    assert [items for _, items in work.asked] == [[1], [3]]


async def _claimed(runtime: Runtime, org: UUID, number: int) -> list[Claim]:
    woken = await emit(runtime, org, number)
    found = await jobs.claim_some(runtime, org, [(job, uuid4()) for job in woken], 45)
    return [claim for claim in found if claim is not None]


async def test_jobs_are_claimed_each_by_its_own_token(runtime: Runtime, org: UUID) -> None:
    await listen_at(runtime, org, "http://127.0.0.1:9/")
    woken = await emit(runtime, org, 3)
    later = "update jobs set run_at = now() + interval '1 hour' where org_id = $1 and id = $2"
    await rows(runtime, org, later, org, woken[1])
    wanted = [(job, uuid4()) for job in woken] + [(uuid4(), uuid4())]
    found = await jobs.claim_some(runtime, org, wanted, 45)
    assert [each and (each.id, each.token) for each in found] == [wanted[0], None, wanted[2], None]
    # The outcome of the same call was unknown: nothing is counted twice.
    assert await jobs.claim_some(runtime, org, wanted, 45) == found
    state = {row["id"]: (row["state"], row["attempt"], row["claim_no"]) for row in await rows(runtime, org, JOB, org)}
    assert [state[job] for job in woken] == [("RUNNING", 1, 1), ("QUEUED", 0, 0), ("RUNNING", 1, 1)]
    # Another organization has none of them.
    assert await jobs.claim_some(runtime, uuid4(), wanted, 45) == [None] * 4


async def test_a_stale_worker_changes_nothing_of_its_part_of_a_batch(runtime: Runtime, org: UUID) -> None:
    async with receiver() as there:
        await listen_at(runtime, org, there.url)
        claims = await _claimed(runtime, org, 3)
        stolen = "update jobs set lease_token = $3 where org_id = $1 and id = $2"
        thief = uuid4()
        await rows(runtime, org, stolen, org, claims[1].id, thief)
        handler = deliver.handler(sender())
        ends = await asyncio.gather(
            *(handler.run(runtime, claim, slot_of(claim)) for claim in claims), return_exceptions=True
        )
    assert [type(end) for end in ends] == [type(None), jobs.LeaseLost, type(None)]
    assert len(there.requests) == 2
    by_subject = {row["id"]: row["status"] for row in await rows(runtime, org, DELIVERY, org)}
    assert [by_subject[claim.subject_id] for claim in claims] == ["SUCCEEDED", "PENDING", "SUCCEEDED"]
    job = await one(runtime, org, JOB + " and id = $2", org, claims[1].id)
    assert (job["state"], job["lease_token"]) == ("RUNNING", thief)


async def test_a_lease_that_is_lost_while_it_is_sent_records_nothing(runtime: Runtime, org: UUID) -> None:
    async with receiver() as there:
        await listen_at(runtime, org, there.url)
        claims = await _claimed(runtime, org, 2)
        answer = there.answer

        async def steal(request: Any) -> bytes:
            stolen = "update jobs set lease_token = $3 where org_id = $1 and id = $2"
            await rows(runtime, org, stolen, org, claims[0].id, uuid4())
            return await answer(request)

        there.answer = steal
        handler = deliver.handler(sender())
        ends = await asyncio.gather(
            *(handler.run(runtime, claim, slot_of(claim)) for claim in claims), return_exceptions=True
        )
    assert [type(end) for end in ends] == [jobs.LeaseLost, type(None)]
    found = {row["id"]: (row["status"], len(row["attempts"])) for row in await rows(runtime, org, DELIVERY, org)}
    assert [found[claim.subject_id] for claim in claims] == [("SENDING", 0), ("SUCCEEDED", 1)]


async def test_a_secret_that_cannot_be_read_fails_its_own_delivery(runtime: Runtime, org: UUID) -> None:
    async with receiver() as there:
        good, _ = await listen_at(runtime, org, there.url)
        await listen_at(runtime, org, there.url, secret=b"\x00\x09nothing")
        await emit(runtime, org, 2)
        async with working(runtime):
            await settled(runtime, org, number=2)
            await settled(runtime, org, state="QUEUED", number=2)
    found = await rows(runtime, org, DELIVERY, org)
    assert {row["status"] for row in found if row["endpoint_id"] == good} == {DeliveryStatus.SUCCEEDED}
    assert {row["status"] for row in found if row["endpoint_id"] != good} == {DeliveryStatus.PENDING}


async def test_an_endpoint_that_is_being_changed_holds_up_no_other(runtime: Runtime, org: UUID) -> None:
    async with receiver() as there:
        held, _ = await listen_at(runtime, org, there.url)
        await listen_at(runtime, org, there.url)
        await emit(runtime, org, 2)
        async with runtime.bound(org) as connection:
            await connection.fetch("select 1 from webhook_endpoints where id = $1 for update", held)
            async with working(runtime, grace_seconds=0.1):
                # Those of the other endpoint are recorded meanwhile.
                await settled(runtime, org, number=2)
    found = await rows(runtime, org, DELIVERY, org)
    assert {row["status"] for row in found if row["endpoint_id"] != held} == {DeliveryStatus.SUCCEEDED}
