"""Invoice numbers: without gaps, in one series for each prefix (without case) and year of issue."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.invoices import INVOICE
from models.organizations import counters
from resolvers.changes.advisory_lock import lock_objects
from resolvers.context import Context, now
from resolvers.database.sql import ORG, statement


@statement
def _next() -> Any:
    first = pg.insert(counters).values(org_id=ORG, name=sa.bindparam("name", type_=sa.Text), next=2)
    return first.on_conflict_do_update(
        index_elements=[counters.c.org_id, counters.c.name], set_={"next": counters.c.next + 1}
    ).returning((counters.c.next - 1).label("number"))


def year_of(moment: datetime, timezone: str) -> int:
    """Return the year in which a moment is in a time zone."""
    return moment.astimezone(ZoneInfo(timezone)).year


def shown_number(prefix: str, year: int, number: int) -> str:
    """Return an invoice number as people read it: ``INV-2026-000001`` for the prefix ``INV-``."""
    return f"{prefix}{year}-{number:06d}"


async def issue(ctx: Context, prefix: str, timezone: str) -> tuple[str, datetime]:
    """Return the next number of a series and the time of issue; the organization's other invoices wait to be issued.

    They wait until the transaction has ended, so everything else is checked before. The time is taken when it is this
    invoice's turn, so that later numbers have later times; a transaction that is rolled back gives its number back.
    """
    await lock_objects(ctx, INVOICE)
    moment = now()
    year = year_of(moment, timezone)
    row = await ctx.row(_next(), name=f"{INVOICE.plural}:{year}:{prefix.lower()}")
    assert row is not None, "an upsert returns its row"
    return shown_number(prefix, year, row["number"]), moment
