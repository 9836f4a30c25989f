"""Connections whose statements are spans: what is done to which tables, and no values."""

import re
from collections.abc import Coroutine
from functools import lru_cache
from typing import Any, TypeVar

import asyncpg

from models.base import metadata
from resolvers.database.connection import PooledConnection
from resolvers.tracing import Attributes
from server.tracing.spans import CURRENT

T = TypeVar("T")
# As many as there are of all operations that are known, and the longest summary that the conventions allow.
TEXTS_KEPT, SUMMARY_LENGTH = 1_000, 255
_SYSTEM = {"db.system.name": "postgresql"}
_CHANGE = re.compile(r"\b(insert)\s+into\s|\b(delete)\s+from\s|\b(update)\s+\w+\s+set\s", re.IGNORECASE)
_TABLE = re.compile(r"\b(?:from|join|into|update)\s+(\w+)", re.IGNORECASE)
# A begin has the organization's ID, so it is none of the texts that come again. The commit before it is of the
# snapshot that used the connection before.
_TRANSACTION = re.compile(r"(?:commit;)?\s*(begin|commit|rollback)\b", re.IGNORECASE)


@lru_cache(maxsize=TEXTS_KEPT)
def summary_of(sql: str) -> tuple[str, Attributes]:
    """Return what a statement does to which tables, such as ``SELECT orders clients``, and its attributes."""
    change = _CHANGE.search(sql)
    verb = "SELECT" if change is None else next(filter(None, change.groups())).upper()
    tables = dict.fromkeys(name for name in _TABLE.findall(sql) if name in metadata.tables)
    summary = verb
    for name in tables:
        if len(summary) + 1 + len(name) > SUMMARY_LENGTH:
            break
        summary += f" {name}"
    found = _SYSTEM | {"db.operation.name": verb, "db.query.summary": summary}
    return summary, found | {"db.collection.name": next(iter(tables))} if len(tables) == 1 else found


def _described(sql: str) -> tuple[str, Attributes]:
    transaction = _TRANSACTION.match(sql)
    if transaction is None:
        return summary_of(sql)
    verb = transaction[1].upper()
    return verb, _SYSTEM | {"db.operation.name": verb, "db.query.summary": verb}


def _code_of(error: BaseException) -> str:
    return getattr(error, "sqlstate", None) or type(error).__name__


def _traced(sql: str, work: Coroutine[Any, Any, T]) -> Coroutine[Any, Any, T]:
    """Return a statement's work in a span, where it is within one that is recorded: what a process does for itself is
    no trace."""
    above = CURRENT.get()
    return work if above is None or not above.recorded else _in_span(sql, work)


async def _in_span(sql: str, work: Coroutine[Any, Any, T]) -> T:
    above = CURRENT.get()
    assert above is not None, "a statement is traced within a span"
    name, attributes = _described(sql)
    span = above.spans.begin(name, "client", attributes)
    try:
        return await work
    except BaseException as error:
        code = _code_of(error)
        span.fail(code)
        if isinstance(error, asyncpg.PostgresError):
            span.note({"db.response.status_code": code})
        raise
    finally:
        span.end()


class TracedConnection(PooledConnection):
    """A connection each of whose statements is a span."""

    __slots__ = ()

    def rows(self, sql: str, *given: Any, **options: Any) -> Coroutine[Any, Any, tuple[list[Any], bool]]:
        """Run a statement like that of an untraced connection, after its transaction has begun by itself."""
        work = _traced(sql, super().rows(sql, *given, **options))
        return work if self.opening is None else self._after_opening(work)

    async def _after_opening(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            await self.open()
        except BaseException:
            work.close()
            raise
        return await work

    def execute(self, query: str, *given: Any, **options: Any) -> Coroutine[Any, Any, str]:
        """Run a statement like that of an untraced connection."""
        return _traced(query, super().execute(query, *given, **options))

    def fetch(self, query: str, *given: Any, **options: Any) -> Coroutine[Any, Any, list[Any]]:
        """Run a statement like that of an untraced connection."""
        return _traced(query, super().fetch(query, *given, **options))

    def fetchrow(self, query: str, *given: Any, **options: Any) -> Coroutine[Any, Any, Any]:
        """Run a statement like that of an untraced connection."""
        return _traced(query, super().fetchrow(query, *given, **options))

    def fetchval(self, query: str, *given: Any, **options: Any) -> Coroutine[Any, Any, Any]:
        """Run a statement like that of an untraced connection."""
        return _traced(query, super().fetchval(query, *given, **options))
