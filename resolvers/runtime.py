"""What a process has: the pool, the keys, the renderers, and the way to wake a worker."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from resolvers.errors import Refusal

Pool = Any  # asyncpg.Pool, whose stubs want its connection's class everywhere.
Connection = Any  # asyncpg.Connection or its pool proxy: the stubs differ where the calls do not.
Renderer = Callable[[Any], str]

# The database is away, or took too long: the caller may try again.
AWAY = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
)


class _NoReset(asyncpg.Connection):
    """A connection that needs no reset: nothing here outlives its transaction, and a reset is a round trip."""

    def get_reset_query(self) -> str:
        """Nothing to run when the connection goes back to the pool."""
        return ""


async def _prepare(connection: Connection) -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads
    )


async def open_pool(url: str, *, least: int, most: int) -> Pool:
    """A pool whose connections speak jsonb as Python objects and pass a transaction pooler."""
    return await asyncpg.create_pool(
        url, min_size=least, max_size=most, init=_prepare, connection_class=_NoReset, statement_cache_size=1_000
    )


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
    numbers: dict[tuple[UUID, str], list[int]] = field(default_factory=dict)
    number_locks: dict[tuple[UUID, str], asyncio.Lock] = field(default_factory=dict)

    def tenant(self, org_id: UUID) -> str:
        """The statement that binds a transaction to an organization and gives it its deadline."""
        return (
            f"select set_config('app.org_id','{org_id}',true),"
            f"set_config('statement_timeout','{self.statement_timeout_ms}',true)"
        )

    @asynccontextmanager
    async def connection(self, pool: Pool | None = None) -> AsyncIterator[Connection]:
        """A pooled connection outside a transaction; whatever is still open at the end is rolled back.

        Raises Refusal UNAVAILABLE when none is free in time or the database is away.
        """
        chosen = pool or self.pool
        try:
            connection = await chosen.acquire(timeout=self.pool_wait)
        except (TimeoutError, *AWAY, asyncpg.PostgresError) as error:
            raise Refusal("UNAVAILABLE", "The database is not available. Try again.", retryAfter=1) from error
        try:
            yield connection
        finally:
            await asyncio.shield(_give_back(chosen, connection))

    @asynccontextmanager
    async def bound(self, org_id: UUID) -> AsyncIterator[Connection]:
        """A short transaction of one organization on the side pool: committed unless an exception leaves."""
        async with self.connection(self.side) as connection:
            await connection.execute(f"begin;{self.tenant(org_id)}")
            yield connection
            await connection.execute("commit")


async def _give_back(pool: Pool, connection: Connection) -> None:
    if not connection.is_closed() and connection.is_in_transaction():
        try:
            await connection.execute("rollback")
        except (*AWAY, asyncpg.PostgresError):
            connection.terminate()
    await pool.release(connection)
