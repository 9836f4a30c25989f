"""Invoices: what a client owes, by lines, what was paid of it, and the transitions of its status."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from annotated_types import MaxLen
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Field

from models.base import C_TEXT, TIMESTAMP, Owned, WithMetadata, column, nullable_time, one_of, table_args, table_of
from models.enums import DescribedEnum
from models.images import IMAGE_BYTES
from models.machines import Block, Guard, Machine, Row, SettingValues, Transition
from models.parts import LargeJson
from models.resources import Resource
from models.settings import Color, Language
from models.types import Currency, JsonObject, LongText, Moment, Price, Timezone

INVOICE = Resource(
    "invoice",
    actions=("finalize", "pay", "void", "mark_uncollectible"),
    description="The invoices of clients, with their lines, taxes and payments.",
    events={
        "created": "An invoice was created.",
        "updated": "Fields of an invoice were updated.",
        "finalized": "An invoice was finalized: it has a number, and its lines change no more.",
        "payment_recorded": "A payment of an invoice was recorded.",
        "paid": "An invoice was paid in full.",
        "voided": "An invoice was voided.",
        "marked_uncollectible": "An invoice was marked as uncollectible.",
        "deleted": "A draft of an invoice was deleted; `data` is its last state.",
    },
)


class InvoiceStatus(DescribedEnum):
    """Status of an invoice."""

    DRAFT = "DRAFT", "Not issued yet: without a number, and open to change."
    OPEN = "OPEN", "Issued; something is due."
    PAID = "PAID", "Paid in full."
    VOID = "VOID", "Voided: nothing is due."
    UNCOLLECTIBLE = "UNCOLLECTIBLE", "Not expected to be paid. It can still be paid or voided."


_S = InvoiceStatus
MAX_LINES, MAX_PAYMENTS = 1_000, 100
# The greatest number of characters of an invoice's taxes as JSON, of which each line may have its own.
_TAXES_LENGTH = MAX_LINES * 80
# The client's address, as a row has it that was read with the client's.
ADDRESS = "client_id.address"
InvoiceNumber = Annotated[str, MaxLen(40)]


def _finalizable(invoice: Row, settings: SettingValues, moment: datetime) -> Block | None:
    # Each line is taxed at a rate, if only at 0: without one there is no line.
    if not invoice["taxes"]:
        return Block(Guard.NO_LINES)
    return Block(Guard.NO_ADDRESS) if settings["invoices.requireAddress"] and not invoice[ADDRESS] else None


def _unpaid(invoice: Row, settings: SettingValues, moment: datetime) -> Block | None:
    return Block(Guard.HAS_PAYMENTS) if invoice["amount_paid"] else None


def _effects(invoice: Row, made: Transition[InvoiceStatus], moment: datetime, reason: str | None) -> dict[str, Any]:
    times = {_S.PAID: "paid_at", _S.VOID: "voided_at", _S.UNCOLLECTIBLE: "uncollectible_at"}
    return {times[made.target]: moment} if made.target in times else {}


MACHINE = Machine(
    InvoiceStatus,
    Transition(
        _S.DRAFT,
        _S.OPEN,
        "The invoice is finalized: it gets its number. One whose total is 0 is `PAID` at once.",
        _finalizable,
    ),
    Transition(_S.OPEN, _S.PAID, "All that is due is paid."),
    Transition(_S.OPEN, _S.VOID, "The invoice is voided, while nothing is paid of it.", _unpaid),
    Transition(_S.OPEN, _S.UNCOLLECTIBLE, "The invoice is not expected to be paid."),
    Transition(_S.UNCOLLECTIBLE, _S.PAID, "All that is due is paid after all."),
    Transition(_S.UNCOLLECTIBLE, _S.VOID, "The invoice is voided, while nothing is paid of it.", _unpaid),
    effects=_effects,
)


def amount_due(invoice: Row) -> int:
    """Return what of an invoice is to be paid."""
    due: int = 0 if invoice["status"] == _S.VOID else invoice["total"] - invoice["amount_paid"]
    return due


# When an invoice is overdue from, as one value that an index holds: of one that cannot be overdue, never.
NEVER_OVERDUE = "9999-12-31 23:59:59.999Z"
_OVERDUE = f"(case when status = 'OPEN' then due_at else '{NEVER_OVERDUE}'::timestamptz end)"

# Few invoices of many, or most of them: whoever asks for those of subscriptions finds them in each order of time.
_SUBSCRIBED = "subscription_id is not null"


class Invoice(WithMetadata, table=True):
    """What a client owes. What it shows of the client and the organization are copies: later changes rewrite no
    invoice."""

    __tablename__ = "invoices"
    __table_args__ = table_args(
        one_of("status", InvoiceStatus),
        sa.CheckConstraint(
            "discount >= 0 and discount <= subtotal and total = subtotal - discount + tax", name="total"
        ),
        sa.CheckConstraint(
            "amount_paid >= 0 and amount_paid <= total and (status <> 'PAID' or amount_paid = total)",
            name="amount_paid",
        ),
        sa.CheckConstraint(
            "num_nulls(number, number_key, issued_at, due_at, seller, buyer, timezone, language)"
            " = case when status = 'DRAFT' then 8 else 0 end",
            name="issued",
        ),
        sa.UniqueConstraint("org_id", "number_key", name="invoices_number_key"),
        sa.ForeignKeyConstraint(["org_id", "client_id"], ["clients.org_id", "clients.id"]),
        sa.ForeignKeyConstraint(["org_id", "order_id"], ["orders.org_id", "orders.id"]),
        sa.ForeignKeyConstraint(["org_id", "subscription_id"], ["subscriptions.org_id", "subscriptions.id"]),
        sa.ForeignKeyConstraint(["org_id", "logo"], ["invoice_logos.org_id", "invoice_logos.digest"]),
        sa.Index(
            "invoices_of_order_key", "org_id", "order_id", unique=True, postgresql_where=sa.text("status <> 'VOID'")
        ),
        sa.Index("invoices_client_idx", "org_id", "client_id", "id"),
        sa.Index("invoices_order_idx", "org_id", "order_id", "id"),
        sa.Index("invoices_subscription_idx", "org_id", "subscription_id", "id"),
        sa.Index("invoices_status_idx", "org_id", "status", "id"),
        sa.Index("invoices_total_idx", "org_id", "total", "id"),
        *nullable_time("invoices_issued", "issued_at"),
        *nullable_time("invoices_due", "due_at"),
        *nullable_time("invoices_status_due", "due_at", within="status"),
        *nullable_time("invoices_orderless_due", "due_at", where="order_id is null"),
        *nullable_time("invoices_subscribed_issued", "issued_at", where=_SUBSCRIBED),
        *nullable_time("invoices_subscribed_due", "due_at", where=_SUBSCRIBED),
        sa.Index(
            "invoices_subscribed_updated_idx", "org_id", "updated_at", "id", postgresql_where=sa.text(_SUBSCRIBED)
        ),
        sa.Index("invoices_subscribed_idx", "org_id", "id", postgresql_where=sa.text(_SUBSCRIBED)),
        sa.Index("invoices_overdue_idx", "org_id", sa.text(_OVERDUE), "id"),
        sa.Index("invoices_updated_idx", "org_id", "updated_at", "id"),
    )

    number: InvoiceNumber | None = column(
        sa.Text, nullable=True, description="Invoice number, without gaps in each year. Null while it is a draft."
    )
    number_key: str | None = column(
        C_TEXT,
        nullable=True,
        description="The number as it is compared and ordered: without case.",
        info={"caseless": "number"},
    )
    client_id: UUID = column(sa.Uuid, description="ID of the client that the invoice is for.")
    order_id: UUID | None = column(
        sa.Uuid, nullable=True, description="ID of the order that the invoice is of, if any."
    )
    subscription_id: UUID | None = column(
        sa.Uuid, nullable=True, description="ID of the subscription that the invoice is of, if any."
    )
    currency: Currency = column(sa.Text, description="ISO 4217 currency code of all amounts of the invoice.")
    subtotal: Price = column(
        sa.BigInteger, default=0, description="Sum of the lines' amounts, before discount and tax, in minor units."
    )
    discount: Price = column(
        sa.BigInteger,
        default=0,
        description="Discount on the subtotal, in minor units. It is shared over the lines by their amounts.",
    )
    taxes: list[Any] = column(
        LargeJson(_TAXES_LENGTH),
        info={"most": _TAXES_LENGTH},
        description="Tax for each rate of the lines, by rate.",
    )
    tax: Price = column(sa.BigInteger, default=0, description="Sum of the taxes, in minor units.")
    total: Price = column(sa.BigInteger, default=0, description="`subtotal` - `discount` + `tax`, in minor units.")
    amount_paid: Price = column(sa.BigInteger, default=0, description="Sum of the payments, in minor units.")
    status: InvoiceStatus = column(sa.Text, default=InvoiceStatus.DRAFT, description="Status of the invoice.")
    issued_at: Moment | None = column(
        TIMESTAMP, nullable=True, description="Time at which the invoice was finalized. Null while it is a draft."
    )
    due_at: Moment | None = column(
        TIMESTAMP, nullable=True, description="Time at which the invoice is due. Null while it is a draft."
    )
    paid_at: Moment | None = column(TIMESTAMP, nullable=True, description="Time at which it was paid in full.")
    voided_at: Moment | None = column(TIMESTAMP, nullable=True, description="Time at which it was voided.")
    uncollectible_at: Moment | None = column(
        TIMESTAMP, nullable=True, description="Time at which it was last marked as uncollectible."
    )
    seller: JsonObject | None = column(
        pg.JSONB,
        nullable=True,
        info={"most": 6_000},
        description="The organization, as it was when the invoice was finalized. Null while it is a draft.",
    )
    buyer: JsonObject | None = column(
        pg.JSONB,
        nullable=True,
        info={"most": 6_000},
        description="The client, as it was when the invoice was finalized. Null while it is a draft.",
    )
    timezone: Timezone | None = column(
        sa.Text, nullable=True, description="Time zone of the invoice's dates. Null while it is a draft."
    )
    payment_details: LongText | None = column(
        sa.Text, nullable=True, description="How to pay the invoice, as it was when it was finalized."
    )
    language: Language | None = column(
        sa.Text, nullable=True, description="Language of the invoice's PDF. Null while it is a draft."
    )
    color: Color | None = column(
        sa.Text, nullable=True, description="Color of the invoice's PDF, as it was when it was finalized."
    )
    logo: str | None = column(
        C_TEXT, nullable=True, description="Digest of the logo, as it was when the invoice was finalized."
    )


class InvoiceLogo(Owned, table=True):
    """A logo that issued invoices show, by its digest: the organization may have another one since."""

    __tablename__ = "invoice_logos"
    __table_args__ = table_args(
        sa.CheckConstraint(f"octet_length(png) <= {IMAGE_BYTES}", name="png"), grants="SELECT, INSERT"
    )

    digest: str = Field(primary_key=True, sa_type=C_TEXT)
    png: bytes = column(pg.BYTEA)


invoices = table_of(Invoice)
invoice_logos = table_of(InvoiceLogo)
