"""Clients: read, create, update, delete."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import asyncpg
import sqlalchemy as sa

from execution import Args
from models.audit import Action
from models.clients import PREFIX, ClientStatus, clients
from models.orders import orders
from models.typeid import decode, new_uuid
from models.webhooks import EventType
from models.words import key_of
from resolvers.changes import Subject, Told, delete, insert, update
from resolvers.conditions import created, ids, moment, tags, text, word
from resolvers.context import Context, Row, now, shared
from resolvers.errors import Refusal
from resolvers.filters import FILTERS, Filters, Relation
from resolvers.listing import Page, pages
from resolvers.rows import by_ids, locked
from resolvers.sql import owned, statement
from resolvers.windows import CREATED, Listed, OrderKey

SUBJECT = Subject(PREFIX, clients, searched=("name", "email", "company", "phone"))
READERS = frozenset({"clients:read", "clients:write", "*"})
LISTED = Listed(
    "clients",
    clients,
    {"CREATED_AT": CREATED, "UPDATED_AT": OrderKey("updated_at", datetime), "NAME": OrderKey("name_key", str)},
)
FILTERS["clients"] = Filters(
    clients,
    {
        "id": ids("id", PREFIX),
        "name": text("name_key"),
        "email": text("email_key"),
        "status": word("status", ClientStatus),
        "tags": tags(PREFIX),
        "created_at": created(),
        "updated_at": moment("updated_at"),
        "orders": Relation("orders", "id", "client_id", many=True),
    },
    PREFIX,
)


@shared
async def listed(ctx: Context, args: Args) -> Page:
    """A page of the organization's clients."""
    (page,) = await pages(ctx, LISTED, args)
    return page


@shared
async def one(ctx: Context, args: Args) -> Row | None:
    """The client of an id; None when it is missing or foreign."""
    (row,) = await by_ids(ctx, clients, [decode(PREFIX, args.values["id"])], args.columns)
    return row


async def of_orders(ctx: Context, parents: list[Row], args: Args) -> list[Row | None]:
    """The client of each order."""
    return await by_ids(ctx, clients, [order["client_id"] for order in parents], args.columns)


def _told(event: EventType) -> Told:
    return Told((event.value,), (READERS,))


def _keys(given: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that repeat others without case."""
    return {f"{name}_key": key_of(given[name]) for name in ("name", "email") if name in given}


async def create(ctx: Context, given: Mapping[str, Any]) -> Row:
    """Create a client. Raises Refusal CONFLICT (EMAIL_TAKEN)."""
    row: dict[str, Any] = {
        "id": new_uuid(),
        "version": 1,
        "updated_at": now(),
        "metadata": {},
        "tags": [],
        "company": None,
        "phone": None,
        "address": None,
        "tax_id": None,
        "status": ClientStatus.LEAD,
        "source": None,
        "notes": None,
    }
    row |= dict(given) | _keys(given)
    try:
        return await insert(ctx, SUBJECT, row, Action.CLIENT_CREATE, _told(EventType.client_created))
    except asyncpg.UniqueViolationError as error:
        raise _email_taken() from error


async def change(ctx: Context, public_id: str, expected: int | None, given: Mapping[str, Any]) -> Row:
    """Change a client. Raises Refusal NOT_FOUND, VERSION_MISMATCH or CONFLICT (EMAIL_TAKEN)."""
    old = await locked(ctx, SUBJECT, public_id, expected)
    new = dict(given) | _keys(given)
    changed = {name for name, value in new.items() if value != old[name]}
    if not changed:
        return old
    archived = new.get("status") == ClientStatus.ARCHIVED and "status" in changed
    action = Action.CLIENT_ARCHIVE if archived else Action.CLIENT_UPDATE
    try:
        return await update(ctx, SUBJECT, old, new, [(action, changed)], _told(EventType.client_updated))
    except asyncpg.UniqueViolationError as error:
        raise _email_taken() from error


@statement
def _has_orders() -> sa.Select[Any]:
    return owned(orders, orders.c.id).where(orders.c.client_id == sa.bindparam("id", type_=sa.Uuid)).limit(1)


async def remove(ctx: Context, public_id: str, expected: int | None) -> Row | None:
    """Delete a client that has no history: None. One that has orders is archived instead: the client."""
    old = await locked(ctx, SUBJECT, public_id, expected)
    if await ctx.row(_has_orders(), id=old["id"]) is None:
        await delete(ctx, SUBJECT, old, Action.CLIENT_DELETE, _told(EventType.client_deleted))
        return None
    if old["status"] == ClientStatus.ARCHIVED:
        return old
    part = [(Action.CLIENT_ARCHIVE, {"status"})]
    return await update(ctx, SUBJECT, old, {"status": ClientStatus.ARCHIVED}, part, _told(EventType.client_updated))


def _email_taken() -> Refusal:
    return Refusal("CONFLICT", "Another client has this email address.", field="input.email", reason="EMAIL_TAKEN")
