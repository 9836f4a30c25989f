"""What belongs to an invoice, in tables of their own: its lines and its payments."""

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BeforeValidator, WithJsonSchema
from sqlmodel import Field

from models.base import TIMESTAMP, Owned, column, table_args, table_of
from models.invoices import MAX_LINES, MAX_PAYMENTS
from models.parts import LargeJson, Parts
from models.types import MAX_SAFE_INTEGER, NOT_BLANK, Moment, Price, ShortText, TaxRate, Text, exact_decimal

# The greatest number of characters of all lines of an invoice as JSON: a request has at most 256 KiB, and each line
# gets the names of its members. Its payments, alike.
_LINES_LENGTH, _PAYMENTS_LENGTH = (256 + 112) * 1024, MAX_PAYMENTS * 560
LEAST_QUANTITY, MOST_QUANTITY = Decimal("0.0001"), Decimal("999999999999.9999")

LineText = Annotated[str, Text, MinLen(1), MaxLen(500), NOT_BLANK]
LineQuantity = Annotated[
    Decimal,
    Ge(LEAST_QUANTITY),
    Le(MOST_QUANTITY),
    BeforeValidator(exact_decimal),
    WithJsonSchema({"type": "string", "pattern": r"^(?=.*[1-9])[0-9]{1,12}(\.[0-9]{1,4})?$"}),
]
Lines = Annotated[list[Any], MaxLen(MAX_LINES)]
Paid = Annotated[int, Ge(1), Le(MAX_SAFE_INTEGER)]


class InvoiceLine(Owned, table=True):
    """One line of an invoice: a description, a quantity and a price."""

    __tablename__ = "invoice_lines"
    __table_args__ = table_args(
        sa.CheckConstraint("quantity > 0 and unit_price >= 0 and amount >= 0", name="amount"),
        sa.CheckConstraint("tax_rate >= 0 and tax_rate <= 100", name="tax_rate"),
        sa.ForeignKeyConstraint(["org_id", "invoice_id"], ["invoices.org_id", "invoices.id"], ondelete="CASCADE"),
        grants="SELECT, INSERT, DELETE",
    )

    invoice_id: UUID = Field(primary_key=True, sa_type=sa.Uuid)
    position: int = Field(primary_key=True, sa_type=sa.Integer, sa_column_kwargs={"autoincrement": False})
    description: LineText = column(sa.Text, description="Description of the line: 1 to 500 characters.")
    quantity: LineQuantity = column(sa.Numeric(16, 4), description="Quantity, with at most four decimal places.")
    unit_price: Price = column(sa.BigInteger, description="Price of one unit without tax, in minor units.")
    tax_rate: TaxRate = column(sa.Numeric(7, 4), description="Tax rate in percent, such as `19` or `5.5`.")
    amount: Price = column(
        sa.BigInteger, description="`quantity` × `unitPrice`, rounded half up, before discount and tax, in minor units."
    )


class InvoicePayment(Owned, table=True):
    """A payment of an invoice, whole or in part. Append-only."""

    __tablename__ = "invoice_payments"
    __table_args__ = table_args(
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.ForeignKeyConstraint(["org_id", "invoice_id"], ["invoices.org_id", "invoices.id"]),
        sa.Index("invoice_payments_invoice_idx", "org_id", "invoice_id", "id"),
        grants="SELECT, INSERT",
    )

    id: UUID = Field(primary_key=True, sa_type=sa.Uuid)
    invoice_id: UUID = column(sa.Uuid)
    amount: Paid = column(sa.BigInteger, description="Amount of the payment in minor units of the invoice's currency.")
    method: ShortText | None = column(
        sa.Text, nullable=True, description="How it was paid, such as `bank transfer`: up to 200 characters."
    )
    reference: ShortText | None = column(
        sa.Text, nullable=True, description="Reference of the payment, such as a bank's: up to 200 characters."
    )
    paid_at: Moment = column(TIMESTAMP, description="Time of the payment.")


invoice_lines = table_of(InvoiceLine)
invoice_payments = table_of(InvoicePayment)


def _decimal(value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return a decimal number as the text that shows it."""
    return sa.cast(sa.func.trim_scale(value), sa.Text)


def _moment(value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return a time as the text that shows it."""
    form: sa.ColumnElement[str] = sa.literal_column("""'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'""")
    return sa.func.to_char(sa.func.timezone(sa.literal_column("'UTC'"), value), form)


_line, _payment = invoice_lines.c, invoice_payments.c
LINES = Parts(
    invoice_lines,
    "invoice_id",
    "position",
    sa.Column("lines", LargeJson(_LINES_LENGTH), nullable=False, info={"most": _LINES_LENGTH}),
    {
        "description": _line.description,
        "quantity": _decimal(_line.quantity),
        "unitPrice": _line.unit_price,
        "taxRate": _decimal(_line.tax_rate),
        "amount": _line.amount,
    },
    {"description": "description", "quantity": "quantity", "unitPrice": "unit_price", "taxRate": "tax_rate",
     "amount": "amount"},
)  # fmt: skip
PAYMENTS = Parts(
    invoice_payments,
    "invoice_id",
    "id",
    sa.Column("payments", LargeJson(_PAYMENTS_LENGTH), nullable=False, info={"most": _PAYMENTS_LENGTH}),
    {
        "amount": _payment.amount,
        "method": _payment.method,
        "reference": _payment.reference,
        "paidAt": _moment(_payment.paid_at),
    },
    {"amount": "amount", "method": "method", "reference": "reference", "paidAt": "paid_at"},
)
