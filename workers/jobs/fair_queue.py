"""A fair queue: organizations take turns, and within an organization its concurrency keys.

No organization or key can fill a limit that all share. What it has may grow only while it is smaller than what is still
free: one alone gets half of a limit, each of two a third, and so on, so that there is always room for a newcomer.
Nor do turns go to those whose jobs end at once, because they fail, while another waits for its receiver (``Turns``).
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from uuid import UUID

from resolvers.jobs.due import Due, OrgKey
from workers.jobs.turns import Turns

RUNNING_PER_KEY = 2
# So many jobs for each slot may run: most of them wait for a receiver, which takes a socket and little else.
RUNNING_PER_SLOT = 16
MAX_WAITING_OF_KEY = 32
MAX_WAITING_OF_ORGANIZATION = 256
MAX_WAITING = 10_000

Return = asyncio.Future[None]


def _fits(share: int, free: int) -> bool:
    """Return whether a share may grow. A first one is always allowed."""
    return not share or share <= free


class _Org:
    """The waiting jobs of one organization by their keys, the keys that are ready, and running jobs that wait for a
    slot.

    A key is ready when one of its jobs may start.
    """

    __slots__ = ("jobs", "ready", "returning", "waiting")

    def __init__(self) -> None:
        self.waiting = 0
        self.jobs: dict[UUID, deque[Due]] = {}
        self.ready = Turns()
        self.returning: deque[Return] = deque()


class _Share:
    """A limit, and what each organization has of it."""

    __slots__ = ("_by_org", "free")

    def __init__(self, limit: int) -> None:
        self.free = limit
        self._by_org: Counter[UUID] = Counter()

    def open_to(self, org_id: UUID) -> bool:
        return self._by_org[org_id] < self.free

    def has(self, org_id: UUID) -> bool:
        return org_id in self._by_org

    def take(self, org_id: UUID) -> None:
        self.free -= 1
        self._by_org[org_id] += 1

    def give(self, org_id: UUID) -> None:
        self.free += 1
        self._by_org[org_id] -= 1
        if not self._by_org[org_id]:
            del self._by_org[org_id]


class FairQueue:
    """The waiting and the running jobs of one queue.

    A running job holds a slot, except while it waits for a remote party (``leave``, then ``come_back``). ``clock``
    returns seconds.
    """

    def __init__(self, slots: int, clock: Callable[[], float]) -> None:
        self._slots, self._all_running = _Share(slots), _Share(slots * RUNNING_PER_SLOT)
        self._clock = clock
        self._orgs: dict[UUID, _Org] = {}
        # The organizations with ready keys or returning jobs, the next one first.
        self._order = Turns()
        self._waiting = 0
        self._known: set[UUID] = set()
        self._running: Counter[UUID] = Counter()
        self._paused: dict[UUID, float] = {}
        # The keys of which the database has more jobs than wait here.
        self._cut: set[OrgKey] = set()

    def __len__(self) -> int:
        """Return the number of organizations with waiting or returning jobs."""
        return len(self._orgs)

    def waiting(self) -> dict[OrgKey, int]:
        """Return the number of waiting jobs of each key."""
        return {(org_id, key): len(jobs) for org_id, org in self._orgs.items() for key, jobs in org.jobs.items()}

    def offer(self, due: Due, *, newest: bool = False) -> None:
        """Add a waiting job, unless it is there already, its key is paused, or a share is full. While jobs of its key
        wait or run here, one of the ``newest`` goes before none that the database has of the key."""
        if due.id in self._known or self._is_paused(due.concurrency_key):
            return
        org = self._orgs.get(due.org_id) or _Org()
        of_key = len(org.jobs.get(due.concurrency_key, ()))
        # The end of a job that is here asks the database for more: without one nothing would.
        if newest and (due.org_id, due.concurrency_key) in self._cut and (of_key or self._running[due.concurrency_key]):
            return
        key_fits = of_key < MAX_WAITING_OF_KEY and _fits(of_key, MAX_WAITING_OF_ORGANIZATION - org.waiting)
        if not (key_fits and _fits(org.waiting, MAX_WAITING - self._waiting)):
            self.note_more((due.org_id, due.concurrency_key))
            return
        self._orgs[due.org_id] = org
        self._known.add(due.id)
        org.jobs.setdefault(due.concurrency_key, deque()).append(due)
        org.waiting += 1
        self._waiting += 1
        self._update_ready(due.org_id, due.concurrency_key)

    def take(self) -> Due | None:
        """Return the next job to run, which holds a slot from now on; None if there is none, or no slot.

        Running jobs that come back get slots before their organization starts another job.
        """
        for org_id in self._order:
            org = self._orgs[org_id]
            while org.returning and self._slots.open_to(org_id):
                turn = org.returning.popleft()
                if not turn.cancelled():
                    self._slots.take(org_id)
                    turn.set_result(None)
            if org.ready and self._slots.open_to(org_id) and self._all_running.open_to(org_id):
                return self._start(org_id, org)
            self._update_order(org_id)
            if not self._slots.free:
                break
        return None

    def _start(self, org_id: UUID, org: _Org) -> Due:
        key = next(iter(org.ready))
        org.ready.take(key)
        self._order.take(org_id)
        due = org.jobs[key].popleft()
        if not org.jobs[key]:
            del org.jobs[key]
        org.waiting -= 1
        self._waiting -= 1
        self._running[key] += 1
        self._slots.take(org_id)
        self._all_running.take(org_id)
        self._update_ready(org_id, key)
        self._update_order(org_id)
        return due

    def done(self, due: Due, *, in_slot: bool) -> bool:
        """End a running job. Return whether its key has few jobs left here and more in the database."""
        if in_slot:
            self._slots.give(due.org_id)
        self._all_running.give(due.org_id)
        self._known.discard(due.id)
        self._running[due.concurrency_key] -= 1
        if not self._running[due.concurrency_key]:
            del self._running[due.concurrency_key]
        self._update_ready(due.org_id, due.concurrency_key)
        self._forget_idle(due.org_id)
        return self._is_low((due.org_id, due.concurrency_key))

    def leave(self, org_id: UUID) -> None:
        """Free the slot of a running job that waits for a remote party."""
        self._slots.give(org_id)

    def come_back(self, org_id: UUID) -> Return:
        """Return a future that is done when ``take`` has given the organization's running job a slot again."""
        turn: Return = asyncio.get_running_loop().create_future()
        self._orgs.setdefault(org_id, _Org()).returning.append(turn)
        self._order.add(org_id)
        return turn

    def pause(self, org_id: UUID, key: UUID, seconds: float) -> None:
        """Start no jobs of a key for so many seconds, and leave those that wait to the database."""
        self._paused[key] = self._clock() + seconds
        self._cut.discard((org_id, key))
        org = self._orgs.get(org_id)
        if org is not None:
            self._remove(org, key)
            self._update_order(org_id)

    def note_more(self, key: OrgKey) -> None:
        """Note that the database has more jobs of a key than wait here."""
        if len(self._cut) < MAX_WAITING and not self._is_paused(key[1]):
            self._cut.add(key)

    def low(self) -> list[OrgKey]:
        """Return the keys with few jobs left here and more in the database; they are forgotten until noted again."""
        found = [key for key in self._cut if self._is_low(key)]
        self._cut.difference_update(found)
        return found

    def clear(self) -> None:
        """Remove all waiting jobs."""
        for org_id, org in list(self._orgs.items()):
            for key in list(org.jobs):
                self._remove(org, key)
            self._update_order(org_id)

    def forget_pauses(self) -> None:
        """Remove the pauses that are over."""
        for key in list(self._paused):
            self._is_paused(key)

    def _is_paused(self, key: UUID) -> bool:
        until = self._paused.get(key)
        if until is not None and until <= self._clock():
            del self._paused[key]
            return False
        return until is not None

    def _is_low(self, key: OrgKey) -> bool:
        if key not in self._cut:
            return False
        org = self._orgs.get(key[0])
        return org is None or len(org.jobs.get(key[1], ())) <= MAX_WAITING_OF_KEY // 4

    def _update_ready(self, org_id: UUID, key: UUID) -> None:
        """Make a key ready if one of its jobs may start; forget its turns if it has no jobs."""
        org = self._orgs.get(org_id)
        if org is not None and key in org.jobs and self._running[key] < RUNNING_PER_KEY:
            org.ready.add(key)
            self._order.add(org_id)
        elif org is not None and key not in org.jobs and not self._running[key]:
            org.ready.forget(key)

    def _remove(self, org: _Org, key: UUID) -> None:
        dropped = org.jobs.pop(key, ())
        org.ready.remove(key)
        if not self._running[key]:
            org.ready.forget(key)
        org.waiting -= len(dropped)
        self._waiting -= len(dropped)
        self._known.difference_update(due.id for due in dropped)

    def _update_order(self, org_id: UUID) -> None:
        """Remove an organization from the order if it has nothing to start, and altogether if it has no jobs."""
        org = self._orgs[org_id]
        if org.ready or org.returning:
            self._order.add(org_id)
            return
        self._order.remove(org_id)
        if not org.jobs:
            del self._orgs[org_id]
            self._forget_idle(org_id)

    def _forget_idle(self, org_id: UUID) -> None:
        """Forget the turns of an organization that has no jobs, neither waiting nor running."""
        if org_id not in self._orgs and not self._all_running.has(org_id):
            self._order.forget(org_id)
