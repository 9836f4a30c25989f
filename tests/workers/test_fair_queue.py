"""Turns: no organization and no lane takes what others need, neither slots nor places to wait."""

from uuid import UUID, uuid4

import pytest

from resolvers.jobs.due import Due
from workers.turns import PER_LANE, UNDER_WAY, WAITING_ALL, WAITING_LANE, WAITING_ORG, Turns
from workers.woken import ALL, EACH, Woken

NAMES = [UUID(int=number) for number in range(1, 30)]
A, B, C, *_ = NAMES


class Clock:
    """Seconds that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def fill(turns: Turns, org: UUID, lanes: list[UUID], each: int = 4) -> list[Due]:
    """So many jobs in each lane, a lane at a time."""
    jobs = [Due(org, uuid4(), lane, "webhooks") for lane in lanes for _ in range(each)]
    for job in jobs:
        turns.offer(job)
    return jobs


def taken(turns: Turns) -> list[Due]:
    """All that may start now."""
    found = []
    while (job := turns.take()) is not None:
        found.append(job)
    return found


def test_turns_go_by_organization_and_then_by_lane() -> None:
    turns = Turns(16, Clock())
    fill(turns, A, NAMES[10:13])
    fill(turns, B, NAMES[20:21])
    order = [(job.org_id, job.lane) for job in taken(turns)]
    assert order[:4] == [(A, NAMES[10]), (B, NAMES[20]), (A, NAMES[11]), (B, NAMES[20])]
    assert order[4:] == [(A, lane) for lane in (NAMES[12], NAMES[10], NAMES[11], NAMES[12])]


def test_a_share_of_the_slots_leaves_some_free() -> None:
    turns = Turns(16, Clock())
    fill(turns, A, NAMES[10:])
    assert [job.org_id for job in taken(turns)] == [A] * 8
    fill(turns, B, NAMES[10:])
    assert [job.org_id for job in taken(turns)] == [B] * 4
    fill(turns, C, NAMES[10:])
    assert [job.org_id for job in taken(turns)] == [C] * 2


@pytest.mark.parametrize("slots", [1, 2, 3])
def test_few_slots_still_work(slots: int) -> None:
    turns = Turns(slots, Clock())
    jobs = fill(turns, A, NAMES[10:13])
    done = []
    while found := taken(turns):
        for job in found:
            turns.done(job, in_slot=True)
        done += found
    assert set(done) == set(jobs)


async def test_who_waits_for_a_receiver_holds_no_slot_and_a_share_of_what_is_under_way() -> None:
    turns = Turns(4, Clock())
    under_way = []
    lanes = [UUID(int=number) for number in range(100, 200)]
    fill(turns, A, lanes)
    while found := taken(turns):
        under_way += found
        for job in found:
            turns.leave(job.org_id)
    assert len(under_way) == 4 * UNDER_WAY // 2
    [first] = fill(turns, B, NAMES[10:11], 1)
    assert taken(turns) == [first]


async def test_who_returns_goes_before_who_begins() -> None:
    turns = Turns(1, Clock())
    first, second = fill(turns, A, NAMES[10:12], 1)
    assert turns.take() == first
    turns.leave(A)
    assert turns.take() == second
    turn = turns.come_back(A)
    fill(turns, A, NAMES[12:13], 1)
    assert (turns.take(), turn.done()) == (None, False)
    turns.done(second, in_slot=True)
    assert (turns.take(), turn.done()) == (None, True)
    turns.done(first, in_slot=True)
    assert turns.take() is not None


async def test_who_is_cancelled_while_returning_takes_nothing() -> None:
    turns = Turns(1, Clock())
    first, second = fill(turns, A, NAMES[10:12], 1)
    turns.take()
    turns.leave(A)
    turns.take()
    turns.come_back(A).cancel()
    turns.done(second, in_slot=True)
    turns.done(first, in_slot=False)
    [third] = fill(turns, B, NAMES[10:11], 1)
    assert taken(turns) == [third]


def test_a_lane_runs_a_few_at_once_and_hides_no_other() -> None:
    turns = Turns(16, Clock())
    hanging = fill(turns, A, NAMES[10:11], 100)
    assert taken(turns) == hanging[:PER_LANE]
    healthy = fill(turns, A, NAMES[11:12], 2)
    assert taken(turns) == healthy
    assert not turns.done(healthy[0], in_slot=True)
    # The lane has more in the database, of which none is fetched while enough waits here.
    assert (turns.done(hanging[0], in_slot=True), turns.low()) == (False, [])


def test_what_waits_is_bounded_for_each_and_no_newcomer_is_refused() -> None:
    turns = Turns(1, Clock())
    assert turns.take() is None
    lanes = [UUID(int=number) for number in range(100, 120)]
    fill(turns, A, lanes, 1_000)
    waiting = turns.waiting()
    assert waiting[A, lanes[0]] == WAITING_LANE
    assert sum(waiting.values()) <= WAITING_ORG + len(lanes)
    assert all(waiting[A, lane] for lane in lanes)
    orgs = [UUID(int=number) for number in range(1_000, 1_200)]
    for org in orgs:
        fill(turns, org, lanes[:8], WAITING_LANE)
    waiting = turns.waiting()
    assert {org for org, _ in waiting} == {A, *orgs}
    assert sum(waiting.values()) <= WAITING_ALL + len(orgs)


def test_a_lane_that_runs_dry_is_filled_again() -> None:
    turns = Turns(16, Clock())
    lane = NAMES[10]
    fill(turns, A, [lane], WAITING_LANE + 1)
    assert turns.low() == []
    asked = []
    while (job := turns.take()) is not None:
        asked.append(turns.done(job, in_slot=True))
    assert asked == [False] * (WAITING_LANE - WAITING_LANE // 4 - 1) + [True] * (WAITING_LANE // 4 + 1)
    assert turns.low() == [(A, lane)]
    assert turns.low() == []


def test_a_paused_lane_starts_nothing_and_keeps_nothing() -> None:
    clock = Clock()
    turns = Turns(16, clock)
    fill(turns, A, NAMES[10:12])
    turns.pause(A, NAMES[10], 15)
    assert {job.lane for job in taken(turns)} == {NAMES[11]}
    fill(turns, A, NAMES[10:11])
    turns.note_more((A, NAMES[10]))
    assert (taken(turns), turns.low()) == ([], [])
    clock.now = 15
    jobs = fill(turns, A, NAMES[10:11])
    assert taken(turns) == jobs[:2]


def test_what_was_taken_is_not_offered_twice() -> None:
    turns = Turns(16, Clock())
    [job] = fill(turns, A, NAMES[10:11], 1)
    turns.offer(job)
    assert taken(turns) == [job]
    turns.offer(job)
    assert taken(turns) == []
    turns.done(job, in_slot=True)
    turns.offer(job)
    assert taken(turns) == [job]


def test_nothing_is_kept_of_what_is_over() -> None:
    turns = Turns(16, Clock())
    fill(turns, A, NAMES[10:14])
    for job in taken(turns):
        turns.done(job, in_slot=True)
    turns.clear()
    assert (turns.take(), turns.waiting(), len(turns)) == (None, {}, 0)


def test_wakes_of_one_organization_leave_room_for_others() -> None:
    woken = Woken()
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
