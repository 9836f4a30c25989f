"""Orders: what they can be filtered and sorted by, and how they change."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from execution import Args
from models.clients import CLIENT, ClientStatus
from models.forms import FORM
from models.members import MEMBER, MemberStatus
from models.orders import DELETABLE, INTAKE_FORM, MACHINE, OPEN_TO_CHANGE, ORDER, Order, OrderStatus, orders
from models.services import SERVICE, ServiceStatus
from models.types import MAX_SAFE_INTEGER
from resolvers.agent_jobs.collections import AGENT_JOBS, HAS_AGENT_JOBS
from resolvers.changes.edits import InputValues, begin_edit, insert, new_row
from resolvers.changes.numbers import next_number
from resolvers.changes.references import Reference, listed, looked_up
from resolvers.changes.transitions import TransitionRequest, transition_request, transitions_of
from resolvers.changes.write import Restrict
from resolvers.collections.collection import (
    CLIENT_NAME,
    COLLECTIONS,
    COMMON_SORT_FIELDS,
    Collection,
    Relation,
    SortField,
    common_filters,
    of_client,
)
from resolvers.collections.rows import Key, by_ids, with_referred
from resolvers.context import Context, Row
from resolvers.errors import Conflict, Refusal, bad_input, refuse
from resolvers.forms.collections import FORMS
from resolvers.forms.values import submitted_values
from resolvers.invoices.collections import INVOICES
from resolvers.lists.conditions import assignees, enum, ids, moment, money, number, tags
from resolvers.members import MEMBERS
from resolvers.messages import MESSAGES
from resolvers.tickets.collections import TICKETS

WORK_STARTED = Conflict("WORK_STARTED", "Work on the order has started: its quantity cannot be changed.")
NOT_DELETABLE = Conflict("NOT_DELETABLE", "Only an order that is PENDING or CANCELLED can be deleted.")
HAS_MESSAGES = Conflict("HAS_MESSAGES", "The order has messages, which are kept: cancel it instead.")
HAS_INVOICES = Conflict("HAS_INVOICES", "The order has invoices, which are kept: cancel it instead.")
HAS_TICKETS = Conflict("HAS_TICKETS", "The order has tickets, which are kept: cancel it instead.")
HAS_ORDERS = Conflict("HAS_ORDERS", "Orders refer to the object: set its status to ARCHIVED instead.")
# A hold moves what is due, and a date ends with the year 9999.
LAST_YEAR = 9000
ORDERS = Collection(
    ORDER,
    orders,
    clients=of_client,
    searched=("number", "notes"),
    sort_fields=COMMON_SORT_FIELDS
    | {
        "NUMBER": SortField("number", int, "Order number.", grows=True),
        "TOTAL": SortField("total", int, "Total, regardless of the currency."),
        "DUE_AT": SortField("due_at", datetime, "Due time; orders without one come last.", nullable=True),
        "CLIENT_NAME": CLIENT_NAME,
    },
    filters={
        **common_filters(ORDER),
        "status": enum("status", OrderStatus),
        "tags": tags(ORDER),
        "client_id": ids("client_id", CLIENT, "the client's ID"),
        "service_id": ids("service_id", SERVICE, "the service's ID"),
        "form_id": ids("form_id", FORM, "the ID of the form that `formData` answers", nullable=True),
        "assignee_ids": assignees(ORDER, MEMBER),
        "number": number("number", "order number"),
        "total": money("total", "total"),
        "due_at": moment("due_at", "due time", nullable=True),
        "client": Relation("clients", "the client", "client_id"),
        "service": Relation("services", "the service", "service_id"),
        "form": Relation("forms", "the form that `formData` answers", "form_id"),
        "messages": Relation("messages", "the order's messages", remote="order_id"),
        "invoices": Relation("invoices", "the order's invoices, void ones too", remote="order_id"),
        "tickets": Relation("tickets", "the order's tickets", remote="order_id"),
    },
)


def refuse_client(client: Mapping[str, Any]) -> str | None:
    """Return why a client cannot have new orders or subscriptions; None for one that can."""
    return "The client is archived." if client["status"] == ClientStatus.ARCHIVED else None


def _refuse_service(service: Mapping[str, Any]) -> str | None:
    status = service["status"]
    return None if status == ServiceStatus.ACTIVE else f"The service is {status}: only an ACTIVE one can be ordered."


def _assignees(old: Sequence[UUID] = ()) -> Reference:
    """Return the reference to the members of an order: none who is suspended, unless the order has it already."""

    def refuse_member(member: Mapping[str, Any]) -> str | None:
        gone = member["status"] == MemberStatus.SUSPENDED and member["key"] not in old
        return "The member is suspended." if gone else None

    return Reference(MEMBERS, ("status",), refuse_member)


# What an order copies of its service, by the names of its own columns.
_COPIED = {
    "unit_price": "price",
    "currency": "currency",
    "tax_rate": "tax_rate",
    "delivery_days": "delivery_days",
}


async def create(ctx: Context, values: InputValues) -> Row:
    """Create an order of an ACTIVE service. Raises Refusals naming both references where both are wrong."""
    assigned, wrong = await listed(ctx, values, "assignee_ids", _assignees())
    found, refused = await looked_up(
        ctx, values,
        client_id=Reference(COLLECTIONS["clients"], ("status",), refuse_client),
        service_id=Reference(COLLECTIONS["services"], ("status", "intake_form_id", *_COPIED.values()), _refuse_service),
    )  # fmt: skip
    row = new_row(Order, {"assignee_ids": [], **values, **assigned})
    wrong = [*refused, *wrong]
    if (service := found.get("service_id")) is not None:
        wrong += _wrong_total(row["quantity"], service["price"])
        answers, unfit = await _answers(ctx, row["form_data"], service["intake_form_id"])
        row, wrong = row | answers, [*wrong, *unfit]
    refuse(wrong)
    row |= {name: each["id"] for name, each in found.items()}
    row |= {name: found["service_id"][column] for name, column in _COPIED.items()}
    row["total"] = row["quantity"] * row["unit_price"]
    row["number"] = await next_number(ctx, ORDER.prefix)
    return await insert(ctx, ORDERS, row)


def _wrong_total(quantity: int, price: int) -> Iterator[Refusal]:
    if quantity * price > MAX_SAFE_INTEGER:
        text = f"The total would be more than {MAX_SAFE_INTEGER}."
        yield bad_input("quantity", text, "OUT_OF_RANGE", minimum=1, maximum=MAX_SAFE_INTEGER // price)


async def change(ctx: Context, key: Key, values: InputValues) -> Row:
    """Change an order, then move it when a status is given: one transaction, one version.

    Raises Refusal NOT_FOUND, VERSION_MISMATCH, INVALID_TRANSITION, CONFLICT (WORK_STARTED) or BAD_INPUT.
    """
    new = dict(values)
    wrong = [*check(ctx, new)]
    request = transition_request(new, "status", "status_reason")
    edit = await begin_edit(ctx, ORDERS, key)
    assigned, refused = await listed(ctx, new, "assignee_ids", _assignees(edit.old["assignee_ids"]))
    wrong += refused
    new |= assigned
    changed = edit.changes(new)
    if "quantity" in changed:
        wrong += _wrong_total(new["quantity"], edit.old["unit_price"])
        new["total"] = new["quantity"] * edit.old["unit_price"]
    wrong += _wrong_due(changed.get("due_at"))
    referred = await _referred(ctx, edit.old, request, answers="form_data" in changed)
    if "form_data" in changed:
        answers, unfit = await _answers(ctx, new["form_data"], referred[INTAKE_FORM])
        if new["form_data"] is None and edit.old["form_id"] is not None and edit.old["status"] != OrderStatus.PENDING:
            unfit = [bad_input("form_data", "An order that was submitted keeps its answers to the form.", "REQUIRED")]
        new, wrong = new | answers, [*wrong, *unfit]
    refuse(wrong)
    if "quantity" in changed and OrderStatus(edit.old["status"]) not in OPEN_TO_CHANGE:
        raise WORK_STARTED.refusal("quantity")
    edit.set(new)
    await edit.transition(MACHINE, request, referred=referred)
    return await edit.save()


def check(_ctx: Context, values: InputValues) -> Iterator[Refusal]:
    """Yield the refusal BAD_INPUT of a reason without the status that it is for."""
    if values.get("status") is None and values.get("status_reason") is not None:
        yield bad_input("status_reason", "It can be given only together with status.", "NOT_ALLOWED")


async def transition(ctx: Context, key: Key, values: InputValues) -> Row:
    """Move an order to another status. Raises Refusal NOT_FOUND, VERSION_MISMATCH, INVALID_TRANSITION or BAD_INPUT."""
    request = transition_request(dict(values), "to")
    edit = await begin_edit(ctx, ORDERS, key)
    await edit.transition(MACHINE, request, referred=await _referred(ctx, edit.old, request))
    return await edit.save()


def _wrong_due(due: datetime | None) -> Iterator[Refusal]:
    if due is not None and due.year > LAST_YEAR:
        latest = f"{LAST_YEAR}-12-31T23:59:59.999Z"
        yield bad_input("due_at", f"It must be in the year {LAST_YEAR} at the latest.", "OUT_OF_RANGE", maximum=latest)


async def _answers(
    ctx: Context, data: dict[str, Any] | None, form_id: UUID | None
) -> tuple[dict[str, Any], list[Refusal]]:
    """Return the columns of answers to a service's intake form, pinned to its version, or of what answers none. Then
    what the form does not allow."""
    if data is None or form_id is None:
        return {"form_data": data, "form_id": None, "form_version": None}, []
    (form,) = await by_ids(ctx, FORMS, [form_id], ("name", "fields", "version"))
    assert form is not None, "forms are kept"
    found, wrong = submitted_values(ctx, form, data, "form_data", encoded=False)
    return {"form_data": found, "form_id": form_id, "form_version": form["version"]}, wrong


async def _referred(
    ctx: Context, order: Row, request: TransitionRequest | None, *, answers: bool = False
) -> dict[str, Any]:
    """Return the intake form of an order's service where a change needs it: for answers, and for the guard of
    PENDING."""
    if not answers and (request is None or order["status"] != OrderStatus.PENDING):
        return {}
    (found,) = await with_referred(ctx, [order], (), INTAKE_FORM, COLLECTIONS["services"])
    return found


_transitions = transitions_of(MACHINE)
# The columns of an order that its transitions depend on.
NEEDED = ("status", "service_id", "form_id", "revisions", "completed_at")


async def available(ctx: Context, parents: list[Row], args: Args) -> list[list[dict[str, Any]]]:
    """Return the transitions of each order. Its row has its service's intake form, unless it was just changed."""
    rows = await with_referred(ctx, parents, NEEDED, INTAKE_FORM, COLLECTIONS["services"])
    return await _transitions(ctx, rows, args)


async def remove(ctx: Context, key: Key) -> None:
    """Delete an order that is PENDING or CANCELLED and has no messages, invoices, tickets or agent jobs.

    Raises Refusal CONFLICT for another.
    """
    edit = await begin_edit(ctx, ORDERS, key, deletes=True)
    if OrderStatus(edit.old["status"]) not in DELETABLE:
        raise NOT_DELETABLE.refusal("id")
    message = "The order has agent jobs, which are kept: cancel it instead."
    await edit.delete(
        Restrict(MESSAGES, "order_id", HAS_MESSAGES),
        Restrict(INVOICES, "order_id", HAS_INVOICES),
        Restrict(TICKETS, "order_id", HAS_TICKETS),
        Restrict(AGENT_JOBS, "order_id", HAS_AGENT_JOBS, message),
    )
