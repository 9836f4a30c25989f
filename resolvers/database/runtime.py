"""The runtime of a process: its pools, keys and renderers, and how it wakes the workers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from resolvers.database.connection import PooledConnection
from resolvers.database.connection_errors import (
    CONNECTION_ERRORS,
    NOT_MIGRATED_ERRORS,
    Outages,
    PoolBusyError,
    first_line,
)
from resolvers.database.loop_turns import LoopTurns
from resolvers.database.opening import Opening
from resolvers.database.pool import Pool
from resolvers.errors import Refusal
from resolvers.keyring import Keyring
from resolvers.tracing import Tracing
from resolvers.typesetting.typesetter import Typesetter

Connection = Any  # A PooledConnection, whose results asyncpg's stubs type too loosely for its users.
Renderer = Callable[[Any], str]


def _wake_nobody(org_id: UUID, jobs: list[UUID]) -> None:
    """Wake no worker: the sweep finds the jobs."""


def _announce_to_nobody(org_id: UUID) -> None:
    """Announce no event: feeds find it when they look."""


async def _is_migrated(_connection: Connection) -> bool:
    return True


@dataclass(slots=True)
class Runtime:
    """What all requests or jobs of a process share. ``tracing`` is None where nothing is traced.

    ``side`` is a second, small pool: a request that holds a connection and needs another one cannot wait for itself.
    ``typesetter`` makes PDFs. ``tools`` are the operations that agents may run, with the scopes that each needs.
    ``announce`` tells live feeds that an organization has new events.
    ``is_migrated`` tells whether a connection's database has the tables that this version works with.
    """

    pool: Pool
    side: Pool
    peppers: Keyring
    secret_keys: Keyring
    seal_keys: Keyring
    renderers: Mapping[str, Renderer] = field(default_factory=dict)
    tools: Mapping[str, frozenset[str]] = field(default_factory=dict)
    wake: Callable[[UUID, list[UUID]], None] = _wake_nobody
    announce: Callable[[UUID], None] = _announce_to_nobody
    is_migrated: Callable[[Connection], Awaitable[bool]] = _is_migrated
    pool_wait: float = 1.0
    statement_timeout_ms: int = 5_000
    webhook_allow_private: bool = False
    webhook_endpoint_limit: int = 20
    signing_keys: Keyring | None = None
    tracing: Tracing | None = None
    outages: Outages = field(default_factory=Outages)
    turns: LoopTurns = field(default_factory=LoopTurns)
    typesetter: Typesetter = field(default_factory=Typesetter)
    numbers: dict[tuple[UUID, str], list[int]] = field(default_factory=dict)
    number_locks: dict[tuple[UUID, str], asyncio.Lock] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pool.watch.note = self.side.watch.note = self.outages.note

    def tenant(self, org_id: UUID) -> str:
        """Return the SQL that binds a transaction to an organization and sets its statement timeout."""
        return f"select set_config('app.org_id','{org_id}',true){self._statement_timeout}"

    @property
    def _statement_timeout(self) -> str:
        return f",set_config('statement_timeout','{self.statement_timeout_ms}',true)"

    @property
    def lock_timeout(self) -> str:
        """Return what a reading transaction sets after ``tenant``: a lock timeout that is shorter than the statement
        timeout, so that waiting for a lock is not reported as a slow query."""
        return f",set_config('lock_timeout','{max(1, self.statement_timeout_ms * 9 // 10)}',true)"

    def hurry(self) -> None:
        """Wait for answers of the database only shortly from now on: the process is to end."""
        self.pool.watch.hurry()
        self.side.watch.hurry()

    def tell(self, org_id: UUID, jobs: list[UUID], *, announces: bool) -> None:
        """Tell workers of the jobs of a commit, and live feeds that it has events."""
        if jobs:
            self.wake(org_id, jobs)
        if announces:
            self.announce(org_id)

    def unavailable(self, error: BaseException) -> Refusal:
        """Return the refusal for one of ``CONNECTION_ERRORS``, and log the error if it begins an outage."""
        self.outages.note(error)
        return busy() if isinstance(error, PoolBusyError) else unavailable()

    async def require_no_fault(self, error: BaseException) -> None:
        """Raise RuntimeError for one of ``NOT_MIGRATED_ERRORS`` of a database that is migrated: the statement is wrong,
        which no other try mends."""
        if not isinstance(error, NOT_MIGRATED_ERRORS):
            return
        async with self.connection(self.side) as connection:
            if await self.is_migrated(connection):
                raise RuntimeError(f"a wrong statement: {first_line(error)}") from error

    def connection(self, pool: Pool | None = None, first: str = "") -> "_Borrowed":
        """Return a connection for an ``async with`` block, on which ``first`` has run. What is open at the end of the
        block is rolled back.

        Raises Refusal UNAVAILABLE when no connection is free in time or the database is not available.
        """
        return _Borrowed(self, pool or self.pool, first)

    @asynccontextmanager
    async def bound(self, org_id: UUID) -> AsyncIterator[Connection]:
        """Run a block in a short transaction of one organization on the side pool; an exception rolls it back.

        Raises Refusal UNAVAILABLE when the database is not available.
        """
        try:
            async with self.connection(self.side, f"begin;{self.tenant(org_id)}") as connection:
                yield connection
                await connection.execute("commit")
        except CONNECTION_ERRORS as error:
            raise self.unavailable(error) from error

    async def begin(
        self, how: str, org_id: UUID, config: str = "", *, again: bool = True, capped: bool = False
    ) -> PooledConnection:
        """Return a connection of ``pool`` for a new transaction of one organization, to be released or reset.

        ``how`` is the ``begin`` statement, ``config`` (",set_config(…)") what it sets beside, ``again`` whether that is
        one of few. With ``capped`` it waits while the organization holds half of the pool. Nothing is sent yet: the
        transaction begins with its first statement, in the same round trip. Raises Refusal UNAVAILABLE when no
        connection is free in time or the database is not available.
        """
        connection = await self._made(self.pool.acquire(self.pool_wait, org_id, capped=capped))
        connection.opening = Opening(how, self._statement_timeout + config, org_id, again)
        return connection

    async def renewed(self, dead: PooledConnection, opening: Opening) -> PooledConnection:
        """Return a new connection in place of one that turned out to be dead when its transaction was to begin: nothing
        has run on it. Raises Refusal UNAVAILABLE."""
        connection = await self._made(self.pool.renew(dead, self.pool_wait))
        connection.opening = opening
        return connection

    async def _made(self, connection: Coroutine[Any, Any, PooledConnection]) -> PooledConnection:
        try:
            return await connection
        except (*CONNECTION_ERRORS, asyncpg.PostgresError) as error:
            raise self.unavailable(error) from error

    async def first(self, pool: Pool, sql: str) -> PooledConnection:
        """Return a connection on which ``sql``, without parameters, has run as the first statement.

        As nothing of the caller's has run before it, a connection that turns out to be dead is replaced.
        """
        while True:
            connection = await self._made(pool.acquire(self.pool_wait))
            try:
                if connection.pending_commit:
                    await connection.execute(f"commit;{sql}")
                elif sql:
                    await connection.execute(sql)
                return connection
            except CONNECTION_ERRORS as error:
                fresh = connection.fresh
                connection.terminate()
                pool.release(connection)
                if fresh:
                    raise self.unavailable(error) from error
            except BaseException:
                pool.reset(connection)
                raise


def unavailable() -> Refusal:
    """Return the refusal for a database that is not available, or was busy for too long."""
    return Refusal("UNAVAILABLE", "The database is not available; retry later.", retryAfter=1)


def busy() -> Refusal:
    """Return the refusal for a request for which no connection was free: the database may be well."""
    return Refusal("UNAVAILABLE", "The server is busy; retry later.", retryAfter=1)


def outcome_unknown(*, keyed: bool) -> Refusal:
    """Return the refusal for a commit whose outcome is unknown. ``keyed``: the request has an Idempotency-Key."""
    message = "It is not known whether the change was made."
    if keyed:
        # The key keeps the request from running twice, so a client may repeat it without asking anybody.
        return Refusal("OUTCOME_UNKNOWN", f"{message} Repeat the request with the same Idempotency-Key.", retryAfter=1)
    return Refusal("OUTCOME_UNKNOWN", f"{message} Check before you repeat it, and send an Idempotency-Key next time.")


class _Borrowed:
    """A connection for a block. It is a class because a generator's context manager costs four times as much."""

    __slots__ = ("_acquired", "_first", "_pool", "_runtime")

    def __init__(self, runtime: Runtime, pool: Pool, first: str) -> None:
        self._runtime, self._pool, self._first = runtime, pool, first

    async def __aenter__(self) -> Connection:
        self._acquired = await self._runtime.first(self._pool, self._first)
        return self._acquired

    async def __aexit__(self, exc_type: object, error: BaseException | None, traceback: object) -> None:
        connection = self._acquired
        if connection.is_closed() or (error is None and not connection.is_in_transaction()):
            self._pool.release(connection)
        elif isinstance(error, asyncio.CancelledError):
            # Not waited for: the reason may be that this very connection does not answer.
            self._pool.reset(connection)
        else:
            # Also without a transaction: after an error a statement may still be running.
            await asyncio.shield(self._pool.reset(connection))
