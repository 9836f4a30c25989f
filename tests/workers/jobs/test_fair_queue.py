"""FairQueue: no organization and no key takes what others need, neither slots nor places to wait."""

from uuid import UUID, uuid4

import pytest

from resolvers.jobs.due import Due
from tests.support.clock import Clock
from tests.support.queues import NAMES, fill, taken
from workers.jobs.fair_queue import (
    MAX_WAITING,
    MAX_WAITING_OF_KEY,
    MAX_WAITING_OF_ORGANIZATION,
    RUNNING_PER_KEY,
    RUNNING_PER_SLOT,
    FairQueue,
)
from workers.jobs.wake_ups import ALL, EACH, PendingWakeUps

A, B, C, *_ = NAMES


def test_turns_go_by_organization_and_then_by_key() -> None:
    queue = FairQueue(16, Clock())
    fill(queue, A, NAMES[10:13])
    fill(queue, B, NAMES[20:21])
    order = [(job.org_id, job.concurrency_key) for job in taken(queue)]
    assert order[:4] == [(A, NAMES[10]), (B, NAMES[20]), (A, NAMES[11]), (B, NAMES[20])]
    assert order[4:] == [(A, key) for key in (NAMES[12], NAMES[10], NAMES[11], NAMES[12])]


def test_a_share_of_the_slots_leaves_some_free() -> None:
    queue = FairQueue(16, Clock())
    fill(queue, A, NAMES[10:])
    assert [job.org_id for job in taken(queue)] == [A] * 8
    fill(queue, B, NAMES[10:])
    assert [job.org_id for job in taken(queue)] == [B] * 4
    fill(queue, C, NAMES[10:])
    assert [job.org_id for job in taken(queue)] == [C] * 2


@pytest.mark.parametrize("slots", [1, 2, 3])
def test_few_slots_still_work(slots: int) -> None:
    queue = FairQueue(slots, Clock())
    jobs = fill(queue, A, NAMES[10:13])
    done = []
    while found := taken(queue):
        for job in found:
            queue.done(job, in_slot=True)
        done += found
    assert set(done) == set(jobs)


async def test_who_waits_for_a_receiver_holds_no_slot_and_a_share_of_what_is_under_way() -> None:
    queue = FairQueue(4, Clock())
    under_way = []
    keys = [UUID(int=number) for number in range(100, 200)]
    fill(queue, A, keys)
    while found := taken(queue):
        under_way += found
        for job in found:
            queue.leave(job.org_id)
    assert len(under_way) == 4 * RUNNING_PER_SLOT // 2
    [first] = fill(queue, B, NAMES[10:11], 1)
    assert taken(queue) == [first]


async def test_who_returns_goes_before_who_begins() -> None:
    queue = FairQueue(1, Clock())
    first, second = fill(queue, A, NAMES[10:12], 1)
    assert queue.take() == first
    queue.leave(A)
    assert queue.take() == second
    turn = queue.come_back(A)
    fill(queue, A, NAMES[12:13], 1)
    assert (queue.take(), turn.done()) == (None, False)
    queue.done(second, in_slot=True)
    assert (queue.take(), turn.done()) == (None, True)
    queue.done(first, in_slot=True)
    assert queue.take() is not None


async def test_who_is_cancelled_while_returning_takes_nothing() -> None:
    queue = FairQueue(1, Clock())
    first, second = fill(queue, A, NAMES[10:12], 1)
    queue.take()
    queue.leave(A)
    queue.take()
    queue.come_back(A).cancel()
    queue.done(second, in_slot=True)
    queue.done(first, in_slot=False)
    [third] = fill(queue, B, NAMES[10:11], 1)
    assert taken(queue) == [third]


def test_a_lane_runs_a_few_at_once_and_hides_no_other() -> None:
    queue = FairQueue(16, Clock())
    hanging = fill(queue, A, NAMES[10:11], 100)
    assert taken(queue) == hanging[:RUNNING_PER_KEY]
    healthy = fill(queue, A, NAMES[11:12], 2)
    assert taken(queue) == healthy
    assert not queue.done(healthy[0], in_slot=True)
    # The key has more in the database, of which none is fetched while enough waits here.
    assert (queue.done(hanging[0], in_slot=True), queue.low()) == (False, [])


def test_what_waits_is_bounded_for_each_and_no_newcomer_is_refused() -> None:
    queue = FairQueue(1, Clock())
    assert queue.take() is None
    keys = [UUID(int=number) for number in range(100, 120)]
    fill(queue, A, keys, 1_000)
    waiting = queue.waiting()
    assert waiting[A, keys[0]] == MAX_WAITING_OF_KEY
    assert sum(waiting.values()) <= MAX_WAITING_OF_ORGANIZATION + len(keys)
    assert all(waiting[A, key] for key in keys)
    orgs = [UUID(int=number) for number in range(1_000, 1_200)]
    for org in orgs:
        fill(queue, org, keys[:8], MAX_WAITING_OF_KEY)
    waiting = queue.waiting()
    assert {org for org, _ in waiting} == {A, *orgs}
    assert sum(waiting.values()) <= MAX_WAITING + len(orgs)


def test_a_lane_that_runs_dry_is_filled_again() -> None:
    queue = FairQueue(16, Clock())
    key = NAMES[10]
    fill(queue, A, [key], MAX_WAITING_OF_KEY + 1)
    assert queue.low() == []
    asked = []
    while (job := queue.take()) is not None:
        asked.append(queue.done(job, in_slot=True))
    assert asked == [False] * (MAX_WAITING_OF_KEY - MAX_WAITING_OF_KEY // 4 - 1) + [True] * (
        MAX_WAITING_OF_KEY // 4 + 1
    )
    assert queue.low() == [(A, key)]
    assert queue.low() == []


def test_the_newest_jobs_of_a_lane_do_not_go_before_those_that_the_database_has() -> None:
    queue = FairQueue(16, Clock())
    full, other = NAMES[10], NAMES[11]
    fill(queue, A, [full], MAX_WAITING_OF_KEY + 1)
    queue.done(queue.take() or pytest.fail("it has jobs"), in_slot=True)
    newest = [Due(A, uuid4(), key, "webhooks") for key in (full, other)]
    for job in newest:
        queue.offer(job, newest=True)
    # The place that is free is for what is older.
    assert queue.waiting() == {(A, full): MAX_WAITING_OF_KEY - 1, (A, other): 1}
    fill(queue, A, [full], 1)
    assert queue.waiting()[A, full] == MAX_WAITING_OF_KEY
    # Once all are here that the database has, new ones are taken at once again.
    for _ in range(MAX_WAITING_OF_KEY):
        queue.done(queue.take() or pytest.fail("it has jobs"), in_slot=True)
    assert queue.low() == [(A, full)]
    queue.offer(newest[0], newest=True)
    assert newest[0] in taken(queue)


def test_a_new_job_of_a_lane_at_rest_is_taken_although_the_database_has_more() -> None:
    queue = FairQueue(16, Clock())
    key = NAMES[10]
    queue.note_more((A, key))
    first, second = [Due(A, uuid4(), key, "webhooks") for _ in range(2)]
    queue.offer(first, newest=True)
    assert taken(queue) == [first]
    # Its end asks for what the database has.
    queue.offer(second, newest=True)
    assert queue.waiting() == {}
    assert queue.done(first, in_slot=True) is True
    assert queue.low() == [(A, key)]


def test_a_paused_lane_starts_nothing_and_keeps_nothing() -> None:
    clock = Clock()
    queue = FairQueue(16, clock)
    fill(queue, A, NAMES[10:12])
    queue.pause(A, NAMES[10], 15)
    assert {job.concurrency_key for job in taken(queue)} == {NAMES[11]}
    fill(queue, A, NAMES[10:11])
    queue.note_more((A, NAMES[10]))
    assert (taken(queue), queue.low()) == ([], [])
    clock.advance(15)
    jobs = fill(queue, A, NAMES[10:11])
    assert taken(queue) == jobs[:2]


def test_what_was_taken_is_not_offered_twice() -> None:
    queue = FairQueue(16, Clock())
    [job] = fill(queue, A, NAMES[10:11], 1)
    queue.offer(job)
    assert taken(queue) == [job]
    queue.offer(job)
    assert taken(queue) == []
    queue.done(job, in_slot=True)
    queue.offer(job)
    assert taken(queue) == [job]


def test_nothing_is_kept_of_what_is_over() -> None:
    queue = FairQueue(16, Clock())
    fill(queue, A, NAMES[10:14])
    for job in taken(queue):
        queue.done(job, in_slot=True)
    queue.clear()
    assert (queue.take(), queue.waiting(), len(queue), len(queue._order)) == (None, {}, 0, 0)


def test_wakes_of_one_organization_leave_room_for_others() -> None:
    woken = PendingWakeUps()
    assert [woken.add(A, uuid4()) for _ in range(EACH + 1)] == [True] * EACH + [False]
    for number in range(1, ALL):
        assert woken.add(UUID(int=1_000 + number), uuid4()) or number > ALL - EACH
    found = woken.take()
    assert sum(org == A for org, _ in found) == EACH
    assert len(found) >= ALL - EACH
    assert (woken.take(), bool(woken)) == ([], False)
    job = uuid4()
    assert (woken.add(A, job), woken.add(A, job)) == (True, True)
    assert woken.take() == [(A, job)]
