"""The context of one operation: who acts, for which organization, on one connection."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from models.keys import ActorKind, Source, allows
from resolvers.errors import Refusal
from resolvers.runtime import AWAY, Connection, Runtime
from resolvers.sql import Sql

# A database row: an asyncpg.Record, or a mapping of the same columns. Read by column name.
Row = Any

_BEGIN_READ = "begin isolation level repeatable read, read only"
_BEGIN_WRITE = "begin"


def now() -> datetime:
    """The present, cut to the milliseconds that are kept and shown."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a key, a job, the command line or the public."""

    kind: ActorKind
    id: str
    name: str
    scopes: frozenset[str]
    org_id: UUID
    key_id: UUID | None = None

    def may(self, scope: str) -> bool:
        """Whether the actor holds a scope, or one that includes it."""
        return allows(self.scopes, scope)


@dataclass(slots=True)
class Context:
    """One operation's context. Loaders, rows and the connection live as long as it does, and no longer.

    ``statements`` counts what was sent, without the one that opens the transaction and the one that ends it.
    ``once`` holds secrets that are shown this once: a replay of the answer is without them.
    """

    runtime: Runtime
    actor: Actor
    request_id: str
    source: Source
    idempotency_key: str | None = None
    statements: int = 0
    log: list[str] = field(default_factory=list)
    replayed: bool = False
    once: list[str] = field(default_factory=list)
    loaders: dict[Any, Any] = field(default_factory=dict)
    wakes: list[UUID] = field(default_factory=list)
    columns: dict[Any, tuple[str, ...]] = field(default_factory=dict)
    _connection: Connection | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def org_id(self) -> UUID:
        """The organization whose rows this operation sees."""
        return self.actor.org_id

    async def fetch(self, sql: Sql, **values: Any) -> list[Row]:
        """Run a statement on the operation's connection. ``org_id`` is always given."""
        values["org_id"] = self.actor.org_id
        connection = self._connection
        assert connection is not None, "a statement needs an open transaction"
        async with self._turn:
            self.statements += 1
            self.log.append(sql.text)
            rows: list[Row] = await connection.fetch(sql.text, *sql.arguments(values))
            return rows

    async def row(self, sql: Sql, **values: Any) -> Row | None:
        """The first row, or None."""
        rows = await self.fetch(sql, **values)
        return rows[0] if rows else None

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[None]:
        """One read-only snapshot for a query."""
        async with self._open(_BEGIN_READ) as connection:
            yield
            await connection.execute("commit")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """One transaction for a change: committed at the end, rolled back by any exception.

        Raises Refusal OUTCOME_UNKNOWN when the connection dies during the commit.
        """
        async with self._open(_BEGIN_WRITE) as connection:
            yield
            await _commit(connection)
        self.loaders.clear()
        woken, self.wakes = self.wakes, []
        if woken:
            self.runtime.wake(self.org_id, woken)

    @asynccontextmanager
    async def _open(self, begin: str) -> AsyncIterator[Connection]:
        runtime = self.runtime
        async with runtime.connection() as connection:
            self._connection = connection
            try:
                await connection.execute(f"{begin};{runtime.tenant(self.actor.org_id)}")
                yield connection
            except AWAY as error:
                raise Refusal("UNAVAILABLE", "The database is not available. Try again.", retryAfter=1) from error
            finally:
                self._connection = None


async def _commit(connection: Connection) -> None:
    """Commit, whatever becomes of the request: a cancelled one does not interrupt it."""
    work = asyncio.ensure_future(connection.execute("commit"))
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise
    except AWAY as error:
        message = "The connection died during the commit. Repeat the request with the same Idempotency-Key."
        raise Refusal("OUTCOME_UNKNOWN", message, retryAfter=1) from error


Batch = Callable[[Context, list[Any], Any], Coroutine[Any, Any, list[Any]]]
