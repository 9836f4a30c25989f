"""Rows that look like a studio's and are the same each time: for the demo and for measurements."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from models.clients import ClientStatus
from models.forms import FORM
from models.members import MemberStatus
from models.orders import MACHINE, OrderStatus
from models.services import Billing, ServiceStatus
from models.texts import caseless
from models.threads import AuthorKind, Visibility
from resolvers.changes.numbers import FIRST
from resolvers.clients import CLIENTS
from resolvers.collections.collection import Collection
from resolvers.forms.collections import FORMS
from resolvers.members import MEMBERS
from resolvers.orders import ORDERS
from resolvers.services import SERVICES
from resolvers.tickets.collections import TICKETS
from server.dev.demo_forms import forms_of, intake_form_of
from server.dev.demo_maker import Maker, Row, search_words_of
from server.dev.demo_texts import (
    BODIES,
    CATALOGUE,
    CLIENT_TAGS,
    FIRST_NAMES,
    INTERNAL,
    LAST_NAMES,
    ORDER_NOTES,
    ORDER_TAGS,
    REASONS,
    SOURCES,
    STAFF,
    TOWNS,
    TRADES,
)  # fmt: skip
from server.dev.demo_tickets import tickets_of, timers_of

# Where nothing shall depend on the day.
FIXED = datetime(2025, 12, 16, 9, tzinfo=UTC)
# So long before the end the first client comes, and so long the first order; a thread lasts at most so long.
_CLIENT_DAYS, _ORDER_DAYS, _THREAD_DAYS = 330, 180, 30
_S = OrderStatus
_WORK = (_S.SUBMITTED, _S.IN_PROGRESS)
_HELD = (*_WORK, _S.ON_HOLD)
_REVISED = (*_WORK, _S.DELIVERED, _S.REVISION_REQUESTED)
# Ways of an order through its states, and how many of a hundred take each.
_WAYS: tuple[tuple[int, tuple[OrderStatus, ...]], ...] = (
    (8, ()),
    (8, (_S.SUBMITTED,)),
    (16, _WORK),
    (5, _HELD),
    (8, (*_WORK, _S.DELIVERED)),
    (5, _REVISED),
    (25, (*_WORK, _S.DELIVERED, _S.COMPLETED)),
    (8, (*_HELD, _S.IN_PROGRESS, _S.DELIVERED, _S.COMPLETED)),
    (9, (*_REVISED, _S.IN_PROGRESS, _S.DELIVERED, _S.COMPLETED)),
    (3, (_S.CANCELLED,)),
    (3, (*_WORK, _S.CANCELLED)),
    (2, (*_HELD, _S.CANCELLED)),
)

_WRITERS = tuple(name for name, _, status in STAFF if status is MemberStatus.ACTIVE)


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows an organization gets."""

    clients: int
    orders: int
    messages: int
    tickets: int = 0


@dataclass(slots=True)
class Rows:
    """An organization's rows by table, parents first, without ``org_id``."""

    org_id: UUID
    clients: list[Row] = field(default_factory=list)
    services: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)
    messages: list[Row] = field(default_factory=list)
    members: list[Row] = field(default_factory=list)
    tickets: list[Row] = field(default_factory=list)
    replies: list[Row] = field(default_factory=list)
    timers: list[Row] = field(default_factory=list)
    forms: list[Row] = field(default_factory=list)
    submissions: list[Row] = field(default_factory=list)
    next_number: int = FIRST

    def words(self) -> Iterator[Row]:
        """Return the rows of ``search_words``."""
        for collection, rows in self._rows():
            yield from search_words_of(collection, rows)

    def items(self, item: str) -> Iterator[Row]:
        """Yield the rows of the table that finds rows by the items of a list: by a ``tag``, an ``assignee_id``."""
        for collection, rows in self._rows():
            for row in rows if item in collection.listed else ():
                for each in row[collection.listed[item]]:
                    yield {"resource": collection.resource.prefix, item: each, "subject_id": row["id"]}

    def _rows(self) -> tuple[tuple[Collection, list[Row]], ...]:
        named = ((CLIENTS, self.clients), (SERVICES, self.services), (ORDERS, self.orders), (MEMBERS, self.members))
        return *named, (TICKETS, self.tickets), (FORMS, self.forms)

    def form_versions(self) -> Iterator[Row]:
        """Return the rows of ``form_versions``."""
        for row in self.forms:
            content = {name: row[name] for name in ("version", "name", "fields")}
            yield content | {"form_id": row["id"], "created_at": row["updated_at"]}

    def directory(self) -> Iterator[Row]:
        """Return the rows of ``directory``, by which the public finds forms."""
        for row in self.forms:
            yield {"resource": FORM.prefix, "key": str(row["id"])}


class _Maker(Maker):
    """Makes the rows of each table."""

    def client(self, index: int, moment: datetime) -> Row:
        pick = self.random.choice
        first, last = pick(FIRST_NAMES), pick(LAST_NAMES)
        name = f"{first} {last}"
        plain = unicodedata.normalize("NFKD", f"{first}.{last}".lower()).encode("ascii", "ignore").decode()
        email = f"{plain}.{index + 1}@example.com"
        status = self.random.choices(tuple(ClientStatus), (20, 65, 10, 5))[0]
        return self.row(
            moment, metadata={"crm": f"C-{index + 1:05d}"}, tags=self.some(CLIENT_TAGS), name=name,
            name_key=caseless(name), email=email, email_key=caseless(email), company=f"{last} {pick(TRADES)}",
            phone=f"+49 30 {self.random.randrange(10**6, 10**7)}",
            address=f"{index % 90 + 1} High Street, {pick(TOWNS)}",
            tax_id=f"DE{self.random.randrange(10**8, 10**9)}", status=status, source=pick(SOURCES), notes=None,
        )  # fmt: skip

    def member(self, index: int) -> Row:
        name, role, status = STAFF[index]
        email = f"{name.partition(' ')[0].lower()}@studio.example"
        return self.row(
            self.before_end(_CLIENT_DAYS) + timedelta(minutes=index), name=name, name_key=caseless(name), email=email,
            email_key=caseless(email), role=role, status=status, timezone="UTC",
        )  # fmt: skip

    def service(self, index: int) -> Row:
        name, description, price, interval, days, status = CATALOGUE[index]
        moment = self.before_end(_CLIENT_DAYS) + timedelta(minutes=index)
        return self.row(
            moment, metadata={}, tags=["popular"] if index < 3 else [], name=name,
            name_key=caseless(name), description=description, price=price, currency="EUR", tax_rate="19",
            interval=interval,
            billing=Billing.ONE_TIME if interval is None else Billing.RECURRING, delivery_days=days, status=status,
            intake_form_id=None,
        )  # fmt: skip

    def order(self, number: int, moment: datetime, client: Row, service: Row) -> Row:
        quantity = self.random.choice((1, 1, 1, 2, 3, 5))
        row = self.row(
            moment, metadata={}, tags=self.some(ORDER_TAGS), number=number, client_id=client["id"],
            service_id=service["id"], quantity=quantity, unit_price=service["price"],
            total=quantity * service["price"], currency=service["currency"], tax_rate=service["tax_rate"],
            delivery_days=service["delivery_days"], assignee_ids=[],
            status=OrderStatus.PENDING, due_at=None, started_at=None, held_at=None, held_seconds=0, delivered_at=None,
            completed_at=None, cancelled_at=None, cancelled_reason=None, revisions=0,
            notes=self.random.choice(ORDER_NOTES), form_data={"deadline": "flexible"} if number % 5 == 0 else None,
            form_id=None, form_version=None,
        )  # fmt: skip
        (_, way), *_ = self.random.choices(_WAYS, [share for share, _ in _WAYS])
        for target in way:
            moment += timedelta(minutes=self.random.randrange(60, 6_000))
            if moment > self.end:
                break
            reason = self.random.choice(REASONS) if target is OrderStatus.CANCELLED else None
            made = MACHINE.between(OrderStatus(row["status"]), target)
            assert made is not None, "the demo's orders take the machine's transitions"
            row |= {"status": target} | MACHINE.effects(row, made, moment, reason)
            row |= {"version": row["version"] + 1, "updated_at": moment}
        return row

    def message(self, order: Row, client: Row, moment: datetime) -> Row:
        author = self.random.choice((AuthorKind.STAFF, AuthorKind.CLIENT))
        internal = author is AuthorKind.STAFF and self.random.random() < 0.25
        file = {"name": "draft.pdf", "url": f"https://files.example.com/{order['number']}/draft.pdf"}
        return self.row(
            moment, order_id=order["id"], author_kind=author,
            author_name=client["name"] if author is AuthorKind.CLIENT else self.random.choice(_WRITERS),
            body=self.random.choice(INTERNAL if internal else BODIES[author]),
            visibility=Visibility.INTERNAL if internal else Visibility.PUBLIC,
            attachments=[file] if self.random.random() < 0.1 else [],
        )  # fmt: skip


def rows_of(seed: int, size: Size, end: datetime = FIXED) -> Rows:
    """Return an organization's rows up to a moment, in whole milliseconds: equal for equal arguments, ids and times
    too.

    At another end they are the same rows, shifted.
    """
    make = _Maker(seed, end)
    start = make.before_end(_CLIENT_DAYS)
    rows = Rows(make.id_at(start))
    rows.services = [make.service(index) for index in range(len(CATALOGUE))]
    came = sorted(make.between(start, end) for _ in range(size.clients))
    rows.clients = [make.client(*item) for item in enumerate(came)]
    # A draft was never ordered; what is archived was, once.
    sold = [row for row in rows.services if row["status"] is not ServiceStatus.DRAFT]
    for moment, client in make.later(rows.clients, size.orders, make.before_end(_ORDER_DAYS), _ORDER_DAYS):
        rows.orders.append(make.order(rows.next_number, moment, client, make.random.choice(sold)))
        rows.next_number += 1
    by_id = {row["id"]: row for row in rows.clients}
    for moment, order in make.later(rows.orders, size.messages, start, _THREAD_DAYS):
        rows.messages.append(make.message(order, by_id[order["client_id"]], moment))
    rows.members = [make.member(index) for index in range(len(STAFF))]
    staff = [row["id"] for row in rows.members if row["status"] is MemberStatus.ACTIVE]
    for order in rows.orders:
        if order["status"] is not OrderStatus.PENDING:
            order["assignee_ids"] = [staff[order["number"] % len(staff)]]
    rows.tickets, rows.replies = tickets_of(make, size.tickets, rows.orders, by_id, rows.members)
    rows.timers = timers_of(make, rows.tickets)
    rows.forms, rows.submissions = forms_of(make, rows.clients, start, end)
    rows.forms.append(intake_form_of(make, rows.services, rows.orders, start))
    return rows
