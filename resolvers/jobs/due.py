"""Which jobs are due, across organizations: some of each lane, however many another has."""

from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.jobs import jobs
from resolvers.database.runtime import Connection, Runtime
from resolvers.database.sql import Sql, statement

_QUEUED: sa.ColumnClause[str] = sa.literal_column("'QUEUED'")
_RUNNING: sa.ColumnClause[str] = sa.literal_column("'RUNNING'")
# A lane is named with its organization. START comes before all of them.
Lane = tuple[UUID, UUID]
START: Lane = (UUID(int=0), UUID(int=0))


@dataclass(frozen=True, slots=True)
class Due:
    """A job that may run: what the sweep reads across organizations."""

    org_id: UUID
    id: UUID
    lane: UUID
    queue: str


_SEEN = (jobs.c.org_id, jobs.c.id, jobs.c.lane, jobs.c.queue)


_MOST = sa.bindparam("most", type_=sa.Integer)


@statement
def _due(expired: bool) -> sa.Select[Any]:
    moment, state = (jobs.c.lease_until, _RUNNING) if expired else (jobs.c.run_at, _QUEUED)
    late = (jobs.c.state == state, moment <= sa.func.now())
    return sa.select(*_SEEN).where(*late).order_by(moment).limit(_MOST)


def _oldest_of(lanes: Any) -> Any:
    """The oldest due jobs of each lane."""
    this = (jobs.c.org_id == lanes.c.org_id, jobs.c.lane == lanes.c.lane)
    due = (jobs.c.state == _QUEUED, jobs.c.run_at <= sa.func.now())
    query = sa.select(jobs.c.id, jobs.c.queue).where(*this, *due)
    return query.order_by(jobs.c.run_at).limit(_MOST).lateral("oldest")


@statement
def _due_by_lane() -> sa.Select[Any]:
    """Lane after lane, each found by one step in the index, with its oldest jobs or nulls."""
    bound = sa.tuple_(sa.bindparam("org", type_=sa.Uuid), sa.bindparam("lane", type_=sa.Uuid))

    def following(after: Any) -> sa.Select[Any]:
        query = sa.select(jobs.c.org_id, jobs.c.lane).where(jobs.c.state == _QUEUED)
        return query.where(sa.tuple_(jobs.c.org_id, jobs.c.lane) > after).order_by(jobs.c.org_id, jobs.c.lane).limit(1)

    first = following(bound).subquery("first")
    lanes = sa.select(first.c.org_id, first.c.lane, sa.literal_column("1", sa.Integer).label("step"))
    visited = lanes.cte("lanes", recursive=True)
    after = following(sa.tuple_(visited.c.org_id, visited.c.lane)).lateral("following")
    more = sa.select(after.c.org_id, after.c.lane, visited.c.step + 1).select_from(visited.join(after, sa.true()))
    visited = visited.union_all(more.where(visited.c.step < sa.bindparam("lanes", type_=sa.Integer)))
    oldest = _oldest_of(visited)
    shown = sa.select(visited.c.org_id, oldest.c.id, visited.c.lane, oldest.c.queue)
    return shown.select_from(visited.outerjoin(oldest, sa.true())).order_by(visited.c.step)


@statement
def _due_of() -> sa.Select[Any]:
    orgs, listed = (sa.bindparam(name, type_=pg.ARRAY(sa.Uuid)) for name in ("orgs", "listed"))
    columns = (sa.column("org_id", sa.Uuid), sa.column("lane", sa.Uuid))
    lanes = sa.func.unnest(orgs, listed).table_valued(*columns, name="lanes", joins_implicitly=True).render_derived()
    oldest = _oldest_of(lanes)
    shown = sa.select(lanes.c.org_id, oldest.c.id, lanes.c.lane, oldest.c.queue)
    return shown.select_from(lanes.join(oldest, sa.true()))


@statement
def _seen() -> sa.Select[Any]:
    orgs, ids = (sa.bindparam(name, type_=pg.ARRAY(sa.Uuid)) for name in ("orgs", "ids"))
    return sa.select(*_SEEN).where(jobs.c.org_id == sa.any_(orgs), jobs.c.id == sa.any_(ids), jobs.c.state == _QUEUED)


async def due(runtime: Runtime, most: int) -> tuple[list[Due], bool]:
    """What has an expired lease and what is due, the oldest across organizations; whether there is more of either."""
    async with _across(runtime) as connection:
        found = [await _fetch(connection, _due(expired), {"most": most}) for expired in (True, False)]
    return [Due(*row) for rows in found for row in rows], any(len(rows) == most for rows in found)


async def due_by_lane(runtime: Runtime, after: Lane, lanes: int, each: int) -> tuple[list[Due], Lane]:
    """Some due jobs of each lane, for so many lanes after one in their order; the last of them, START at the end."""
    values = {"org": after[0], "lane": after[1], "lanes": lanes, "most": each}
    async with _across(runtime) as connection:
        rows = await _fetch(connection, _due_by_lane(), values)
    visited = {(row["org_id"], row["lane"]) for row in rows}
    last = (rows[-1]["org_id"], rows[-1]["lane"]) if len(visited) == lanes else START
    return [Due(*row) for row in rows if row["id"] is not None], last


async def due_of(runtime: Runtime, lanes: Collection[Lane], each: int) -> list[Due]:
    """The oldest due jobs of some lanes, at most so many of each."""
    values = {"orgs": [org for org, _ in lanes], "listed": [lane for _, lane in lanes], "most": each}
    async with _across(runtime) as connection:
        return [Due(*row) for row in await _fetch(connection, _due_of(), values)]


async def seen(runtime: Runtime, pairs: Iterable[tuple[UUID, UUID]]) -> list[Due]:
    """The lanes and queues of queued jobs, given as organization and id."""
    listed = list(pairs)
    values = {"orgs": list({org for org, _ in listed}), "ids": [job for _, job in listed]}
    async with _across(runtime) as connection:
        return [Due(*row) for row in await _fetch(connection, _seen(), values)]


@asynccontextmanager
async def _across(runtime: Runtime) -> AsyncIterator[Connection]:
    """A read-only transaction of no organization: only ``jobs`` and ``directory`` can be read in it."""
    deadline = f"select set_config('statement_timeout','{runtime.statement_timeout_ms}',true)"
    async with runtime.connection(runtime.side, f"begin read only;{deadline}") as connection:
        yield connection
        await connection.execute("commit")


async def _fetch(connection: Connection, sql: Sql, values: dict[str, Any]) -> list[Any]:
    rows: list[Any] = await connection.fetch(sql.text, *sql.arguments(values))
    return rows
