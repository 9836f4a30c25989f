"""A transaction of an operation, on a connection that is its own until it ends."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import asyncpg

from resolvers.database.connection import PooledConnection
from resolvers.database.connection_errors import CONNECTION_ERRORS, is_lost
from resolvers.database.opening import Opening
from resolvers.database.pipeline import StatementOutcome
from resolvers.database.runtime import Runtime
from resolvers.errors import Refusal


class OpenTransaction:
    """A transaction that begins with its first statement.

    A connection that turns out to have died before it is replaced: nothing has run on it. ``lost`` is why that could
    not be.
    """

    __slots__ = ("_connection", "_ended", "_runtime", "lost")

    def __init__(self, runtime: Runtime, connection: PooledConnection) -> None:
        self._runtime = runtime
        self._connection: PooledConnection | None = connection
        self._ended = False
        self.lost: Refusal | None = None

    @property
    def connection(self) -> PooledConnection:
        """Return its connection. Raises Refusal UNAVAILABLE where it has none any more."""
        if self._connection is None:
            raise self.lost or AssertionError("a transaction that is being renewed runs nothing")
        return self._connection

    async def rows(self, sql: str, arguments: Sequence[Any], limit: int) -> tuple[list[Any], bool]:
        """Return the first ``limit`` rows (0: all) of a statement, and whether these are all.

        Raises one of ``CONNECTION_ERRORS``, or Refusal UNAVAILABLE.
        """
        connection = self.connection
        opening = connection.opening
        try:
            return await connection.rows(sql, arguments, limit)
        except CONNECTION_ERRORS as error:
            if opening is None or not self._may_renew(connection, error):
                raise
            renewed = await self._renewed(connection, opening)
            return await renewed.rows(sql, arguments, limit)

    async def together(self, asked: Sequence[tuple[str, Sequence[Any], int]]) -> list[StatementOutcome]:
        """Run several statements (SQL, arguments, limit) in one round trip, and return the outcome of each; None for
        those that have to be run by themselves."""
        connection = self.connection
        opening = connection.opening
        outcomes = await connection.together(asked)
        first = outcomes[0]
        if opening is None or not isinstance(first, CONNECTION_ERRORS) or not self._may_renew(connection, first):
            return outcomes
        # None is prepared on a new connection, so each is run by itself; where there is none, each is refused then.
        with suppress(Refusal):
            await self._renewed(connection, opening)
        return [None] * len(asked)

    def _may_renew(self, connection: PooledConnection, error: BaseException) -> bool:
        return not self._ended and not connection.fresh and is_lost(error)

    def end(self) -> PooledConnection | None:
        """Return the connection, to be released or reset; None where there is none."""
        connection, self._connection, self._ended = self._connection, None, True
        return connection

    async def _renewed(self, dead: PooledConnection, opening: Opening) -> PooledConnection:
        self._connection = None
        try:
            connection = await self._runtime.renewed(dead, opening)
        except Refusal as refused:
            self.lost = refused
            raise
        if self._ended:
            self._runtime.pool.release(connection)
            raise asyncpg.InterfaceError("the transaction has ended")
        self._connection = connection
        return connection
