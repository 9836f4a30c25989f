"""Rows that look like a studio's and are the same each time: for the demo and for measurements."""

import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any
from uuid import UUID

from models.clients import ClientStatus
from models.members import MemberStatus
from models.messages import AuthorKind, Visibility
from models.orders import MACHINE, OrderStatus
from models.services import Billing, ServiceStatus
from models.types import caseless
from resolvers.changes.numbers import FIRST
from resolvers.clients import CLIENTS
from resolvers.collections.collection import Collection
from resolvers.lists.search_words import words_of
from resolvers.members import MEMBERS
from resolvers.orders import ORDERS
from resolvers.services import SERVICES
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

Row = dict[str, Any]

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


@dataclass(slots=True)
class Rows:
    """An organization's rows by table, parents first, without ``org_id``."""

    org_id: UUID
    clients: list[Row] = field(default_factory=list)
    services: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)
    messages: list[Row] = field(default_factory=list)
    members: list[Row] = field(default_factory=list)
    next_number: int = FIRST

    def words(self) -> Iterator[Row]:
        """The rows of ``search_words``."""
        for collection, rows in self._rows():
            for row in rows:
                for word in words_of(row[name] for name in collection.searched):
                    yield {"resource": collection.resource.prefix, "word": word, "subject_id": row["id"]}

    def tags(self) -> Iterator[Row]:
        """The rows of ``tag_uses``."""
        for collection, rows in self._rows():
            for row in rows if collection.tagged else ():
                for tag in row["tags"]:
                    yield {"resource": collection.resource.prefix, "tag": tag, "subject_id": row["id"]}

    def _rows(self) -> tuple[tuple[Collection, list[Row]], ...]:
        return (CLIENTS, self.clients), (SERVICES, self.services), (ORDERS, self.orders), (MEMBERS, self.members)


class Maker:
    """All that is random, in one order, and all times by their distance from the end."""

    def __init__(self, seed: int, end: datetime) -> None:
        self.random = random.Random(seed)
        self.end = end
        self.created: dict[UUID, datetime] = {}

    def id_at(self, moment: datetime) -> UUID:
        head = int(moment.timestamp() * 1000) << 80 | 0x7 << 76 | self.random.getrandbits(12) << 64
        return UUID(int=head | 2 << 62 | self.random.getrandbits(62))

    def before_end(self, days: float) -> datetime:
        """So many days before the end."""
        return self.end - timedelta(days=days)

    def between(self, start: datetime, stop: datetime) -> datetime:
        """A moment, to the millisecond, from ``start`` on and before ``stop``."""
        return start + timedelta(milliseconds=self.random.randrange((stop - start) // timedelta(milliseconds=1)))

    def later(self, parents: list[Row], number: int, start: datetime, days: float) -> list[tuple[datetime, Row]]:
        """So many times a parent, with a moment in the days after it came, or after the start; in order of moments."""
        found = []
        for _ in range(number):
            parent = self.random.choice(parents)
            since = max(start, self.created[parent["id"]])
            found.append((self.between(since, min(self.end, since + timedelta(days=days))), parent))
        return sorted(found, key=itemgetter(0))

    def row(self, moment: datetime, **columns: Any) -> Row:
        key = self.id_at(moment)
        self.created[key] = moment
        return {"id": key, "version": 1, "updated_at": moment} | columns

    def some(self, choices: tuple[str, ...]) -> list[str]:
        return self.random.sample(choices, self.random.choice((0, 0, 1, 1, 2)))

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
            name_key=caseless(name), description=description, price=price, currency="EUR", interval=interval,
            billing=Billing.ONE_TIME if interval is None else Billing.RECURRING, delivery_days=days, status=status,
        )  # fmt: skip

    def order(self, number: int, moment: datetime, client: Row, service: Row) -> Row:
        quantity = self.random.choice((1, 1, 1, 2, 3, 5))
        row = self.row(
            moment, metadata={}, tags=self.some(ORDER_TAGS), number=number, client_id=client["id"],
            service_id=service["id"], quantity=quantity, unit_price=service["price"],
            total=quantity * service["price"], currency=service["currency"], delivery_days=service["delivery_days"],
            status=OrderStatus.PENDING, due_at=None, started_at=None, held_at=None, delivered_at=None,
            completed_at=None, cancelled_reason=None, revisions=0, notes=self.random.choice(ORDER_NOTES),
            form_data={"deadline": "flexible"} if number % 5 == 0 else None,
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
    """An organization's rows up to a moment, in whole milliseconds: equal for equal arguments, ids and times too.

    At another end they are the same rows, shifted.
    """
    make = Maker(seed, end)
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
    return rows
