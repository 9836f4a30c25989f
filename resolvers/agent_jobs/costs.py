"""What agents cost for orders and for clients, and what that leaves of an order's total."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from aiodataloader import DataLoader
from sqlalchemy.dialects import postgresql as pg

from execution import Args
from models.agent_jobs import agent_jobs
from models.currencies import minor_digits
from models.tickets import tickets
from resolvers.context import Context, Row
from resolvers.database.sql import owned, statement
from resolvers.invoices.arithmetic import half_up

# A micro-unit is a millionth of the currency's unit.
_MICRO_DIGITS = 6


def _spent(about: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Return the jobs that cost something, by what they are about."""
    found = owned(agent_jobs, about.label("key"), agent_jobs.c.currency, agent_jobs.c.cost)
    return found.where(about == sa.any_(sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid))), agent_jobs.c.cost > 0)


@statement
def _costs(column: str) -> sa.Select[Any]:
    spent: Any = _spent(agent_jobs.c[column])
    if column == "order_id":
        # What is about a ticket of an order is about the order too. Each of both is found by an index.
        by_ticket = _spent(tickets.c.order_id).where(agent_jobs.c.order_id.is_(None))
        same = (tickets.c.org_id == agent_jobs.c.org_id, tickets.c.id == agent_jobs.c.ticket_id)
        spent = sa.union_all(spent, by_ticket.where(*same))
    jobs = spent.subquery("spent")
    by = (jobs.c.key, jobs.c.currency)
    return sa.select(*by, sa.func.sum(jobs.c.cost).label("cost")).group_by(*by).order_by(*by)


async def _by_currency(ctx: Context, parents: list[Row], column: str) -> list[list[dict[str, Any]]]:
    """Return what was asked before, or at once by another field, without a statement of its own."""

    async def load(ids: list[UUID]) -> list[list[dict[str, Any]]]:
        found: dict[UUID, list[dict[str, Any]]] = {each: [] for each in ids}
        for row in await ctx.fetch(_costs(column), ids=ids):
            found[row["key"]].append({"currency": row["currency"], "cost": int(row["cost"])})
        return [found[each] for each in ids]

    key = ("agent_costs", column)
    if key not in ctx.loaders:
        ctx.loaders[key] = DataLoader(load)
    costs: list[list[dict[str, Any]]] = await ctx.loaders[key].load_many([row["id"] for row in parents])
    return costs


async def of_orders(ctx: Context, parents: list[Row], args: Args) -> list[list[dict[str, Any]]]:
    """Return what the agent jobs about each order and its tickets cost, by currency."""
    return await _by_currency(ctx, parents, "order_id")


async def of_clients(ctx: Context, parents: list[Row], args: Args) -> list[list[dict[str, Any]]]:
    """Return what the agent jobs about each client's orders and tickets cost, by currency."""
    return await _by_currency(ctx, parents, "client_id")


def _minor_units(cost: int, currency: str) -> int:
    return half_up(cost, 10 ** (_MICRO_DIGITS - minor_digits(currency)))


async def margins_of_orders(ctx: Context, parents: list[Row], args: Args) -> list[int | None]:
    """Return what is left of each order's total without what agents cost; None where that is in another currency."""
    costs = await of_orders(ctx, parents, args)
    return [
        order["total"] - sum(_minor_units(each["cost"], each["currency"]) for each in of_order)
        if all(each["currency"] == order["currency"] for each in of_order)
        else None
        for order, of_order in zip(parents, costs, strict=True)
    ]
