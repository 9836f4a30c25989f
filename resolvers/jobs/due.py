"""The due jobs of all organizations: some of each queue and concurrency key, however many another one has."""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.jobs import jobs
from resolvers.database.connection_errors import CONNECTION_ERRORS
from resolvers.database.runtime import Connection, Runtime
from resolvers.database.sql import Sql, statement

_QUEUED: sa.ColumnClause[str] = sa.literal_column("'QUEUED'")
_RUNNING: sa.ColumnClause[str] = sa.literal_column("'RUNNING'")
# An organization and one of its concurrency keys. START comes before all others.
OrgKey = tuple[UUID, UUID]
START: OrgKey = (UUID(int=0), UUID(int=0))


@dataclass(frozen=True, slots=True)
class Due:
    """A job that may run, as the sweep reads it across organizations."""

    org_id: UUID
    id: UUID
    concurrency_key: UUID
    queue: str


_COLUMNS = (jobs.c.org_id, jobs.c.id, jobs.c.concurrency_key, jobs.c.queue)
_LIMIT = sa.bindparam("limit", type_=sa.Integer)
_QUEUE = sa.bindparam("queue", type_=sa.Text)
_QUEUES = sa.bindparam("queues", type_=pg.ARRAY(sa.Text))


@statement
def _expired() -> sa.Select[Any]:
    late = (jobs.c.state == _RUNNING, jobs.c.lease_until <= sa.func.now(), jobs.c.queue == sa.any_(_QUEUES))
    return sa.select(*_COLUMNS).where(*late).order_by(jobs.c.lease_until).limit(_LIMIT)


def _oldest_of(*these: Any) -> Any:
    """Return the lateral select of the oldest due jobs of a queue, or of one of its keys."""
    query = sa.select(*_COLUMNS).where(*these, jobs.c.state == _QUEUED, jobs.c.run_at <= sa.func.now())
    return query.order_by(jobs.c.run_at).limit(_LIMIT).lateral("oldest")


def _given(*columns: sa.ColumnClause[Any]) -> Any:
    """Return a row for each place of arrays, which are named as their columns are with an s."""
    arrays = [sa.bindparam(f"{column.name}s", type_=pg.ARRAY(column.type)) for column in columns]
    return sa.func.unnest(*arrays).table_valued(*columns, name="given", joins_implicitly=True).render_derived()


@statement
def _due() -> sa.Select[Any]:
    """Return the select of the oldest due jobs of each queue: each is one place in the index."""
    given = _given(sa.column("queue", sa.Text))
    oldest = _oldest_of(jobs.c.queue == given.c.queue)
    return sa.select(*oldest.c).select_from(given.join(oldest, sa.true()))


@statement
def _due_by_key() -> sa.Select[Any]:
    """Return the select that visits key after key of a queue, each by one step in the index, with its oldest due jobs
    or nulls."""
    bound = sa.tuple_(sa.bindparam("org", type_=sa.Uuid), sa.bindparam("key", type_=sa.Uuid))

    def following(after: Any) -> sa.Select[Any]:
        query = sa.select(jobs.c.org_id, jobs.c.concurrency_key).where(jobs.c.state == _QUEUED, jobs.c.queue == _QUEUE)
        return (
            query.where(sa.tuple_(jobs.c.org_id, jobs.c.concurrency_key) > after)
            .order_by(jobs.c.org_id, jobs.c.concurrency_key)
            .limit(1)
        )

    first = following(bound).subquery("first")
    keys = sa.select(first.c.org_id, first.c.concurrency_key, sa.literal_column("1", sa.Integer).label("step"))
    visited = keys.cte("keys", recursive=True)
    after = following(sa.tuple_(visited.c.org_id, visited.c.concurrency_key)).lateral("following")
    more = sa.select(after.c.org_id, after.c.concurrency_key, visited.c.step + 1).select_from(
        visited.join(after, sa.true())
    )
    visited = visited.union_all(more.where(visited.c.step < sa.bindparam("keys", type_=sa.Integer)))
    this = (jobs.c.org_id == visited.c.org_id, jobs.c.concurrency_key == visited.c.concurrency_key)
    oldest = _oldest_of(jobs.c.queue == _QUEUE, *this)
    shown = sa.select(visited.c.org_id, oldest.c.id, visited.c.concurrency_key, oldest.c.queue)
    return shown.select_from(visited.outerjoin(oldest, sa.true())).order_by(visited.c.step)


@statement
def _due_of_keys() -> sa.Select[Any]:
    given = _given(sa.column("org_id", sa.Uuid), sa.column("concurrency_key", sa.Uuid))
    this = (jobs.c.org_id == given.c.org_id, jobs.c.concurrency_key == given.c.concurrency_key)
    oldest = _oldest_of(jobs.c.queue == _QUEUE, *this)
    return sa.select(*oldest.c).select_from(given.join(oldest, sa.true()))


@statement
def _find_queued() -> sa.Select[Any]:
    orgs, ids = (sa.bindparam(name, type_=pg.ARRAY(sa.Uuid)) for name in ("orgs", "ids"))
    return sa.select(*_COLUMNS).where(
        jobs.c.org_id == sa.any_(orgs), jobs.c.id == sa.any_(ids), jobs.c.state == _QUEUED
    )


async def due(runtime: Runtime, queues: Collection[str], limit: int) -> tuple[list[Due], set[str]]:
    """Return the oldest jobs of some queues with expired leases, and the oldest due ones of each; and the queues that
    have more of these."""
    values = {"queues": list(queues), "limit": limit}
    async with _across(runtime) as connection:
        expired, waiting = [[Due(*row) for row in await _fetch(connection, sql(), values)] for sql in (_expired, _due)]
    of_queue = Counter(job.queue for job in waiting)
    return expired + waiting, {queue for queue, number in of_queue.items() if number == limit}


async def due_by_key(runtime: Runtime, queue: str, after: OrgKey, keys: int, each: int) -> tuple[list[Due], OrgKey]:
    """Return ``each`` due jobs of so many keys of a queue that follow a key, and the last of these keys (START at the
    end)."""
    values = {"queue": queue, "org": after[0], "key": after[1], "keys": keys, "limit": each}
    async with _across(runtime) as connection:
        rows = await _fetch(connection, _due_by_key(), values)
    visited = {(row["org_id"], row["concurrency_key"]) for row in rows}
    last = (rows[-1]["org_id"], rows[-1]["concurrency_key"]) if len(visited) == keys else START
    return [Due(*row) for row in rows if row["id"] is not None], last


async def due_of_keys(runtime: Runtime, queue: str, keys: Collection[OrgKey], each: int) -> list[Due]:
    """Return the oldest due jobs of some keys of a queue, at most ``each`` of a key."""
    orgs, listed = [org for org, _ in keys], [key for _, key in keys]
    values = {"queue": queue, "org_ids": orgs, "concurrency_keys": listed, "limit": each}
    async with _across(runtime) as connection:
        return [Due(*row) for row in await _fetch(connection, _due_of_keys(), values)]


@dataclass(frozen=True, slots=True)
class Depth:
    """How many jobs of a queue are in a state, QUEUED ones only if they are due, and how long the oldest has waited."""

    queue: str
    state: str
    number: int
    oldest_seconds: float


@statement
def _depths() -> Any:
    def part(state: str, since: Any, *more: Any) -> sa.Select[Any]:
        # One select for each state, each of which has an index of its own.
        oldest = sa.func.extract("epoch", sa.func.now() - sa.func.min(since)).cast(sa.Double)
        shown = (jobs.c.queue, sa.literal_column(f"'{state}'", sa.Text), sa.func.count(), oldest)
        return sa.select(*shown).where(jobs.c.state == sa.literal_column(f"'{state}'"), *more).group_by(jobs.c.queue)

    due = part("QUEUED", jobs.c.run_at, jobs.c.run_at <= sa.func.now())
    return due.union_all(part("RUNNING", jobs.c.run_at), part("FAILED", jobs.c.finished_at))


async def depths(runtime: Runtime) -> list[Depth]:
    """Return the depths of all queues over all organizations, without those that are empty.

    Raises Refusal UNAVAILABLE when the database is not available, or takes too long.
    """
    try:
        async with _across(runtime) as connection:
            return [Depth(*row) for row in await _fetch(connection, _depths(), {})]
    except CONNECTION_ERRORS as error:
        raise runtime.unavailable(error) from error


async def find_queued(runtime: Runtime, pairs: Iterable[tuple[UUID, UUID]]) -> list[Due]:
    """Return those jobs of pairs of organization and id that are queued, with their keys and queues."""
    listed = list(pairs)
    values = {"orgs": list({org for org, _ in listed}), "ids": [job for _, job in listed]}
    async with _across(runtime) as connection:
        return [Due(*row) for row in await _fetch(connection, _find_queued(), values)]


@asynccontextmanager
async def _across(runtime: Runtime) -> AsyncIterator[Connection]:
    """Run a block in a read-only transaction of no organization, in which only ``jobs`` and ``directory`` are
    readable."""
    deadline = f"select set_config('statement_timeout','{runtime.statement_timeout_ms}',true)"
    async with runtime.connection(runtime.side, f"begin read only;{deadline}") as connection:
        yield connection
        await connection.execute("commit")


async def _fetch(connection: Connection, sql: Sql, values: dict[str, Any]) -> list[Any]:
    rows: list[Any] = await connection.fetch(sql.text, *sql.arguments(values))
    return rows
