"""Invoices of orders that look like a studio's, in every state: for the demo and for measurements."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any
from uuid import UUID

from models.invoices import INVOICE, MACHINE, InvoiceStatus
from models.settings import REGISTRY
from models.subscriptions import PeriodState
from resolvers.invoices.amounts import amounts, lines_of
from resolvers.invoices.collections import INVOICES
from resolvers.invoices.finalizing import buyer_of, seller_of
from resolvers.invoices.numbers import shown_number, year_of
from resolvers.subscriptions.timeline import days_of
from server.dev.demo_maker import Maker, Row, search_words_of
from server.dev.demo_rows import FIXED, Rows
from server.dev.demo_subscriptions import Subscriptions

_S = InvoiceStatus
NAME, TIMEZONE, TAX_RATE = "Demo Studio", "UTC", "19"
_ADDRESS = "12 Garden Row\n10115 Berlin"
_SELLER = {name: setting.default for name, setting in REGISTRY.items()} | {"organization.address": _ADDRESS}
_DUE_DAYS = 14
# What becomes of an invoice, and of how many of a hundred; what was issued within the last days is paid by fewer.
Fates = tuple[tuple[int, tuple[InvoiceStatus, ...], float], ...]
_FATES: Fates = (
    (8, (), 0),
    (14, (_S.OPEN,), 0),
    (6, (_S.OPEN,), 0.4),
    (60, (_S.OPEN, _S.PAID), 1),
    (5, (_S.OPEN, _S.PAID), 0.5),
    (4, (_S.OPEN, _S.VOID), 0),
    (2, (_S.OPEN, _S.UNCOLLECTIBLE), 0),
    (1, (_S.OPEN, _S.UNCOLLECTIBLE, _S.PAID), 1),
)
_FATES_OF_PERIODS: Fates = (
    (4, (_S.OPEN,), 0),
    (94, (_S.OPEN, _S.PAID), 1),
    (1, (_S.OPEN, _S.VOID), 0),
    (1, (_S.OPEN, _S.UNCOLLECTIBLE), 0),
)
_METHODS = ("bank transfer", "bank transfer", "card", None)


@dataclass(slots=True)
class Invoices:
    """The invoices of an organization by tables, without ``org_id``."""

    invoices: list[Row] = field(default_factory=list)
    lines: list[Row] = field(default_factory=list)
    payments: list[Row] = field(default_factory=list)
    counters: list[Row] = field(default_factory=list)

    def words(self) -> Iterator[Row]:
        """Return the rows of ``search_words``."""
        return search_words_of(INVOICES, self.invoices)


class _Maker:
    """Makes invoices of a studio's orders."""

    def __init__(self, make: Maker, rows: Rows) -> None:
        self.make, self.made = make, Invoices()
        self.clients = {row["id"]: row for row in rows.clients}
        self.services = {row["id"]: row for row in rows.services}

    def of_order(self, moment: datetime, order: Row) -> Row:
        draw = self.make.random
        given = [{"description": self.services[order["service_id"]]["name"], "unit_price": order["unit_price"],
                  "quantity": order["quantity"]}]  # fmt: skip
        if draw.random() < 0.3:
            given.append(
                {"description": "Extra hours", "unit_price": 9_500, "quantity": draw.choice(("0.5", "1.25", "3"))}
            )
        return self.draft(moment, order, given, 10 if draw.random() < 0.1 else 0, order_id=order["id"])

    def of_period(self, subscription: Row, period: Row) -> Row:
        service = self.services[subscription["service_id"]]["name"]
        given = [{"description": f"{service}, {days_of(subscription, period['number'])}",
                  "quantity": period["quantity"], "unit_price": period["unit_price"]}]  # fmt: skip
        row = self.draft(period["starts_at"], subscription, given, 0, subscription_id=subscription["id"])
        period |= {"state": PeriodState.BILLED, "invoice_id": row["id"]}
        return row

    def draft(self, moment: datetime, of: Row, given: list[Row], discount: int, **link: UUID) -> Row:
        """Return a draft of an order or of a subscription, with a discount in percent."""
        lines = lines_of([each | {"quantity": _decimal(each["quantity"])} for each in given], _decimal(TAX_RATE))
        subtotal = sum(line["amount"] for line in lines)
        row = self.make.row(
            moment, metadata={}, number=None, number_key=None, client_id=of["client_id"], currency=of["currency"],
            amount_paid=0, status=_S.DRAFT, issued_at=None, due_at=None, paid_at=None, voided_at=None,
            uncollectible_at=None, seller=None, buyer=None, timezone=None, payment_details=None,
            language=None, color=None, logo=None,
            **{"order_id": None, "subscription_id": None} | link, **amounts(lines, subtotal * discount // 100),
        )  # fmt: skip
        self.made.invoices.append(row)
        for position, line in enumerate(lines):
            self.made.lines.append(
                {"invoice_id": row["id"], "position": position, "description": line["description"],
                 "quantity": line["quantity"], "unit_price": line["unitPrice"], "tax_rate": line["taxRate"],
                 "amount": line["amount"]}
            )  # fmt: skip
        return row

    def lead(self, row: Row, fates: Fates) -> None:
        """Lead a draft through one of its fates, as far as that is over."""
        (_, way, part), *_ = self.make.random.choices(fates, [share for share, *_ in fates])
        moment = row["updated_at"]
        for target in way:
            # A worker finalizes what it bills at once.
            soon = 600 if row["subscription_id"] is None else 1
            within = soon if target is _S.OPEN else 30_000
            moment += timedelta(minutes=self.make.random.randrange(soon // 10, within))
            if moment > self.make.end:
                return
            made = MACHINE.between(_S(row["status"]), target)
            assert made is not None, "the demo's invoices take the machine's transitions"
            row |= {"status": target, "version": row["version"] + 1, "updated_at": moment}
            row |= MACHINE.effects(row, made, moment, None)
            if target is _S.OPEN:
                row |= {"issued_at": moment, "due_at": moment + timedelta(days=_DUE_DAYS), "timezone": TIMEZONE}
                row |= {name: _SELLER[f"organization.{name}"] for name in ("language", "color")}
                row |= {"seller": seller_of(_SELLER, NAME), "buyer": buyer_of(self.clients[row["client_id"]])}
                if 0 < part < 1:
                    self.pay(row, int(row["total"] * part), moment)
            elif target is _S.PAID:
                self.pay(row, row["total"] - row["amount_paid"], moment)

    def pay(self, row: Row, amount: int, moment: datetime) -> None:
        draw = self.make.random
        row["amount_paid"] += amount
        self.made.payments.append(
            {"id": self.make.id_at(moment), "invoice_id": row["id"], "amount": amount, "method": draw.choice(_METHODS),
             "reference": f"TX{draw.randrange(10**8, 10**9)}", "paid_at": moment}
        )  # fmt: skip

    def number(self) -> None:
        """Number what was issued, in the order of issue."""
        last: dict[int, int] = {}
        for row in sorted((row for row in self.made.invoices if row["issued_at"]), key=itemgetter("issued_at", "id")):
            year = year_of(row["issued_at"], TIMEZONE)
            last[year] = last.get(year, 0) + 1
            number = shown_number("", year, last[year])
            row |= {"number": number, "number_key": number}
        self.made.counters = [
            {"name": f"{INVOICE.plural}:{year}:", "next": number + 1} for year, number in sorted(last.items())
        ]


def _decimal(value: Any) -> Any:
    return REGISTRY["invoices.taxRate"].loaded(str(value))


def invoices_of(
    rows: Rows, seed: int, number: int, end: datetime = FIXED, subscriptions: Subscriptions | None = None
) -> Invoices:
    """Return invoices of so many of an organization's orders, and of the periods of its subscriptions that are due, up
    to a moment: the same ones for equal arguments."""
    make = Maker(seed, end)
    maker = _Maker(make, rows)
    # An order is invoiced when it last moved.
    for order in sorted(make.random.sample(rows.orders, number), key=itemgetter("updated_at", "id")):
        maker.lead(maker.of_order(order["updated_at"], order), _FATES)
    if subscriptions is not None:
        by_id = {row["id"]: row for row in subscriptions.subscriptions}
        for period in subscriptions.periods:
            if period["state"] is PeriodState.DUE:
                maker.lead(maker.of_period(by_id[period["subscription_id"]], period), _FATES_OF_PERIODS)
        subscriptions.settle(maker.made.invoices, end)
    maker.number()
    return maker.made
