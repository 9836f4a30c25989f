"""What a process has: the pool, the keys, the renderers, and the way to wake a worker."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from resolvers.database.connection_errors import CONNECTION_ERRORS, Outages
from resolvers.database.links import Link
from resolvers.database.pool import Pool
from resolvers.errors import Refusal

Connection = Any  # A pool's Link: asyncpg's stubs say less of what it returns than its users know.
Renderer = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Keyring:
    """Versioned keys; the highest version writes, every version reads."""

    keys: Mapping[int, bytes]

    @property
    def current(self) -> tuple[int, bytes]:
        """The version that writes, and its key."""
        version = max(self.keys)
        return version, self.keys[version]


def _nobody(org_id: UUID, jobs: list[UUID]) -> None:
    """Wakes no one: the sweep finds the work."""


@dataclass(slots=True)
class Runtime:
    """One process's shared things. ``side`` is a small pool of its own, so that a request that holds a connection
    and needs a second can never wait for itself."""

    pool: Pool
    side: Pool
    peppers: Keyring
    secret_keys: Keyring
    seal_keys: Keyring
    renderers: dict[str, Renderer] = field(default_factory=dict)
    wake: Callable[[UUID, list[UUID]], None] = _nobody
    pool_wait: float = 1.0
    statement_timeout_ms: int = 5_000
    webhook_allow_private: bool = False
    webhook_endpoint_limit: int = 20
    outages: Outages = field(default_factory=Outages)
    numbers: dict[tuple[UUID, str], list[int]] = field(default_factory=dict)
    number_locks: dict[tuple[UUID, str], asyncio.Lock] = field(default_factory=dict)

    def tenant(self, org_id: UUID) -> str:
        """The statement that binds a transaction to an organization and gives it its deadline."""
        return (
            f"select set_config('app.org_id','{org_id}',true),"
            f"set_config('statement_timeout','{self.statement_timeout_ms}',true)"
        )

    @property
    def lock_wait(self) -> str:
        """What a reading transaction sets beside ``tenant``: a lock that is not free ends a statement before its time
        does, so that one is not taken for the other."""
        return f",set_config('lock_timeout','{max(1, self.statement_timeout_ms * 9 // 10)}',true)"

    def unavailable(self, error: BaseException) -> Refusal:
        """What is answered to an error of a database that is away; why goes to the log, once for many of them."""
        self.outages.note(error)
        return unavailable()

    def connection(self, pool: Pool | None = None, first: str = "") -> "_Lent":
        """A pooled connection on which ``first`` has run; whatever is still open at the end is rolled back.

        Raises Refusal UNAVAILABLE when none is free in time or the database is away.
        """
        return _Lent(self, pool or self.pool, first)

    @asynccontextmanager
    async def bound(self, org_id: UUID) -> AsyncIterator[Connection]:
        """A short transaction of one organization on the side pool: committed unless an exception leaves."""
        async with self.connection(self.side, f"begin;{self.tenant(org_id)}") as connection:
            yield connection
            await connection.execute("commit")

    def begin(self, how: str, org_id: UUID, also: str = "", *, modest: bool = False) -> Coroutine[Any, Any, Link]:
        """A connection of ``pool`` in a new transaction of one organization, to be released or mended.

        ``how`` is the whole ``begin``, ``also`` (",set_config(…)") sets more. ``modest``: not beyond the organization's
        half of the pool, even where nobody else wants the rest. One round trip, the end of a snapshot
        before it included. Raises Refusal UNAVAILABLE when no connection is free in time or the database is away.
        """
        return self.first(self.pool, f"{how};{self.tenant(org_id)}{also}", org_id, modest=modest)

    async def first(self, pool: Pool, sql: str, owner: UUID | None = None, *, modest: bool = False) -> Link:
        """A connection on which ``sql``, without parameters, has run as the first thing.

        Nothing of the caller's has run before it, so a connection that turns out to be dead is replaced. ``owner``
        is the organization that it is for.
        """
        while True:
            try:
                link = await pool.acquire(self.pool_wait, owner, modest=modest)
            except (*CONNECTION_ERRORS, asyncpg.PostgresError) as error:
                raise self.unavailable(error) from error
            try:
                if link.riding:
                    await link.execute(f"commit;{sql}")
                elif sql:
                    await link.execute(sql)
                return link
            except CONNECTION_ERRORS as error:
                fresh = link.fresh
                link.terminate()
                pool.release(link)
                if fresh:
                    raise self.unavailable(error) from error
            except BaseException:
                pool.mend(link)
                raise


def unavailable() -> Refusal:
    """The database is away, or busy for too long."""
    return Refusal("UNAVAILABLE", "The database is not available; retry later.", retryAfter=1)


def outcome_unknown(*, keyed: bool) -> Refusal:
    """A commit was sent, and nobody knows whether it took place. ``keyed``: the request has an Idempotency-Key."""
    message = "It is not known whether the change was made."
    if keyed:
        # The same request cannot be done twice, so a client may well send it again by itself.
        return Refusal("OUTCOME_UNKNOWN", f"{message} Repeat the request with the same Idempotency-Key.", retryAfter=1)
    return Refusal("OUTCOME_UNKNOWN", f"{message} Check before you repeat it, and send an Idempotency-Key next time.")


class _Lent:
    """A connection for a block. A class, as a generator's context manager costs four times as much."""

    __slots__ = ("_first", "_link", "_pool", "_runtime")

    def __init__(self, runtime: Runtime, pool: Pool, first: str) -> None:
        self._runtime, self._pool, self._first = runtime, pool, first

    async def __aenter__(self) -> Connection:
        self._link = await self._runtime.first(self._pool, self._first)
        return self._link

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        link = self._link
        if link.is_closed() or (error is None and not link.is_in_transaction()):
            self._pool.release(link)
        elif isinstance(error, asyncio.CancelledError):
            # Nobody waits for what was given up, perhaps because this very connection does not answer.
            self._pool.mend(link)
        else:
            # Also after an error outside a transaction: a statement may still be running on it.
            await asyncio.shield(self._pool.mend(link))
