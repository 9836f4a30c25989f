"""Turns: who waits for a slow receiver keeps its turns, however fast the jobs of others end."""

from collections import Counter
from uuid import UUID

from resolvers.jobs.due import Due
from tests.support.clock import Clock
from tests.support.queues import NAMES, fill, taken
from workers.jobs.fair_queue import RUNNING_PER_KEY, FairQueue
from workers.jobs.turns import KEPT, Turns

A, B, C, *_ = NAMES


def worked_off(queue: FairQueue, turns: int) -> list[Due]:
    """So many jobs one after another, each of which ends at once."""
    found = []
    for _ in range(turns):
        job = queue.take()
        assert job is not None
        queue.done(job, in_slot=True)
        found.append(job)
    return found


def keys_of(jobs: list[Due]) -> list[UUID]:
    """The concurrency keys of jobs."""
    return [job.concurrency_key for job in jobs]


def test_a_key_that_waits_for_its_receiver_keeps_the_turns_that_it_misses() -> None:
    queue = FairQueue(16, Clock())
    slow, fast = NAMES[10], NAMES[11:15]
    under_way = fill(queue, A, [slow], 12)[:RUNNING_PER_KEY]
    assert taken(queue) == under_way
    for job in under_way:
        queue.leave(job.org_id)
    fill(queue, A, fast, 30)
    # Those that end at once, as what fails does, are ready again for each turn.
    assert Counter(keys_of(worked_off(queue, 40))) == dict.fromkeys(fast, 10)
    for job in under_way:
        queue.done(job, in_slot=False)
    assert keys_of(worked_off(queue, KEPT + 4)) == [slow] * KEPT + fast
    # More than that it is not owed: now it has one turn in five.
    assert Counter(keys_of(worked_off(queue, 25))) == dict.fromkeys([slow, *fast], 5)


def test_an_organization_that_waits_for_its_receivers_keeps_the_turns_that_it_misses() -> None:
    queue = FairQueue(16, Clock())
    under_way = fill(queue, A, NAMES[10:11], 8)[:RUNNING_PER_KEY]
    assert taken(queue) == under_way
    for org in (B, C):
        fill(queue, org, NAMES[11:13], 30)
    assert Counter(job.org_id for job in worked_off(queue, 40)) == {B: 20, C: 20}
    for job in under_way:
        queue.done(job, in_slot=True)
    assert [job.org_id for job in worked_off(queue, KEPT + 2)] == [A] * KEPT + [B, C]


def test_a_newcomer_goes_before_nobody_who_is_ready() -> None:
    turns = Turns()
    turns.add(A)
    turns.add(B)
    turns.take(A)
    turns.add(A)
    turns.add(C)
    assert list(turns) == [B, A, C]
    turns.add(B)
    assert list(turns) == [B, A, C]


def test_newcomers_without_end_keep_nobody_waiting() -> None:
    turns = Turns()
    turns.add(A)
    turns.take(A)
    turns.add(A)
    begun = []
    for number in range(100, 110):
        turns.add(UUID(int=number))
        turns.add(UUID(int=number + 100))
        begun.append(next(iter(turns)))
        turns.take(begun[-1])
    assert begun[0] == A


def test_who_is_forgotten_is_a_newcomer() -> None:
    turns = Turns()
    for who in (A, B):
        turns.add(who)
        turns.take(who)
    for _ in range(5):
        turns.add(A)
        turns.take(A)
    turns.forget(B)
    assert len(turns) == 1
    turns.add(A)
    turns.add(B)
    assert list(turns) == [A, B]
    turns.remove(A)
    turns.remove(A)
    assert (list(turns), len(turns)) == ([B], 2)
