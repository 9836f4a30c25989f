"""Orders: read, create, update, move, delete."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import asyncpg
import sqlalchemy as sa

from execution import Args
from models.audit import Action
from models.clients import PREFIX as CLIENT
from models.clients import ClientStatus, clients
from models.messages import messages
from models.orders import DELETABLE, PREFIX, OrderStatus, orders
from models.services import PREFIX as SERVICE
from models.services import ServiceStatus, services
from models.typeid import decode, new_uuid
from models.webhooks import EventType
from models.words import MAX_SAFE_INTEGER
from resolvers.changes import Subject, Told, delete, insert, update
from resolvers.conditions import NOBODY, created, ids, moment, number, tags, word
from resolvers.context import Context, Row, now, shared
from resolvers.errors import Refusal, Refusals, bad_input
from resolvers.filters import FILTERS, Filters, Relation
from resolvers.listing import Page, pages
from resolvers.numbers import next_number
from resolvers.order_moves import GUARDED_BY_SETTINGS, available, effects_of
from resolvers.rows import by_ids, locked
from resolvers.settings import settings_of
from resolvers.sql import ORG, owned, statement
from resolvers.windows import CREATED, Listed, OrderKey

# A hold moves what is due, and a date ends with the year 9999.
LAST_YEAR = 9000
SUBJECT = Subject(PREFIX, orders, searched=("number", "notes"))
READERS = frozenset({"orders:read", "orders:write", "*"})
LISTED = Listed(
    "orders",
    orders,
    {
        "CREATED_AT": CREATED,
        "UPDATED_AT": OrderKey("updated_at", datetime),
        "NUMBER": OrderKey("number", int),
        "TOTAL": OrderKey("total", int),
        "DUE_AT": OrderKey("due_at", datetime, nullable=True),
    },
)
FILTERS["orders"] = Filters(
    orders,
    {
        "id": ids("id", PREFIX),
        "client_id": ids("client_id", CLIENT),
        "service_id": ids("service_id", SERVICE),
        "number": number("number"),
        "status": word("status", OrderStatus),
        "total": number("total"),
        "due_at": moment("due_at", nullable=True),
        "tags": tags(PREFIX),
        "created_at": created(),
        "updated_at": moment("updated_at"),
        "client": Relation("clients", "client_id"),
        "service": Relation("services", "service_id"),
        "messages": Relation("messages", "id", "order_id", many=True),
    },
    PREFIX,
)
# Until work starts, what was ordered may change; after it, the price is history.
OPEN_TO_CHANGE = frozenset({OrderStatus.PENDING, OrderStatus.SUBMITTED})


@shared
async def listed(ctx: Context, args: Args) -> Page:
    """A page of the organization's orders."""
    (page,) = await pages(ctx, LISTED, args)
    return page


async def of_clients(ctx: Context, parents: list[Row], args: Args) -> list[Page]:
    """A page of each client's orders."""
    return await pages(ctx, LISTED, args, column="client_id", parents=[row["id"] for row in parents])


async def of_services(ctx: Context, parents: list[Row], args: Args) -> list[Page]:
    """A page of each service's orders."""
    return await pages(ctx, LISTED, args, column="service_id", parents=[row["id"] for row in parents])


@shared
async def one(ctx: Context, args: Args) -> Row | None:
    """The order of an id; None when it is missing or foreign."""
    (row,) = await by_ids(ctx, orders, [decode(PREFIX, args.values["id"])], args.columns)
    return row


async def of_messages(ctx: Context, parents: list[Row], args: Args) -> list[Row | None]:
    """The order of each message."""
    return await by_ids(ctx, orders, [row["order_id"] for row in parents], args.columns)


async def transitions(ctx: Context, parents: list[Row], args: Args) -> list[list[dict[str, Any]]]:
    """What each order may become."""
    guarded = any(row["status"] in GUARDED_BY_SETTINGS for row in parents)
    settings = await settings_of(ctx) if guarded else {}
    moment = now()
    return [available(row, settings, moment) for row in parents]


@statement
def _what_is_ordered() -> sa.Select[Any]:
    one = sa.select(sa.literal(1).label("one")).subquery("one")
    client = sa.and_(clients.c.org_id == ORG, clients.c.id == sa.bindparam("client", type_=sa.Uuid))
    service = sa.and_(services.c.org_id == ORG, services.c.id == sa.bindparam("service", type_=sa.Uuid))
    copied = [services.c[name] for name in ("price", "currency", "delivery_days")]
    found = [clients.c.status.label("client_status"), services.c.status.label("service_status")]
    joined = one.outerjoin(clients, client).outerjoin(services, service)
    return sa.select(*found, *copied).select_from(joined)


async def create(ctx: Context, given: Mapping[str, Any]) -> Row:
    """Create an order of an ACTIVE service. Raises Refusals naming both references where both are wrong."""
    client, service = decode(CLIENT, given["client_id"]), decode(SERVICE, given["service_id"])
    found = await ctx.row(_what_is_ordered(), client=client or NOBODY, service=service or NOBODY)
    assert found is not None, "an outer join from one row has one row"
    quantity: int = given.get("quantity", 1)
    wrong = _wrong_references(found["client_status"], found["service_status"])
    if wrong:
        raise Refusals(wrong)
    row: dict[str, Any] = {
        "id": new_uuid(),
        "version": 1,
        "updated_at": now(),
        "metadata": {},
        "tags": [],
        "number": await next_number(ctx.runtime, ctx.org_id, PREFIX),
        "quantity": quantity,
        "unit_price": found["price"],
        "total": _total(quantity, found["price"]),
        "currency": found["currency"],
        "delivery_days": found["delivery_days"],
        "status": OrderStatus.PENDING,
        "due_at": None,
        "started_at": None,
        "held_at": None,
        "delivered_at": None,
        "completed_at": None,
        "cancelled_reason": None,
        "revisions": 0,
        "notes": None,
        "form_data": None,
    }
    row |= dict(given) | {"client_id": client, "service_id": service}
    try:
        return await insert(ctx, SUBJECT, row, Action.ORDER_CREATE, _told(EventType.order_created))
    except asyncpg.ForeignKeyViolationError as error:
        # The client or the service was deleted between the look and the write.
        name = "clientId" if "client_id" in str(error.constraint_name) else "serviceId"
        raise bad_input(f"input.{name}", "It no longer exists.", "NOT_FOUND") from error


def _wrong_references(client: str | None, service: str | None) -> list[Refusal]:
    """What keeps a client and a service of these statuses (None: there is none) from an order."""
    wrong = []
    if client is None:
        wrong.append(bad_input("input.clientId", "There is no such client.", "NOT_FOUND"))
    elif client == ClientStatus.ARCHIVED:
        wrong.append(bad_input("input.clientId", "The client is archived.", "NOT_ALLOWED"))
    if service is None:
        wrong.append(bad_input("input.serviceId", "There is no such service.", "NOT_FOUND"))
    elif service != ServiceStatus.ACTIVE:
        text = f"The service is {service}: only an ACTIVE one can be ordered."
        wrong.append(bad_input("input.serviceId", text, "NOT_ALLOWED"))
    return wrong


def _total(quantity: int, price: int) -> int:
    total = quantity * price
    if total > MAX_SAFE_INTEGER:
        raise bad_input(
            "input.quantity",
            f"The total would be more than {MAX_SAFE_INTEGER}.",
            "OUT_OF_RANGE",
            minimum=1,
            maximum=MAX_SAFE_INTEGER // price,
        )
    return total


def _told(*events: EventType) -> Told:
    return Told(tuple(event.value for event in events), (READERS,))


async def change(
    ctx: Context, public_id: str, expected: int | None, given: Mapping[str, Any], status: OrderStatus | None,
    reason: str | None, field: str = "input.status",
) -> Row:  # fmt: skip
    """Change an order, then move it when ``status`` is another: one transaction, one version.

    Raises Refusal NOT_FOUND, VERSION_MISMATCH, INVALID_TRANSITION, CONFLICT (WORK_STARTED) or BAD_INPUT.
    """
    old = await locked(ctx, SUBJECT, public_id, expected)
    new = dict(given)
    if new.get("quantity", old["quantity"]) != old["quantity"]:
        if OrderStatus(old["status"]) not in OPEN_TO_CHANGE:
            message = "Work on the order has started: its quantity cannot be changed."
            raise Refusal("CONFLICT", message, field="input.quantity", reason="WORK_STARTED")
        new["total"] = _total(new["quantity"], old["unit_price"])
    due = new.get("due_at")
    if due is not None and due.year > LAST_YEAR:
        raise bad_input(
            "input.dueAt",
            f"It must be in the year {LAST_YEAR} at the latest.",
            "OUT_OF_RANGE",
            maximum=f"{LAST_YEAR}-12-31T23:59:59.999Z",
        )
    changed = {name for name, value in new.items() if value != old[name]}
    actions, events = [], []
    if changed:
        actions.append((Action.ORDER_UPDATE, changed))
        events.append(EventType.order_updated)
    if status is not None and status != old["status"]:
        settings = await settings_of(ctx) if old["status"] in GUARDED_BY_SETTINGS else {}
        effects = effects_of(dict(old) | new, status, reason, settings, now(), field)
        new |= effects
        actions.append((Action.ORDER_TRANSITION, set(effects)))
        events.append(EventType.order_status_changed)
    if not actions:
        return old
    return await update(ctx, SUBJECT, old, new, actions, _told(*events))


@statement
def _has_messages() -> sa.Select[Any]:
    return owned(messages, messages.c.id).where(messages.c.order_id == sa.bindparam("id", type_=sa.Uuid)).limit(1)


async def remove(ctx: Context, public_id: str, expected: int | None) -> None:
    """Delete an order that is PENDING or CANCELLED and has no messages. Raises Refusal CONFLICT for another."""
    old = await locked(ctx, SUBJECT, public_id, expected)
    if OrderStatus(old["status"]) not in DELETABLE:
        message = f"An order that is {old['status']} cannot be deleted: only a PENDING or CANCELLED one can."
        raise Refusal("CONFLICT", message, field="input.id", reason="NOT_DELETABLE")
    if await ctx.row(_has_messages(), id=old["id"]) is not None:
        message = "An order that has messages cannot be deleted: cancel it instead."
        raise Refusal("CONFLICT", message, field="input.id", reason="HAS_MESSAGES")
    await delete(ctx, SUBJECT, old, Action.ORDER_DELETE, _told(EventType.order_deleted))


async def move(ctx: Context, public_id: str, expected: int | None, target: OrderStatus, reason: str | None) -> Row:
    """Move an order. Raises Refusal NOT_FOUND, VERSION_MISMATCH, INVALID_TRANSITION, or BAD_INPUT without a reason.

    The status that it has already is no move.
    """
    return await change(ctx, public_id, expected, {}, target, reason, field="input.to")
