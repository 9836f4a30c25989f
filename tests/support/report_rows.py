"""Rows of which reports are computed, kept as they are made: without the rules that lead to such rows."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from models.reports import Report, ReportInterval, ReportKind
from models.typeid import new_uuid, uuid_at
from resolvers.changes.edits import new_row
from resolvers.reports.catalogue import DEFINITIONS
from resolvers.reports.figures import Figures
from resolvers.reports.snapshots import portions, snapshot
from tests.support.plain_studio import Asked, Rows
from tests.support.world import World

_INSERT = "insert into {0} select * from jsonb_populate_recordset(null::{0}, $1)"


def created_at(moment: datetime) -> UUID:
    """A new id of a time."""
    return UUID(int=uuid_at(moment).int | (new_uuid().int & ((1 << 80) - 1)))


async def keep(world: World, tables: Iterable[tuple[Any, Rows]]) -> None:
    """Insert rows of models, in their order."""
    async with world.runtime.bound(world.org_id) as connection:
        for model, rows in tables:
            kept = [row | {"org_id": world.org_id} for row in rows]
            await connection.execute(_INSERT.format(model.__tablename__), kept)


def asked_for(kind: ReportKind, asked: Asked) -> dict[str, Any]:
    """The row of a report of a kind, with those of the parameters that it takes."""
    declared = DEFINITIONS[kind]
    return new_row(Report, {
        "kind": kind, "start_date": asked.start if declared.ranges else None, "end_date": asked.end,
        "timezone": asked.zone, "interval": ReportInterval(asked.interval) if declared.periodic else None,
        "currency": asked.currency if declared.priced else None,
    })  # fmt: skip


async def computed(world: World, row: dict[str, Any]) -> tuple[Rows, dict[str, Any], datetime]:
    """The rows of a report, its totals, and the time of its snapshot."""
    report = row | {"org_id": world.org_id}
    figures, rows = Figures(report), []
    async with snapshot(world.runtime, world.org_id) as connection:
        moment = await connection.fetchval("select now()")
        definition = figures.definition
        async for found in portions(connection, definition.sql, definition.sql.arguments(definition.values(report))):
            rows += figures.take(found)
    return rows, figures.totals(), moment
