"""A pool of connections to PostgreSQL, the last released the first to be used again.

An owner (an organization) may hold all connections while nobody else waits. When others wait, a released connection
goes to the first of them whose owner holds less than half of the pool.

The ``commit`` of a read-only snapshot costs no round trip of its own: the connection is released with the snapshot open
(``pending_commit``), and the next user sends the commit with its first statement. When nobody acquires the connection
within a millisecond or two, the pool commits.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import asyncpg

from resolvers.database.connection import PooledConnection
from resolvers.database.connection_errors import NoAnswerError
from resolvers.database.shares import Shares, ShareWaiter
from resolvers.database.watch import Watch

COMMIT_DELAY_S = 0.001
# While snapshots follow one another, a pooler's server connection stays taken: so often it is freed for others.
MAX_CHAIN_S = 0.02
IDLE_S = 300.0
RESET_S = 5.0
CONNECT_S = 10.0
# How long an answer is waited for, where nothing else is said: longer than a statement may take.
PATIENCE_S = 8.0

# What may go wrong when a transaction or a connection is ended.
_CONNECTION_BROKEN = (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresError)


class Pool:
    """A pool of at most ``max_size`` connections, opened when needed. ``min_size`` of them are not closed when idle.

    A connection that has not answered for ``patience_s`` is dropped, and its statement ends with NoAnswerError.
    """

    def __init__(
        self, connect: Callable[[], Awaitable[PooledConnection]], min_size: int, max_size: int,
        patience_s: float = PATIENCE_S,
    ) -> None:  # fmt: skip
        self.min_size, self.max_size = min_size, max_size
        self.size = 0
        self._connect = connect
        self._loop = asyncio.get_running_loop()
        self._idle: list[PooledConnection] = []
        self._shares: Shares[PooledConnection | None] = Shares(max_size)
        self._tasks: set[asyncio.Task[None]] = set()
        self._commit_timer: asyncio.TimerHandle | None = None
        self._retire_timer: asyncio.TimerHandle | None = None
        self._closed: asyncio.Future[None] | None = None
        self.watch = Watch(patience_s, lambda: self._idle)

    @property
    def idle(self) -> int:
        """Return the number of connections that are not in use."""
        return len(self._idle)

    def held(self, owner: Any) -> int:
        """Return the number of connections that an owner holds."""
        return self._shares.held(owner)

    async def acquire(self, timeout_s: float, owner: Any = None, *, capped: bool = False) -> PooledConnection:
        """Return a connection that is the caller's alone until it is released or reset.

        It counts for ``owner``, if there is one. With ``capped`` the caller waits while the owner holds half of the
        pool or more.

        Raises TimeoutError after ``timeout_s`` seconds, InterfaceError when the pool is closed, and OSError or
        PostgresError when a new connection cannot be opened.
        """
        if self._closed is not None:
            raise asyncpg.InterfaceError("the pool is closed")
        deadline = self._loop.time() + timeout_s
        free = not capped or self._shares.has_room(owner)
        while free and self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                self._shares.take(owner)
                connection.owner = owner
                return connection
            self.size -= 1
        if free and self.size < self.max_size:
            self.size += 1
            self._shares.take(owner)
        else:
            given = await self._wait(timeout_s, owner, capped=capped)
            if given is not None:
                return given
        return await self._open(deadline, timeout_s, owner)

    async def renew(self, dead: PooledConnection, timeout_s: float) -> PooledConnection:
        """Return a new connection for the owner of one that has died, which is not released any more. Raises
        TimeoutError, OSError or PostgresError when it cannot be opened."""
        dead.terminate()
        return await self._open(self._loop.time() + timeout_s, timeout_s, dead.owner)

    def release(self, connection: PooledConnection, *, pending_commit: bool = False) -> None:
        """Take back a connection on which nothing runs; with ``pending_commit`` a finished snapshot is open on it. One
        whose transaction is open, or may be, is reset first: the next user's commit would be its commit too."""
        closed = connection.is_closed()
        in_transaction = not closed and connection.is_in_transaction()
        if not closed and (connection.unsettled or (in_transaction and not pending_commit)):
            self.reset(connection)
            return
        self._shares.give_back(connection.owner)
        connection.owner = connection.opening = None
        if closed:
            self._forget()
            return
        now = self._loop.time()
        pending_commit = pending_commit and in_transaction
        if pending_commit and not connection.pending_commit:
            connection.chain_started_at = now
        connection.fresh, connection.pending_commit, connection.released_at = False, pending_commit, now
        if self._closed is not None:
            self._spawn(self._close_connection(connection))
        elif pending_commit and now - connection.chain_started_at > MAX_CHAIN_S:
            self._spawn(self._end_transaction(connection, "commit"))
        elif not self._hand_over(connection):
            self._idle.append(connection)
            if pending_commit and self._commit_timer is None:
                self._commit_timer = self._loop.call_later(COMMIT_DELAY_S, self._commit_pending)
            if self._retire_timer is None and self.size > self.min_size:
                self._retire_timer = self._loop.call_later(IDLE_S, self._retire)

    def reset(self, connection: PooledConnection) -> asyncio.Task[None]:
        """Roll back what is open or still running, and release the connection; the task need not be awaited."""
        return self._spawn(self._end_transaction(connection, "rollback"))

    async def close(self) -> None:
        """Close the idle connections, and each other one when it is released; return when all are closed."""
        self._closed = self._loop.create_future()
        self.watch.hurry()
        for timer in (self._commit_timer, self._retire_timer):
            if timer is not None:
                timer.cancel()
        for waiter in self._shares.waiters:
            if not waiter.turn.done():
                waiter.turn.set_exception(asyncpg.InterfaceError("the pool is closed"))
        for connection in self._idle:
            self._spawn(self._close_connection(connection))
        self._idle.clear()
        if self.size:
            await self._closed
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _wait(self, timeout_s: float, owner: Any, *, capped: bool) -> PooledConnection | None:
        """Return a connection that was released, or None for the right to open one; it counts for the owner already."""
        turn: asyncio.Future[PooledConnection | None] = self._loop.create_future()
        waiter = ShareWaiter(turn, owner, capped=capped)
        self._shares.waiters.append(waiter)
        timer = self._loop.call_later(timeout_s, waiter.expire)
        try:
            return await turn
        except BaseException:
            if waiter in self._shares.waiters:
                self._shares.waiters.remove(waiter)
            elif turn.done() and not turn.cancelled() and turn.exception() is None:
                # Cancelled after it was given a connection: the next waiter has it.
                given = turn.result()
                if given is None:
                    self._shares.give_back(owner)
                    self._forget()
                else:
                    self.release(given, pending_commit=given.pending_commit)
            raise
        finally:
            timer.cancel()

    async def _open(self, deadline: float, timeout_s: float, owner: Any) -> PooledConnection:
        limit = asyncio.timeout_at(deadline)
        try:
            async with limit:
                connection = await self._connect()
        except BaseException as error:
            self._shares.give_back(owner)
            self._forget()
            if isinstance(error, TimeoutError) and limit.expired():
                # The error of asyncio.timeout_at has no text.
                raise TimeoutError(f"no answer within {timeout_s:g} s") from None
            raise
        connection.owner, connection.fresh, connection.pending_commit = owner, True, False
        connection.released_at = self._loop.time()
        self.watch.add(connection)
        return connection

    def _hand_over(self, given: PooledConnection | None) -> bool:
        """Give a connection, or the right to open one (None), to the next waiter. Return whether there is one."""
        waiter = self._shares.next() if self._shares.waiters else None
        if waiter is None:
            return False
        self._shares.take(waiter.owner)
        if given is not None:
            given.owner = waiter.owner
        waiter.turn.set_result(given)
        return True

    def _forget(self) -> None:
        """Count a connection that is closed: the next waiter may open another."""
        if self._hand_over(None):
            return
        self.size -= 1
        if not self.size and self._closed is not None and not self._closed.done():
            self._closed.set_result(None)

    def _commit_pending(self) -> None:
        late = self._loop.time() - COMMIT_DELAY_S
        due = [each for each in self._idle if each.pending_commit and each.released_at <= late]
        self._idle = [each for each in self._idle if not (each.pending_commit and each.released_at <= late)]
        for connection in due:
            self._spawn(self._end_transaction(connection, "commit"))
        more = any(connection.pending_commit for connection in self._idle)
        self._commit_timer = self._loop.call_later(COMMIT_DELAY_S, self._commit_pending) if more else None

    def _retire(self) -> None:
        late, spare = self._loop.time() - IDLE_S, self.size - self.min_size
        old = [connection for connection in self._idle if connection.released_at <= late][: max(spare, 0)]
        del self._idle[: len(old)]
        for connection in old:
            self._spawn(self._close_connection(connection))
        self._retire_timer = self._loop.call_later(IDLE_S / 4, self._retire) if spare > len(old) else None

    async def _end_transaction(self, connection: PooledConnection, how: str) -> None:
        try:
            async with asyncio.timeout(RESET_S):
                await connection.execute(how)
            if connection.openings.unproven:
                # It is not known what of them was prepared.
                connection.terminate()
        except NoAnswerError:
            # The watch has dropped it.
            connection.terminate()
        except TimeoutError:
            self.watch.drop(connection, RESET_S)
        except _CONNECTION_BROKEN:
            connection.terminate()
        connection.settle()
        self.release(connection)

    async def _close_connection(self, connection: PooledConnection) -> None:
        try:
            await connection.close(timeout=RESET_S)
        except _CONNECTION_BROKEN:
            connection.terminate()
        self._forget()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
