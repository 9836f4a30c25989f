"""Services: read, create, update, delete."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from execution import Args
from models.audit import Action
from models.orders import orders
from models.organizations import organizations
from models.services import PREFIX, Billing, ServiceStatus, services
from models.typeid import decode, new_uuid
from models.webhooks import EventType
from models.words import key_of
from resolvers.changes import Subject, Told, delete, insert, update
from resolvers.conditions import created, ids, moment, number, tags, text, word
from resolvers.context import Context, Row, now, shared
from resolvers.errors import Refusal, bad_input
from resolvers.filters import FILTERS, Filters, Relation
from resolvers.listing import Page, pages
from resolvers.rows import by_ids, locked
from resolvers.sql import owned, statement
from resolvers.windows import CREATED, Listed, OrderKey

SUBJECT = Subject(PREFIX, services, searched=("name", "description"))
READERS = frozenset({"services:read", "services:write", "*"})
LISTED = Listed(
    "services",
    services,
    {
        "CREATED_AT": CREATED,
        "UPDATED_AT": OrderKey("updated_at", datetime),
        "NAME": OrderKey("name_key", str),
        "PRICE": OrderKey("price", int),
    },
)
FILTERS["services"] = Filters(
    services,
    {
        "id": ids("id", PREFIX),
        "name": text("name_key"),
        "status": word("status", ServiceStatus),
        "price": number("price"),
        "tags": tags(PREFIX),
        "created_at": created(),
        "updated_at": moment("updated_at"),
        "orders": Relation("orders", "id", "service_id", many=True),
    },
    PREFIX,
)


@shared
async def listed(ctx: Context, args: Args) -> Page:
    """A page of the catalogue."""
    (page,) = await pages(ctx, LISTED, args)
    return page


@shared
async def one(ctx: Context, args: Args) -> Row | None:
    """The service of an id; None when it is missing or foreign."""
    (row,) = await by_ids(ctx, services, [decode(PREFIX, args.values["id"])], args.columns)
    return row


async def of_orders(ctx: Context, parents: list[Row], args: Args) -> list[Row | None]:
    """The service of each order."""
    return await by_ids(ctx, services, [order["service_id"] for order in parents], args.columns)


def _told(event: EventType) -> Told:
    return Told((event.value,), (READERS,))


@statement
def _currency() -> sa.Select[Any]:
    return owned(organizations, organizations.c.default_currency)


def _require_interval(row: Mapping[str, Any]) -> None:
    if row["billing"] == Billing.RECURRING and row["interval"] is None:
        raise bad_input("input.interval", "A RECURRING service needs an interval.", "REQUIRED")
    if row["billing"] == Billing.ONE_TIME and row["interval"] is not None:
        raise bad_input("input.interval", "A ONE_TIME service has no interval.", "NOT_ALLOWED")


async def create(ctx: Context, given: Mapping[str, Any]) -> Row:
    """Create a service; its currency is the organization's when it names none. Raises Refusal BAD_INPUT."""
    row: dict[str, Any] = {
        "id": new_uuid(),
        "version": 1,
        "updated_at": now(),
        "metadata": {},
        "tags": [],
        "description": None,
        "billing": Billing.ONE_TIME,
        "interval": None,
        "delivery_days": None,
        "status": ServiceStatus.DRAFT,
    }
    row |= dict(given) | {"name_key": key_of(given["name"])}
    _require_interval(row)
    if "currency" not in row:
        organization = await ctx.row(_currency())
        assert organization is not None, "a key belongs to an organization"
        row["currency"] = organization["default_currency"]
    return await insert(ctx, SUBJECT, row, Action.SERVICE_CREATE, _told(EventType.service_created))


async def change(ctx: Context, public_id: str, expected: int | None, given: Mapping[str, Any]) -> Row:
    """Change a service; orders keep what they copied. Raises Refusal NOT_FOUND, VERSION_MISMATCH, BAD_INPUT."""
    old = await locked(ctx, SUBJECT, public_id, expected)
    new = dict(given) | ({"name_key": key_of(given["name"])} if "name" in given else {})
    _require_interval(dict(old) | new)
    changed = {name for name, value in new.items() if value != old[name]}
    if not changed:
        return old
    archived = new.get("status") == ServiceStatus.ARCHIVED and "status" in changed
    action = Action.SERVICE_ARCHIVE if archived else Action.SERVICE_UPDATE
    return await update(ctx, SUBJECT, old, new, [(action, changed)], _told(EventType.service_updated))


@statement
def _has_orders() -> sa.Select[Any]:
    return owned(orders, orders.c.id).where(orders.c.service_id == sa.bindparam("id", type_=sa.Uuid)).limit(1)


async def remove(ctx: Context, public_id: str, expected: int | None) -> None:
    """Delete a service that was never ordered. Raises Refusal CONFLICT (HAS_ORDERS) for another."""
    old = await locked(ctx, SUBJECT, public_id, expected)
    if await ctx.row(_has_orders(), id=old["id"]) is not None:
        message = "A service that has orders cannot be deleted: set its status to ARCHIVED instead."
        raise Refusal("CONFLICT", message, field="input.id", reason="HAS_ORDERS")
    await delete(ctx, SUBJECT, old, Action.SERVICE_DELETE, _told(EventType.service_deleted))
