"""Tickets: how they are created and changed, what a reply does to one, and when one wakes."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.jobs import JobFunction
from models.members import MemberStatus
from models.orders import ORDER
from models.threads import AuthorKind, Visibility
from models.tickets import (
    MACHINE,
    TICKET,
    Reply,
    Ticket,
    TicketPriority,
    TicketStatus,
    clock_after_reply,
    first_response_due,
    moved_by_reply,
)
from models.typeid import created_at, encode
from resolvers.changes.edits import Edit, InputValues, begin_edit, begin_edit_of, insert, new_row
from resolvers.changes.numbers import next_number
from resolvers.changes.references import Reference, looked_up
from resolvers.changes.transitions import TransitionRequest, transition_request
from resolvers.clients import CLIENTS
from resolvers.collections.rows import Key
from resolvers.context import Context, Row, now
from resolvers.errors import Conflict, Refusal, bad_input, refuse
from resolvers.jobs.timers import set_timer
from resolvers.members import MEMBERS
from resolvers.moments import shown_time
from resolvers.orders import ORDERS
from resolvers.settings import settings_of
from resolvers.threads import new_thread_entry, wrong_author
from resolvers.tickets.collections import REPLIES, TICKETS

_S = TicketStatus
TICKET_CLOSED = Conflict("TICKET_CLOSED", "The ticket is closed: it takes no replies. Create another one.")
# A ticket is set aside for a year at most.
LONGEST_SNOOZE = timedelta(days=366)


async def _with_references(
    ctx: Context, values: InputValues, old: Mapping[str, Any], others: Iterable[Refusal] = ()
) -> dict[str, Any]:
    """Return an input's values with the keys of what they refer to; a ticket of an order is its client's.

    ``old`` is the row before, empty for a new one. Raises Refusals naming each reference that is wrong, and what is
    wrong besides, in ``others``.
    """
    order_id = old.get("order_id")
    asked = dict(values)
    if values.get("client_id") is not None and "order_id" not in values and order_id is not None:
        # The order that stands must be the new client's.
        asked["order_id"] = encode(ORDER.prefix, order_id)

    def refuse_member(member: Mapping[str, Any]) -> str | None:
        gone = member["status"] == MemberStatus.SUSPENDED and member["id"] != old.get("assignee_id")
        return "The member is suspended." if gone else None

    found, wrong = await looked_up(
        ctx, asked,
        client_id=Reference(CLIENTS),
        order_id=Reference(ORDERS, ("client_id",)),
        assignee_id=Reference(MEMBERS, ("status",), refuse_member),
    )  # fmt: skip
    new = dict(values) | {name: each["id"] for name, each in found.items() if name in values}
    order = found.get("order_id")
    if old and new.get("client_id", ...) is None and new.get("order_id", order_id) is not None:
        wrong.append(bad_input("client_id", "A ticket of an order has the order's client.", "REQUIRED"))
    elif order is not None and ("client_id" in found or values.get("client_id") is None):
        client_id = new.get("client_id", old.get("client_id"))
        if client_id is None:
            new["client_id"] = order["client_id"]
        elif client_id != order["client_id"]:
            field = "order_id" if "order_id" in values else "client_id"
            wrong.append(bad_input(field, "The order is another client's.", "NOT_ALLOWED"))
    refuse([*wrong, *others])
    return new


async def create(ctx: Context, values: InputValues) -> Row:
    """Create an OPEN ticket, for which the client waits from now on: one that a client creates is its own.

    Raises Refusals naming each wrong reference.
    """
    if ctx.actor.client is not None and values.get("client_id") is None:
        values = {**values, "client_id": ctx.actor.client}
    row = new_row(Ticket, await _with_references(ctx, values, {}))
    moment = created_at(row["id"])
    row["waiting_since"] = moment
    row["first_response_due_at"] = first_response_due(moment, TicketPriority(row["priority"]), await settings_of(ctx))
    row["number"] = await next_number(ctx, TICKET.prefix)
    return await insert(ctx, TICKETS, row)


async def change(ctx: Context, key: Key, values: InputValues) -> Row:
    """Change a ticket, add a reply, then move it when another status is given: one transaction, one version.

    Raises Refusal NOT_FOUND, VERSION_MISMATCH, INVALID_TRANSITION, CONFLICT (TICKET_CLOSED) or BAD_INPUT.
    """
    new = dict(values)
    reply, until = new.pop("reply", None), new.pop("snoozed_until", None)
    request = transition_request(new)
    edit = await begin_edit(ctx, TICKETS, key)
    if request is not None and request.status == edit.old["status"] and until in (None, edit.old["snoozed_until"]):
        # What was read is sent back: no transition, also where the reply beside it makes one.
        request = None
    new = await _with_references(ctx, new, edit.old, wrong_author(reply or {}, "reply."))
    if "priority" in edit.changes(new) and edit.old["first_response_at"] is None:
        created = created_at(edit.old["id"])
        new["first_response_due_at"] = first_response_due(
            created, TicketPriority(new["priority"]), await settings_of(ctx)
        )
    edit.set(new)
    if reply is not None:
        await _add_reply(edit, reply, "reply", "reply.")
    await _transition(edit, request, until, asked="snoozed_until" in values)
    return await edit.save()


async def _transition(edit: Edit, request: TransitionRequest | None, until: datetime | None, *, asked: bool) -> None:
    """Make the transition that was requested, or move the time at which a snoozed ticket wakes.

    ``asked`` is whether the request names that time, which may be null.
    """
    snoozes = request is not None and request.status == _S.SNOOZED
    stands = until == edit.old["snoozed_until"]
    await edit.transition(MACHINE, request, "updated", columns={"snoozed_until": until} if snoozes else {})
    if edit.row["status"] != _S.SNOOZED:
        if until is not None and not stands:
            raise bad_input("snoozed_until", "It can be given only with the status SNOOZED.", "NOT_ALLOWED")
    elif until is None:
        if asked or request is not None:
            raise bad_input("snoozed_until", "A SNOOZED ticket needs the time at which it wakes.", "REQUIRED")
    elif request is not None or not stands:
        _must_be_ahead(until)
        edit.set({"snoozed_until": until})
        await set_timer(edit.ctx, JobFunction.TICKET_WAKE, edit.row["id"], until)


def _must_be_ahead(until: datetime) -> None:
    """Raise Refusal BAD_INPUT for a time that is not in the future, or further ahead than a ticket is set aside."""
    moment = now()
    if until <= moment:
        raise bad_input("snoozed_until", "It must be in the future.")
    if until > moment + LONGEST_SNOOZE:
        latest = shown_time(moment + LONGEST_SNOOZE)
        text = f"It must be at most {LONGEST_SNOOZE.days} days ahead."
        raise bad_input("snoozed_until", text, "OUT_OF_RANGE", maximum=latest)


async def _add_reply(edit: Edit, values: InputValues, field: str, at: str) -> Row:
    """Insert a reply to a locked ticket, and change the ticket as a PUBLIC one does; the ticket is not saved yet.

    Raises Refusal CONFLICT (TICKET_CLOSED) for ``field``, and what ``new_thread_entry`` raises.
    """
    ticket = edit.row
    if ticket["status"] == _S.CLOSED:
        raise TICKET_CLOSED.refusal(field)
    row = new_thread_entry(edit.ctx, Reply, values, at) | {"ticket_id": ticket["id"]}
    await insert(edit.ctx, REPLIES, row, "replied")
    if row["visibility"] == Visibility.PUBLIC:
        author = AuthorKind(row["author_kind"])
        edit.touch("updated")
        status = moved_by_reply(TicketStatus(ticket["status"]), author)
        edit.set(clock_after_reply(ticket, author, created_at(row["id"])))
        await edit.transition(MACHINE, TransitionRequest(status, None, "status", "status"), "updated")
    return row


async def create_reply(ctx: Context, values: InputValues) -> Row:
    """Append a reply, and change its ticket as a PUBLIC one does.

    Raises Refusal BAD_INPUT, FORBIDDEN for an INTERNAL one without messages:internal, or CONFLICT (TICKET_CLOSED).
    """
    _, wrong = await looked_up(ctx, values, ticket_id=Reference(TICKETS))
    refuse([*wrong, *wrong_author(values)])
    edit = await begin_edit(ctx, TICKETS, Key(values["ticket_id"]))
    row = await _add_reply(edit, values, "ticket_id", "")
    await edit.save()
    return row


async def wake(ctx: Context, ticket_id: UUID) -> datetime | None:
    """Open a ticket that was snoozed until now: what a timer does. One that is snoozed for longer, or not any more, is
    left as it is.

    Return until when it is snoozed; None for one that is not.
    """
    edit = await begin_edit_of(ctx, TICKETS, ticket_id)
    until: datetime | None = edit.row["snoozed_until"]
    if until is None or until > now():
        return until
    await edit.transition(MACHINE, TransitionRequest(_S.OPEN, None, "status", "status"), "updated")
    await edit.save()
    return None
