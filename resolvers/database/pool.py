"""Connections to PostgreSQL, lent last in, first out; one that ends a snapshot comes back with it still open.

An owner (an organization) may hold all of them while nobody else waits. Where somebody does, a connection that comes
back goes to the first whose owner holds less than half of the pool.

The end of a snapshot travels with the next statement that the connection is lent for (``riding``). When nobody
takes the connection within a millisecond or two, the pool ends the snapshot by itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

import asyncpg

from resolvers.database.links import Link, connect
from resolvers.database.shares import Shares, Waiter

RIDE_S = 0.001
# Snapshots that follow one another keep a pooler's connection: it is given up at least so often, for others to have.
CHAIN_S = 0.02
IDLE_S = 300.0
MEND_S = 5.0
CONNECT_S = 10.0

# Whatever may go wrong on a connection that is given up anyway.
_BROKEN = (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresError)


class Pool:
    """At most ``most`` connections, made as they are needed; of the idle ones ``least`` stay however old they are."""

    def __init__(self, connect: Callable[[], Awaitable[Link]], least: int, most: int) -> None:
        self.least, self.most = least, most
        self.size = 0
        self._connect = connect
        self._loop = asyncio.get_running_loop()
        self._idle: list[Link] = []
        self._shares: Shares[Link | None] = Shares(most)
        self._tasks: set[asyncio.Task[None]] = set()
        self._rides: asyncio.TimerHandle | None = None
        self._ages: asyncio.TimerHandle | None = None
        self._emptied: asyncio.Future[None] | None = None

    @property
    def idle(self) -> int:
        """How many connections nobody holds."""
        return len(self._idle)

    def held(self, owner: Any) -> int:
        """How many connections an owner holds."""
        return self._shares.held(owner)

    async def acquire(self, patience: float, owner: Any = None, *, modest: bool = False) -> Link:
        """A connection, the last that came back, for the caller alone until it is released or mended.

        ``owner`` is whose share it is of; without one it is of nobody's. ``modest``: not while that is half or more.

        Raises TimeoutError after ``patience`` seconds, InterfaceError when the pool is closed, and what connecting
        raises: OSError, PostgresError.
        """
        if self._emptied is not None:
            raise asyncpg.InterfaceError("the pool is closed")
        deadline = self._loop.time() + patience
        free = not modest or self._shares.has_room(owner)
        while free and self._idle:
            link = self._idle.pop()
            if not link.is_closed():
                self._shares.take(owner)
                link.owner = owner
                return link
            self.size -= 1
        if free and self.size < self.most:
            self.size += 1
            self._shares.take(owner)
        else:
            given = await self._turn(patience, owner, modest=modest)
            if given is not None:
                return given
        return await self._new(deadline, patience, owner)

    def release(self, link: Link, *, riding: bool = False) -> None:
        """Take back a connection on which nothing runs; ``riding``: what is open on it is a snapshot that is over."""
        self._shares.give_back(link.owner)
        link.owner = None
        if link.is_closed():
            self._lose()
            return
        now = self._loop.time()
        riding = riding and link.is_in_transaction()
        if riding and not link.riding:
            link.chain = now
        link.fresh, link.riding, link.since = False, riding, now
        if self._emptied is not None:
            self._spawn(self._end(link))
        elif riding and now - link.chain > CHAIN_S:
            self._spawn(self._clean(link, "commit"))
        elif not self._hand(link):
            self._idle.append(link)
            if riding and self._rides is None:
                self._rides = self._loop.call_later(RIDE_S, self._end_rides)
            if self._ages is None and self.size > self.least:
                self._ages = self._loop.call_later(IDLE_S, self._retire)

    def mend(self, link: Link) -> asyncio.Task[None]:
        """Roll back whatever is open or still running, and take the connection back; it goes on when not awaited."""
        return self._spawn(self._clean(link, "rollback"))

    async def close(self) -> None:
        """End the idle connections at once, each other one when it comes back; returns when there is none left."""
        self._emptied = self._loop.create_future()
        for timer in (self._rides, self._ages):
            if timer is not None:
                timer.cancel()
        for waiter in self._shares.waiters:
            if not waiter.turn.done():
                waiter.turn.set_exception(asyncpg.InterfaceError("the pool is closed"))
        for link in self._idle:
            self._spawn(self._end(link))
        self._idle.clear()
        if self.size:
            await self._emptied
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _turn(self, patience: float, owner: Any, *, modest: bool) -> Link | None:
        """A connection from its last user, or None with the right to make one; the owner's share has it already."""
        turn: asyncio.Future[Link | None] = self._loop.create_future()
        waiter = Waiter(turn, owner, modest=modest)
        self._shares.waiters.append(waiter)
        timer = self._loop.call_later(patience, _expire, turn)
        try:
            return await turn
        except BaseException:
            if waiter in self._shares.waiters:
                self._shares.waiters.remove(waiter)
            elif turn.done() and not turn.cancelled() and turn.exception() is None:
                # Cancelled after its turn came: the next one has it.
                given = turn.result()
                if given is None:
                    self._shares.give_back(owner)
                    self._lose()
                else:
                    self.release(given, riding=given.riding)
            raise
        finally:
            timer.cancel()

    async def _new(self, deadline: float, patience: float, owner: Any) -> Link:
        limit = asyncio.timeout_at(deadline)
        try:
            async with limit:
                link = await self._connect()
        except BaseException as error:
            self._shares.give_back(owner)
            self._lose()
            if isinstance(error, TimeoutError) and limit.expired():
                # The bound's own error has no text.
                raise TimeoutError(f"no answer within {patience:g} s") from None
            raise
        link.owner, link.fresh, link.riding, link.since = owner, True, False, self._loop.time()
        return link

    def _hand(self, given: Link | None) -> bool:
        """Whether somebody waited for what came back, and has it."""
        waiter = self._shares.next() if self._shares.waiters else None
        if waiter is None:
            return False
        self._shares.take(waiter.owner)
        if given is not None:
            given.owner = waiter.owner
        waiter.turn.set_result(given)
        return True

    def _lose(self) -> None:
        """One connection is gone: the first who waits may make another."""
        if self._hand(None):
            return
        self.size -= 1
        if not self.size and self._emptied is not None and not self._emptied.done():
            self._emptied.set_result(None)

    def _end_rides(self) -> None:
        late = self._loop.time() - RIDE_S
        over = [link for link in self._idle if link.riding and link.since <= late]
        self._idle = [link for link in self._idle if not (link.riding and link.since <= late)]
        for link in over:
            self._spawn(self._clean(link, "commit"))
        riding = any(link.riding for link in self._idle)
        self._rides = self._loop.call_later(RIDE_S, self._end_rides) if riding else None

    def _retire(self) -> None:
        late, spare = self._loop.time() - IDLE_S, self.size - self.least
        old = [link for link in self._idle if link.since <= late][: max(spare, 0)]
        del self._idle[: len(old)]
        for link in old:
            self._spawn(self._end(link))
        self._ages = self._loop.call_later(IDLE_S / 4, self._retire) if spare > len(old) else None

    async def _clean(self, link: Link, how: str) -> None:
        try:
            async with asyncio.timeout(MEND_S):
                await link.execute(how)
        except _BROKEN:
            link.terminate()
        self.release(link)

    async def _end(self, link: Link) -> None:
        try:
            await link.close(timeout=MEND_S)
        except _BROKEN:
            link.terminate()
        self._lose()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _expire(waiter: asyncio.Future[Link | None]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError("no connection came back in time"))


async def open_pool(url: str, *, least: int, most: int) -> Pool:
    """A pool with ``least`` connections, which speak jsonb as Python objects and pass a transaction pooler.

    Raises OSError or PostgresError when the database is away.
    """
    pool = Pool(partial(connect, url), least, most)
    links: list[Link] = []
    try:
        while len(links) < least:
            links.append(await pool.acquire(CONNECT_S))
    except BaseException:
        for link in links:
            link.terminate()
        raise
    for link in links:
        pool.release(link)
    return pool
