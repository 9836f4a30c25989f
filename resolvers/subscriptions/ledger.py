"""What is written beside a subscription: the periods that begin, and the changes of its revenue."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.machines import Row
from models.subscriptions import subscription_changes, subscription_periods
from models.typeid import new_uuid
from resolvers.context import Context
from resolvers.database.sql import ORG, statement
from resolvers.subscriptions.revenue import mrr_of
from resolvers.subscriptions.timeline import Period


@statement
def _insert(table: sa.Table, names: tuple[str, ...]) -> sa.Insert:
    columns = [table.c[name] for name in names]
    arrays = [sa.bindparam(f"all_{each.name}", type_=pg.ARRAY(each.type)) for each in columns]
    listed = [sa.column(each.name, each.type) for each in columns]
    rows = sa.func.unnest(*arrays).table_valued(*listed, name="given", joins_implicitly=True).render_derived()
    subscription = sa.bindparam("subscription", type_=sa.Uuid)
    chosen = sa.select(ORG, subscription, *[rows.c[name] for name in names])
    return table.insert().from_select(["org_id", "subscription_id", *names], chosen)


class Ledger:
    """The periods of a subscription that begin in a change, and the changes of its revenue.

    ``row`` is the row that is being changed; ``before`` is its revenue before the change, which is 0 for a new one.
    """

    def __init__(self, row: Row, before: int) -> None:
        self._row, self._revenue = row, before
        self.periods: list[dict[str, Any]] = []
        self.changes: list[dict[str, Any]] = []

    def note(self, at: datetime, period: Period | None = None) -> None:
        """Note what the row has become at a time, and the period that began then, at the row's price."""
        revenue = mrr_of(self._row)
        if revenue != self._revenue:
            change = {"id": new_uuid(), "at": at, "mrr_before": self._revenue, "mrr_after": revenue}
            self.changes.append(change)
            self._revenue = revenue
        if period is not None:
            terms = {name: self._row[name] for name in ("quantity", "unit_price", "tax_rate")}
            times = {"number": period.number, "starts_at": period.starts_at, "ends_at": period.ends_at}
            self.periods.append(times | {"state": period.state} | terms)

    async def write(self, ctx: Context) -> None:
        """Write what was noted, in the transaction of the row's change."""
        for table, rows in ((subscription_periods, self.periods), (subscription_changes, self.changes)):
            if rows:
                names = tuple(rows[0])
                values = {f"all_{name}": [row[name] for row in rows] for name in names}
                await ctx.fetch(_insert(table, names), subscription=self._row["id"], **values)
