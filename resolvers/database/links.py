"""One connection to PostgreSQL, as a pool keeps it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg
import orjson
from asyncpg.exceptions import InvalidCachedStatementError, OutdatedSchemaCacheError

from resolvers.lists.shelf import Shelf

# What a backend may take for prepared statements. What one takes at most was measured, and follows from its text.
PREPARED_BYTES = 32 * 1024 * 1024
EACH, TIMES = 60 * 1024, 120
# The driver's own ``fetch`` runs few statements, none of them a caller's.
FIXED = 50


class Link(asyncpg.Connection):
    """A pool's connection. It needs no reset: nothing here outlives its transaction.

    ``fresh``: new, and never lent before. ``riding``: a snapshot is open on it that its next user ends, with
    ``commit`` before anything else. ``since``: when it came back; ``chain``: when the first of the snapshots was over
    that have followed one another since. Both are in the loop's time. ``owner`` is whom it is lent to,
    ``prepared`` holds the statements that ``rows`` has prepared.
    """

    __slots__ = ("_running", "chain", "fresh", "owner", "prepared", "riding", "since")

    chain: float
    fresh: bool
    riding: bool
    since: float
    owner: Any
    prepared: "Shelf[str, Any]"
    # The driver's own, which its stubs leave out.
    _check_open: Callable[[], None]
    _get_statement: Callable[..., Awaitable[Any]]
    _running: Any
    _protocol: Any
    _stmts_to_close: set[Any]

    async def rows(self, sql: str, arguments: Sequence[Any], most: int = 0) -> tuple[list[Any], bool]:
        """The first ``most`` rows (0: all) and whether they are all, by a shorter way than ``fetch``, on which a fifth
        of a small statement's CPU is spent. ``more`` gives the next ones."""
        self._check_open()
        statement = self.prepared.get(sql)
        if statement is None:
            statement = await self._get_statement(sql, None, named=True, use_cache=False)
            # What had to go is closed when the next one is prepared.
            self._stmts_to_close.update(self.prepared.put(sql, statement, EACH + TIMES * len(sql), self.owner))
        self._running = statement
        try:
            found, _, ended = await self._protocol.bind_execute(statement, arguments, "", most, True, None)
        except (InvalidCachedStatementError, OutdatedSchemaCacheError):
            # The tables are not what they were when it was prepared. Its transaction failed; a new connection learns.
            self.terminate()
            raise
        return found, ended

    async def more(self, most: int) -> tuple[list[Any], bool]:
        """The next rows of the statement that was the last to run, within its transaction."""
        found, _, ended = await self._protocol.execute(self._running, "", most, True, None)
        return found, ended


def _encode(value: Any) -> str:
    return orjson.dumps(value).decode()


async def connect(url: str) -> Link:
    """A new connection, which speaks jsonb as Python objects. Raises OSError or PostgresError."""
    # Named statements are a message of the protocol, which a pooler carries over (PgBouncer 1.21 and later);
    # they stay as long as their connection: a lifetime would prepare each of them again every five minutes.
    link: Link = await asyncpg.connect(
        url, connection_class=Link, statement_cache_size=FIXED, max_cached_statement_lifetime=0
    )
    link.owner, link.prepared = None, Shelf(PREPARED_BYTES)
    await link.set_type_codec("jsonb", schema="pg_catalog", encoder=_encode, decoder=orjson.loads)
    return link
