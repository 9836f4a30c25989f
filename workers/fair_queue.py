"""Whose turn it is in one queue of a worker: organizations take turns, and within one its lanes do.

Nothing here has a bound that one organization or lane could fill for the others. A share may grow only while it is
smaller than what is still free, so that there is room for a newcomer: one that is alone gets half of a bound, each of
two a third, and so on.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from uuid import UUID

from resolvers.jobs.due import Due, Lane

PER_LANE = 2
# For each slot so many jobs may be under way: most of them wait for a receiver, which takes a socket and little else.
UNDER_WAY = 16
WAITING_LANE = 32
WAITING_ORG = 256
WAITING_ALL = 10_000

Return = asyncio.Future[None]


def _fits(share: int, free: int) -> bool:
    """Whether a share of what waits may grow: the first of a newcomer always may."""
    return not share or share <= free


class _Org:
    """What one organization has waiting: jobs by lane, lanes whose turn can come, and running jobs that return."""

    __slots__ = ("lanes", "ready", "returning", "waiting")

    def __init__(self) -> None:
        self.waiting = 0
        self.lanes: dict[UUID, deque[Due]] = {}
        self.ready: dict[UUID, None] = {}
        self.returning: deque[Return] = deque()


class _Share:
    """A bound, and what each organization has of it."""

    __slots__ = ("_by_org", "free")

    def __init__(self, most: int) -> None:
        self.free = most
        self._by_org: Counter[UUID] = Counter()

    def open_to(self, org_id: UUID) -> bool:
        return self._by_org[org_id] < self.free

    def take(self, org_id: UUID) -> None:
        self.free -= 1
        self._by_org[org_id] += 1

    def give(self, org_id: UUID) -> None:
        self.free += 1
        self._by_org[org_id] -= 1
        if not self._by_org[org_id]:
            del self._by_org[org_id]


class Turns:
    """The waiting and the running jobs of one queue.

    A running job holds a slot, but for the time that it waits for somebody else (``leave``, then ``come_back``).
    ``clock`` gives seconds.
    """

    def __init__(self, slots: int, clock: Callable[[], float]) -> None:
        self._slots, self._under_way = _Share(slots), _Share(slots * UNDER_WAY)
        self._clock = clock
        self._orgs: dict[UUID, _Org] = {}
        # Organizations that have something whose turn can come, the next one first.
        self._order: dict[UUID, None] = {}
        self._waiting = 0
        self._known: set[UUID] = set()
        self._running: Counter[UUID] = Counter()
        self._paused: dict[UUID, float] = {}
        self._cut: set[Lane] = set()

    def __len__(self) -> int:
        """How many organizations have something here."""
        return len(self._orgs)

    def waiting(self) -> dict[Lane, int]:
        """How many jobs wait in each lane."""
        return {(org_id, lane): len(jobs) for org_id, org in self._orgs.items() for lane, jobs in org.lanes.items()}

    def offer(self, due: Due) -> None:
        """Let a job wait for its turn, unless it does already, its lane is paused, or its share is full."""
        if due.id in self._known or self._is_paused(due.lane):
            return
        org = self._orgs.get(due.org_id) or _Org()
        in_lane = len(org.lanes.get(due.lane, ()))
        of_lane = in_lane < WAITING_LANE and _fits(in_lane, WAITING_ORG - org.waiting)
        if not (of_lane and _fits(org.waiting, WAITING_ALL - self._waiting)):
            self.note_more((due.org_id, due.lane))
            return
        self._orgs[due.org_id] = org
        self._known.add(due.id)
        org.lanes.setdefault(due.lane, deque()).append(due)
        org.waiting += 1
        self._waiting += 1
        self._mark(due.org_id, due.lane)

    def take(self) -> Due | None:
        """The next job to run, which holds a slot from now on; None when there is none, or no slot for it.

        Running jobs that return get their slots before their organization starts another.
        """
        for org_id in list(self._order):
            org = self._orgs[org_id]
            while org.returning and self._slots.open_to(org_id):
                turn = org.returning.popleft()
                if not turn.cancelled():
                    self._slots.take(org_id)
                    turn.set_result(None)
            if org.ready and self._slots.open_to(org_id) and self._under_way.open_to(org_id):
                return self._start(org_id, org)
            self._settle(org_id)
            if not self._slots.free:
                break
        return None

    def _start(self, org_id: UUID, org: _Org) -> Due:
        lane = next(iter(org.ready))
        del org.ready[lane], self._order[org_id]
        due = org.lanes[lane].popleft()
        if not org.lanes[lane]:
            del org.lanes[lane]
        org.waiting -= 1
        self._waiting -= 1
        self._running[lane] += 1
        self._slots.take(org_id)
        self._under_way.take(org_id)
        self._mark(org_id, lane)
        self._settle(org_id)
        return due

    def done(self, due: Due, *, in_slot: bool) -> bool:
        """End a running job; whether its lane has little left here and more in the database."""
        if in_slot:
            self._slots.give(due.org_id)
        self._under_way.give(due.org_id)
        self._known.discard(due.id)
        self._running[due.lane] -= 1
        if not self._running[due.lane]:
            del self._running[due.lane]
        self._mark(due.org_id, due.lane)
        return self._is_low((due.org_id, due.lane))

    def leave(self, org_id: UUID) -> None:
        """Free the slot of a running job that waits for somebody else."""
        self._slots.give(org_id)

    def come_back(self, org_id: UUID) -> Return:
        """What ends when ``take`` has given a running job of the organization a slot again."""
        turn: Return = asyncio.get_running_loop().create_future()
        self._orgs.setdefault(org_id, _Org()).returning.append(turn)
        self._order.setdefault(org_id)
        return turn

    def pause(self, org_id: UUID, lane: UUID, seconds: float) -> None:
        """Start none of a lane for so long, and leave what waits in it to the database."""
        self._paused[lane] = self._clock() + seconds
        self._cut.discard((org_id, lane))
        org = self._orgs.get(org_id)
        if org is not None:
            self._drop(org, lane)
            self._settle(org_id)

    def note_more(self, lane: Lane) -> None:
        """Remember that the database has more of a lane than waits here."""
        if len(self._cut) < WAITING_ALL and not self._is_paused(lane[1]):
            self._cut.add(lane)

    def low(self) -> list[Lane]:
        """The lanes that have little left here and more in the database; they are forgotten until more is noted."""
        found = [lane for lane in self._cut if self._is_low(lane)]
        self._cut.difference_update(found)
        return found

    def clear(self) -> None:
        """Drop all that waits to start."""
        for org_id, org in list(self._orgs.items()):
            for lane in list(org.lanes):
                self._drop(org, lane)
            self._settle(org_id)

    def forget_pauses(self) -> None:
        """Let go of the pauses that are over."""
        for lane in list(self._paused):
            self._is_paused(lane)

    def _is_paused(self, lane: UUID) -> bool:
        until = self._paused.get(lane)
        if until is not None and until <= self._clock():
            del self._paused[lane]
            return False
        return until is not None

    def _is_low(self, lane: Lane) -> bool:
        if lane not in self._cut:
            return False
        org = self._orgs.get(lane[0])
        return org is None or len(org.lanes.get(lane[1], ())) <= WAITING_LANE // 4

    def _mark(self, org_id: UUID, lane: UUID) -> None:
        """Put a lane in the order of turns when one of its jobs may start."""
        org = self._orgs.get(org_id)
        if org is not None and lane in org.lanes and self._running[lane] < PER_LANE:
            org.ready.setdefault(lane)
            self._order.setdefault(org_id)

    def _drop(self, org: _Org, lane: UUID) -> None:
        dropped = org.lanes.pop(lane, ())
        org.ready.pop(lane, None)
        org.waiting -= len(dropped)
        self._waiting -= len(dropped)
        self._known.difference_update(due.id for due in dropped)

    def _settle(self, org_id: UUID) -> None:
        """Take an organization from the order when it has nothing for it, and forget it when it has nothing at all."""
        org = self._orgs[org_id]
        if org.ready or org.returning:
            self._order.setdefault(org_id)
            return
        self._order.pop(org_id, None)
        if not org.lanes:
            del self._orgs[org_id]
