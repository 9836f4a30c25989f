"""Invoices of orders that look like a studio's, in every state: for the demo and for measurements."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from models.invoices import INVOICE, MACHINE, InvoiceStatus
from models.settings import REGISTRY
from resolvers.invoices.amounts import amounts, lines_of
from resolvers.invoices.finalizing import buyer_of, seller_of
from resolvers.invoices.numbers import shown_number, year_of
from resolvers.lists.search_words import words_of
from server.dev.demo_maker import Maker, Row
from server.dev.demo_rows import FIXED, Rows

_S = InvoiceStatus
NAME, TIMEZONE, TAX_RATE = "Demo Studio", "UTC", "19"
_ADDRESS = "12 Garden Row\n10115 Berlin"
_SELLER = {name: setting.default for name, setting in REGISTRY.items()} | {"organization.address": _ADDRESS}
_DUE_DAYS = 14
# What becomes of an invoice, and of how many of a hundred; what was issued within the last days is paid by fewer.
_FATES: tuple[tuple[int, tuple[InvoiceStatus, ...], float], ...] = (
    (8, (), 0),
    (14, (_S.OPEN,), 0),
    (6, (_S.OPEN,), 0.4),
    (60, (_S.OPEN, _S.PAID), 1),
    (5, (_S.OPEN, _S.PAID), 0.5),
    (4, (_S.OPEN, _S.VOID), 0),
    (2, (_S.OPEN, _S.UNCOLLECTIBLE), 0),
    (1, (_S.OPEN, _S.UNCOLLECTIBLE, _S.PAID), 1),
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
        """The rows of ``search_words``."""
        for row in self.invoices:
            for word in words_of([row["number"]]):
                yield {"resource": INVOICE.prefix, "word": word, "subject_id": row["id"]}


class _Maker:
    """Makes invoices of a studio's orders."""

    def __init__(self, make: Maker, rows: Rows) -> None:
        self.make, self.made = make, Invoices()
        self.clients = {row["id"]: row for row in rows.clients}
        self.services = {row["id"]: row for row in rows.services}

    def draft(self, moment: datetime, order: Row) -> Row:
        draw = self.make.random
        given = [{"description": self.services[order["service_id"]]["name"], "unit_price": order["unit_price"],
                  "quantity": order["quantity"]}]  # fmt: skip
        if draw.random() < 0.3:
            given.append(
                {"description": "Extra hours", "unit_price": 9_500, "quantity": draw.choice(("0.5", "1.25", "3"))}
            )
        lines = lines_of([each | {"quantity": _decimal(each["quantity"])} for each in given], _decimal(TAX_RATE))
        subtotal = sum(line["amount"] for line in lines)
        row = self.make.row(
            moment, metadata={}, number=None, number_key=None, client_id=order["client_id"], order_id=order["id"],
            subscription_id=None, currency=order["currency"], amount_paid=0, status=_S.DRAFT, issued_at=None,
            due_at=None, paid_at=None, voided_at=None, uncollectible_at=None, seller=None, buyer=None, timezone=None,
            payment_details=None, **amounts(lines, subtotal // 10 if draw.random() < 0.1 else 0),
        )  # fmt: skip
        for position, line in enumerate(lines):
            self.made.lines.append(
                {"invoice_id": row["id"], "position": position, "description": line["description"],
                 "quantity": line["quantity"], "unit_price": line["unitPrice"], "tax_rate": line["taxRate"],
                 "amount": line["amount"]}
            )  # fmt: skip
        return row

    def lead(self, row: Row, moment: datetime) -> None:
        """Lead a draft through its fate, as far as that is over."""
        (_, way, part), *_ = self.make.random.choices(_FATES, [share for share, *_ in _FATES])
        for target in way:
            moment += timedelta(minutes=self.make.random.randrange(60, 30_000 if target is not _S.OPEN else 600))
            if moment > self.make.end:
                return
            made = MACHINE.between(_S(row["status"]), target)
            assert made is not None, "the demo's invoices take the machine's transitions"
            row |= {"status": target, "version": row["version"] + 1, "updated_at": moment}
            row |= MACHINE.effects(row, made, moment, None)
            if target is _S.OPEN:
                row |= {"issued_at": moment, "due_at": moment + timedelta(days=_DUE_DAYS), "timezone": TIMEZONE}
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


def invoices_of(rows: Rows, seed: int, number: int, end: datetime = FIXED) -> Invoices:
    """Return invoices of so many of an organization's orders, up to a moment: the same ones for equal arguments."""
    make = Maker(seed, end)
    maker = _Maker(make, rows)
    # An order is invoiced when it last moved.
    for order in sorted(make.random.sample(rows.orders, number), key=itemgetter("updated_at", "id")):
        row = maker.draft(order["updated_at"], order)
        maker.made.invoices.append(row)
        maker.lead(row, order["updated_at"])
    maker.number()
    return maker.made
