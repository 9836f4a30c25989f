"""Invoices in the graph: what can be read of them."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from execution import ColumnReader
from models.clients import CLIENT
from models.invoice_parts import InvoiceLine as LineTable
from models.invoice_parts import InvoicePayment as PaymentTable
from models.invoices import ADDRESS, INVOICE, MACHINE, InvoiceStatus, amount_due
from models.invoices import Invoice as Table
from models.orders import ORDER
from models.subscriptions import SUBSCRIPTION
from resolvers.clients import CLIENTS
from resolvers.context import now
from resolvers.invoices.collections import INVOICES
from resolvers.invoices.download import INVOICE_PDF
from resolvers.invoices.loaders import totals
from resolvers.invoices.transitions import NEEDED, available
from resolvers.orders import ORDERS
from resolvers.subscriptions.collections import SUBSCRIPTIONS
from schema.declaration.amounts import shown_amount
from schema.declaration.collections import groups_of, many, one, to_one
from schema.declaration.fields import (
    batched,
    computed,
    creation,
    file_url,
    member,
    object_type,
    public_id,
    related_id,
    same_row,
)
from schema.declaration.lists import Connection
from schema.declaration.nodes import Node
from schema.declaration.scalars import Currency, MinorUnits, StringMap, Timezone
from schema.declaration.transitions import AVAILABLE, Transition

if TYPE_CHECKING:
    from schema.clients import Client
    from schema.orders import Order
    from schema.subscriptions import ClientSubscription


def _decimal(name: str, description: str = "") -> Any:
    """Return a decimal number of a JSON object, which has it as text."""
    return computed(lambda part: Decimal(part[name]), description=description, reader=ColumnReader(name))


def _part(name: str) -> Any:
    """Return a member of a part whose name there is the one that clients read."""
    return computed(lambda part: part[name], description="", reader=ColumnReader(name))


@object_type(LineTable)
class InvoiceLine:
    """A line of an invoice."""

    description: str
    quantity: Decimal = _decimal("quantity")
    unit_price: MinorUnits = _part("unitPrice")
    tax_rate: Decimal = _decimal("taxRate")
    amount: MinorUnits


@object_type()
class InvoiceTax:
    """The tax of an invoice at one rate."""

    rate: Decimal = _decimal("rate", "Tax rate in percent.")
    base: MinorUnits = member(
        "base", "Taxed amount in minor units: the lines of the rate, less their shares of the discount."
    )
    tax: MinorUnits = member("tax", "Tax in minor units, rounded half up once for the rate.")


@object_type(PaymentTable)
class InvoicePayment:
    """A payment of an invoice."""

    amount: MinorUnits
    method: str | None
    reference: str | None
    paid_at: datetime = computed(
        lambda payment: datetime.fromisoformat(payment["paidAt"]), description="", reader=ColumnReader("paidAt")
    )


@object_type()
class InvoiceAddress:
    """A postal address, as it was entered."""

    lines: list[str] = member("lines", "The lines of the address.")


@object_type()
class InvoiceParty:
    """The organization or the client, as it was when the invoice was finalized."""

    name: str = member("name", "Name: of a client the company, where it has one.")
    contact: str | None = member("contact", "Name of the person, beside that of the company.", null=True)
    address: InvoiceAddress | None = same_row("Postal address.", ColumnReader("address", null=True))
    tax_id: str | None = computed(
        lambda party: party["taxId"],
        description="Tax ID, such as a VAT number.",
        reader=ColumnReader("taxId", null=True),
    )
    email: str | None = member("email", "Email address.", null=True)
    phone: str | None = member("phone", "Phone number.", null=True)


def _overdue(row: Any) -> bool:
    return bool(row["status"] == InvoiceStatus.OPEN and row["due_at"] < now())


@object_type(Table, INVOICE, machine=MACHINE)
class Invoice(Node):
    """An invoice to a client."""

    id: strawberry.ID = public_id(INVOICE)
    number: str | None
    client_id: strawberry.ID = related_id(CLIENT, "client_id", "ID of the client that the invoice is for.")
    client: Annotated["Client", strawberry.lazy("schema.clients")] = to_one(
        CLIENTS, "client_id", "The client that the invoice is for."
    )
    order_id: strawberry.ID | None = related_id(
        ORDER, "order_id", "ID of the order that the invoice is of, if any.", null=True
    )
    order: Annotated["Order", strawberry.lazy("schema.orders")] | None = to_one(
        ORDERS, "order_id", "The order that the invoice is of, if any.", null=True
    )
    subscription_id: strawberry.ID | None = related_id(
        SUBSCRIPTION, "subscription_id", "ID of the subscription that the invoice is of, if any.", null=True
    )
    subscription: Annotated["ClientSubscription", strawberry.lazy("schema.subscriptions")] | None = to_one(
        SUBSCRIPTIONS, "subscription_id", "The subscription that the invoice is of, if any.", null=True
    )
    currency: Currency
    lines: list[InvoiceLine] = strawberry.field(description="The lines: at most 1,000.")
    subtotal: MinorUnits
    discount: MinorUnits
    taxes: list[InvoiceTax]
    tax: MinorUnits
    total: MinorUnits
    amount_paid: MinorUnits
    amount_due: MinorUnits = computed(
        amount_due,
        description="Amount to be paid, in minor units: `total` - `amountPaid`; 0 once the invoice is `VOID`.",
        reader=ColumnReader(convert=amount_due, needs=("status", "total", "amount_paid")),
    )
    payments: list[InvoicePayment] = strawberry.field(
        description="The payments, in the order in which they were recorded: at most 100."
    )
    status: InvoiceStatus
    overdue: bool = computed(
        _overdue,
        description="Whether the invoice is `OPEN` after its due time.",
        reader=ColumnReader(convert=_overdue, needs=("status", "due_at")),
    )
    issued_at: datetime | None
    due_at: datetime | None
    paid_at: datetime | None
    voided_at: datetime | None
    uncollectible_at: datetime | None
    seller: InvoiceParty | None = same_row("", ColumnReader("seller", null=True))
    buyer: InvoiceParty | None = same_row("", ColumnReader("buyer", null=True))
    timezone: Timezone | None
    payment_details: str | None
    pdf_url: str = file_url(INVOICE_PDF, "Path of the invoice as a PDF, for a request with an API key.")
    metadata: StringMap
    created_at: datetime = creation()
    updated_at: datetime
    version: int
    available_transitions: list[Transition[InvoiceStatus]] = batched(available, *NEEDED, ADDRESS, description=AVAILABLE)


@object_type(resource=INVOICE)
class ClientTotal:
    """A client's payments in one currency."""

    currency: Currency = member("currency", "ISO 4217 currency code.")
    lifetime_value: MinorUnits = member(
        "lifetime_value", "Sum of the payments of the client's invoices, in minor units.", convert=shown_amount
    )


@object_type(resource=INVOICE)
class InvoiceTotal:
    """Number and sums of the invoices that have a status and a currency. One over 2^53 - 1 is OUT_OF_RANGE."""

    status: InvoiceStatus = strawberry.field(description="Status of the invoices.")
    currency: Currency = strawberry.field(description="ISO 4217 currency code of the invoices.")
    count: int = strawberry.field(description="Number of invoices.")
    total: MinorUnits = strawberry.field(description="Sum of their `total`, in minor units.")
    amount_paid: MinorUnits = strawberry.field(description="Sum of their `amountPaid`, in minor units.")
    amount_due: MinorUnits = strawberry.field(description="Sum of their `amountDue`, in minor units.")


@strawberry.type
class InvoiceQuery:
    """Queries of invoices."""

    invoice: Invoice | None = one(INVOICES)
    invoices: Connection[Invoice] | None = many(INVOICES)
    invoice_totals: list[InvoiceTotal] | None = groups_of(
        INVOICES,
        totals,
        "Number and sums of invoices by status and currency. Statuses and currencies without invoices are left out.",
    )
