"""A connection to PostgreSQL that belongs to a pool."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg
import orjson
from asyncpg.exceptions import InvalidCachedStatementError, OutdatedSchemaCacheError

from resolvers.database.sized_cache import SizedCache

# The memory that one backend may use for prepared statements, and what a statement takes at most, as measured: so much,
# and so much for each character of its text.
PREPARED_BYTES = 32 * 1024 * 1024
BYTES_OF_STATEMENT, BYTES_OF_CHARACTER = 60 * 1024, 120
# The size of asyncpg's own cache: its ``fetch`` runs few statements, all of them ours.
STATEMENT_CACHE_SIZE = 50


class PooledConnection(asyncpg.Connection):
    """A connection of a pool. Nothing that is set on it outlives its transaction.

    ``fresh`` is whether nobody has used it yet. ``pending_commit`` is whether a finished snapshot is still open on it:
    its next user sends ``commit`` before anything else. ``released_at`` is when it came back to the pool, and
    ``chain_started_at`` when the first of an unbroken chain of such snapshots ended, both in the loop's time. ``owner``
    is the organization that uses it, ``prepared`` the statements that ``rows`` has prepared.
    """

    __slots__ = ("_running", "chain_started_at", "fresh", "owner", "pending_commit", "prepared", "released_at")

    chain_started_at: float
    fresh: bool
    pending_commit: bool
    released_at: float
    owner: Any
    prepared: "SizedCache[str, Any]"
    # Internals of asyncpg that its stubs leave out.
    _check_open: Callable[[], None]
    _get_statement: Callable[..., Awaitable[Any]]
    _running: Any
    _protocol: Any
    _stmts_to_close: set[Any]

    async def rows(self, sql: str, arguments: Sequence[Any], limit: int = 0) -> tuple[list[Any], bool]:
        """Return the first ``limit`` rows (0: all), and whether these are all. ``more`` returns the next ones.

        It does what ``fetch`` does with less code, which saves a fifth of a small statement's CPU time.
        """
        self._check_open()
        statement = self.prepared.get(sql)
        if statement is None:
            statement = await self._get_statement(sql, None, named=True, use_cache=False)
            # asyncpg closes what is evicted here when it prepares the next one.
            size = BYTES_OF_STATEMENT + BYTES_OF_CHARACTER * len(sql)
            self._stmts_to_close.update(self.prepared.put(sql, statement, size, self.owner))
        self._running = statement
        try:
            found, _, ended = await self._protocol.bind_execute(statement, arguments, "", limit, True, None)
        except (InvalidCachedStatementError, OutdatedSchemaCacheError):
            # The tables have changed since it was prepared. The transaction has failed; a new connection prepares anew.
            self.terminate()
            raise
        return found, ended

    async def more(self, limit: int) -> tuple[list[Any], bool]:
        """Return the next rows of the statement that ran last, and whether these are all, in the same transaction."""
        found, _, ended = await self._protocol.execute(self._running, "", limit, True, None)
        return found, ended


def _encode(value: Any) -> str:
    return orjson.dumps(value).decode()


async def connect(url: str, class_: type[PooledConnection] = PooledConnection) -> PooledConnection:
    """Return a new connection that reads and writes jsonb as Python objects. Raises OSError or PostgresError."""
    # PgBouncer (1.21 and later) supports statements that are prepared by the protocol. They live as long as their
    # connection: with asyncpg's default lifetime each would be prepared again every five minutes.
    connection: PooledConnection = await asyncpg.connect(
        url,
        connection_class=class_,
        statement_cache_size=STATEMENT_CACHE_SIZE,
        max_cached_statement_lifetime=0,
    )
    connection.owner, connection.prepared = None, SizedCache(PREPARED_BYTES)
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=_encode, decoder=orjson.loads)
    return connection
