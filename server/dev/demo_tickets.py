"""Tickets of the demo: questions, replies and clocks as the graph would have made them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.jobs import JobFunction
from models.members import MemberStatus
from models.settings import REGISTRY
from models.threads import AuthorKind, Visibility
from models.tickets import MACHINE, TicketPriority, TicketStatus, clock_after_reply, first_response_due, moved_by_reply
from resolvers.changes.numbers import FIRST
from server.dev.demo_maker import Maker, Row

_S = TicketStatus
_DEFAULTS = {name: setting.default for name, setting in REGISTRY.items()}
# So long before the end the first ticket comes, and so long a conversation lasts at most.
DAYS, _THREAD_DAYS = 60, 10
_SUBJECTS = (
    "Invoice address is wrong", "When will the draft be ready?", "Logo looks blurred in print", "Cannot open the file",
    "Please add a second language", "Contact form sends nothing", "Question about the offer", "Photos are too dark",
)  # fmt: skip
_TAGS = ("billing", "print", "web", "urgent-call")
_QUESTIONS = (
    "Could you have a look at it today?", "It is still the same on my screen.", "Thank you, that helps!",
    "We need it for Thursday.",
)  # fmt: skip
_ANSWERS = (
    "Thanks for telling us. We are on it.", "It is fixed now. Could you try again?", "You get it tomorrow morning.",
    "Could you send us a screenshot?",
)  # fmt: skip
_NOTES = ("Ask the printer first.", "Second time this month.")
# How a conversation goes: who says what after the question, and where the ticket is moved in the end.
_WAYS: tuple[tuple[int, str, TicketStatus | None], ...] = (
    (5, "", None),
    (2, "N", None),
    (10, "A", None),
    (12, "AQ", None),
    (8, "QNA", None),
    (20, "A", _S.RESOLVED),
    (14, "AQA", _S.RESOLVED),
    (8, "AQNA", _S.CLOSED),
    (5, "NA", _S.SNOOZED),
    (3, "", _S.SPAM),
)


def tickets_of(
    make: Maker, number: int, orders: list[Row], clients: Mapping[UUID, Row], members: list[Row]
) -> tuple[list[Row], list[Row]]:
    """Return so many tickets and their replies, both in the order in which they came."""
    staff = [member for member in members if member["status"] is MemberStatus.ACTIVE]
    tickets: list[Row] = []
    replies: list[Row] = []
    for moment, order in make.later(orders, number, make.before_end(DAYS), DAYS):
        tickets.append(_ticket(make, FIRST + len(tickets), moment, order, staff))
        replies += _conversation(make, tickets[-1], clients[order["client_id"]]["name"], staff)
    return tickets, sorted(replies, key=lambda row: make.created[row["id"]])


def timers_of(make: Maker, tickets: list[Row]) -> list[Row]:
    """Return the jobs that wake those that are snoozed."""
    snoozed = [ticket for ticket in tickets if ticket["status"] is _S.SNOOZED]
    return [make.timer(JobFunction.TICKET_WAKE, ticket, ticket["snoozed_until"]) for ticket in snoozed]


def _ticket(make: Maker, number: int, moment: datetime, order: Row, staff: list[Row]) -> Row:
    pick = make.random.choice
    priority = make.random.choices(tuple(TicketPriority), (15, 60, 18, 7))[0]
    return make.row(
        moment, metadata={}, tags=make.random.sample(_TAGS, pick((0, 0, 1))), number=number, subject=pick(_SUBJECTS),
        client_id=order["client_id"], order_id=order["id"] if make.random.random() < 0.6 else None,
        assignee_id=pick(staff)["id"] if make.random.random() < 0.7 else None, status=_S.OPEN, priority=priority,
        first_response_due_at=first_response_due(moment, priority, _DEFAULTS), first_response_at=None,
        waiting_since=moment, resolved_at=None, snoozed_until=None,
    )  # fmt: skip


def _conversation(make: Maker, ticket: Row, client: str, staff: list[Row]) -> list[Row]:
    """Return the replies to a ticket, which is changed as they change it."""
    (_, words, target) = make.random.choices(_WAYS, [share for share, _, _ in _WAYS])[0]
    since = make.created[ticket["id"]]
    until = min(make.end, since + timedelta(days=_THREAD_DAYS))
    # Most are answered in time.
    in_time = since + 0.9 * (ticket["first_response_due_at"] - since)
    spread = until if make.random.random() < 0.15 else min(until, in_time)
    moments = sorted(make.between(since, spread) for _ in words) if spread > since else []
    found = []
    for word, moment in zip(words, moments, strict=False):
        author = AuthorKind.CLIENT if word == "Q" else AuthorKind.STAFF
        internal = word == "N"
        texts = _NOTES if internal else _QUESTIONS if word == "Q" else _ANSWERS
        found.append(
            make.row(
                moment, author_kind=author, author_name=client if word == "Q" else make.random.choice(staff)["name"],
                body=make.random.choice(texts), visibility=Visibility.INTERNAL if internal else Visibility.PUBLIC,
                attachments=[], ticket_id=ticket["id"],
            )
        )  # fmt: skip
        if not internal:
            status = moved_by_reply(ticket["status"], author)
            _changed(ticket, moment, clock_after_reply(ticket, author, moment))
            _moved(ticket, status, moment)
    if target is not None:
        last = make.between(moments[-1] if moments else since, until) if until > since else since
        for status in (_S.RESOLVED, _S.CLOSED) if target is _S.CLOSED else (target,):
            _moved(ticket, status, last)
        if target is _S.SNOOZED:
            ticket["snoozed_until"] = make.end + timedelta(days=make.random.randrange(1, 8))
    return found


def _changed(ticket: Row, moment: datetime, columns: Mapping[str, Any]) -> None:
    ticket.update(columns, version=ticket["version"] + 1, updated_at=moment)


def _moved(ticket: Row, status: TicketStatus, moment: datetime) -> None:
    made = MACHINE.between(ticket["status"], status)
    if made is not None:
        ticket.update(MACHINE.effects(ticket, made, moment, None), status=status, updated_at=moment)
