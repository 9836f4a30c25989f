"""What is shown of many invoices: an order its invoice, a client what it has paid, totals by status and currency."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from execution import Args
from models.invoices import InvoiceStatus, amount_due, invoices
from resolvers.context import Context, Row
from resolvers.database.sql import owned, selected, statement
from resolvers.invoices.collections import INVOICES
from resolvers.lists.pages import groups
from resolvers.loads import shared

_IDS = sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid))


@statement
def _of_orders(columns: tuple[str, ...], without: tuple[InvoiceStatus, ...]) -> sa.Select[Any]:
    seen = [invoices.c.status != sa.literal_column(f"'{status}'") for status in without]
    found = selected(invoices, columns).add_columns(invoices.c.order_id.label("key"))
    return found.where(invoices.c.order_id == sa.any_(_IDS), *seen)


async def of_orders(ctx: Context, parents: list[Row], args: Args) -> list[Row | None]:
    """Return the invoice of each order that is not VOID, of which there is at most one; to a client no draft."""
    ids = list({row["id"] for row in parents})
    without = (InvoiceStatus.VOID,) if ctx.actor.client is None else (InvoiceStatus.VOID, InvoiceStatus.DRAFT)
    found = {row["key"]: row for row in await ctx.fetch(_of_orders(args.columns, without), ids=ids)}
    return [found.get(row["id"]) for row in parents]


@statement
def _totals() -> sa.Select[Any]:
    columns = (invoices.c.client_id, invoices.c.currency)
    found = owned(invoices, *columns, sa.func.sum(invoices.c.amount_paid).label("lifetime_value"))
    mine = (invoices.c.client_id == sa.any_(_IDS), invoices.c.amount_paid > 0)
    return found.where(*mine).group_by(*columns).order_by(*columns)


async def totals_of_clients(ctx: Context, parents: list[Row], args: Args) -> list[list[dict[str, Any]]]:
    """Return what each client has paid, by currency."""
    found: dict[Any, list[dict[str, Any]]] = {row["id"]: [] for row in parents}
    for row in await ctx.fetch(_totals(), ids=list(found)):
        found[row["client_id"]].append({"currency": row["currency"], "lifetime_value": int(row["lifetime_value"])})
    return [found[row["id"]] for row in parents]


_STATUSES = list(InvoiceStatus)


@shared
async def totals(ctx: Context, args: Args) -> list[dict[str, Any]]:
    """Return the number and the sums of invoices, by status and currency."""
    found = []
    rows = await groups(ctx, INVOICES, args, ("status", "currency"), ("total", "amount_paid"))
    for row in sorted(rows, key=lambda row: (_STATUSES.index(row["status"]), row["currency"])):
        sums = {"status": row["status"], "total": int(row["total"]), "amount_paid": int(row["amount_paid"])}
        found.append({**row, **sums, "amount_due": amount_due(sums)})
    return found
