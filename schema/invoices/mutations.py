"""Invoices in the graph: what can be done with them."""

from datetime import datetime
from decimal import Decimal

import strawberry
from sqlmodel import SQLModel

from models.invoice_parts import InvoiceLine as LineTable
from models.invoice_parts import InvoicePayment as PaymentTable
from models.invoice_parts import Lines
from models.invoices import Invoice as Table
from models.invoices import InvoiceStatus
from models.types import Currency as CurrencyCode
from resolvers.invoices import mutations, payments
from schema.declaration.inputs import UpdateInput, input_type
from schema.declaration.mutations import acts_on, creates, deletes, updates
from schema.declaration.scalars import Currency, MinorUnits, StringMap
from schema.invoices.types import Invoice

_DRAFT = "Changes only while the invoice is a `DRAFT`."
_NUMBER = (
    "It gets the next number of its year, and the names and addresses of the organization and the client as they are."
)


class _Lines(SQLModel):
    """The bounds of an invoice's lines, which are no column."""

    lines: Lines


@input_type(LineTable)
class InvoiceLineInput:
    """A line of an invoice, in the invoice's currency."""

    description: str
    quantity: strawberry.Maybe[Decimal] = strawberry.field(
        description="Quantity: more than 0, with at most four decimal places. Defaults to 1."
    )
    unit_price: MinorUnits
    tax_rate: strawberry.Maybe[Decimal] = strawberry.field(
        description="Tax rate in percent, from 0 to 100. Defaults to that of the order, or without an order to"
        " the setting `invoices.taxRate`."
    )


@input_type(Table, bounds=_Lines)
class CreateInvoiceInput:
    """Fields of the new invoice, which is a `DRAFT`."""

    client_id: strawberry.ID
    order_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        description="ID of the order that the invoice is of, if any: an order of the client. It has at most one invoice"
        " that is not `VOID`."
    )
    currency: strawberry.Maybe[Currency] = strawberry.field(
        description="ISO 4217 currency code. Defaults to the order's currency, or to the organization's."
    )
    lines: strawberry.Maybe[list[InvoiceLineInput]] = strawberry.field(
        description="Lines of the invoice, at most 1,000. Of an order, they default to one line with what was ordered."
    )
    discount: strawberry.Maybe[MinorUnits]
    metadata: strawberry.Maybe[StringMap]


@input_type(Table)
class CreateInvoiceFromOrderInput:
    """The order that the new invoice is of."""

    order_id: strawberry.ID = strawberry.field(
        description="ID of the order. It has at most one invoice that is not `VOID`."
    )
    metadata: strawberry.Maybe[StringMap]


@input_type(Table, bounds=_Lines, clears=True)
class UpdateInvoiceInput(UpdateInput):
    """Fields of the invoice to change. The transition, if any, is made last."""

    currency: strawberry.Maybe[Currency] = strawberry.field(
        description=f"ISO 4217 currency code, which an invoice of an order has from the order. {_DRAFT}"
    )
    lines: strawberry.Maybe[list[InvoiceLineInput]] = strawberry.field(
        description=f"Lines of the invoice, at most 1,000: they replace all that there are. {_DRAFT}"
    )
    discount: strawberry.Maybe[MinorUnits] = strawberry.field(
        description=f"Discount on the subtotal, in minor units: at most the subtotal. {_DRAFT}"
    )
    metadata: strawberry.Maybe[StringMap]
    status: strawberry.Maybe[InvoiceStatus] = strawberry.field(
        description="Status to move the invoice to: `OPEN` finalizes it, `PAID` records a payment of all that is due."
    )


@input_type()
class FinalizeInvoiceInput(UpdateInput):
    """The invoice to finalize."""


class _Payment(SQLModel):
    """The bounds of what a payment is held against."""

    currency: CurrencyCode


@input_type(PaymentTable, bounds=_Payment)
class PayInvoiceInput(UpdateInput):
    """The payment of an invoice."""

    amount: strawberry.Maybe[MinorUnits] = strawberry.field(
        description="Amount of the payment in minor units, at most what is due. Defaults to all that is due."
    )
    currency: strawberry.Maybe[Currency] = strawberry.field(
        description="Currency of the payment, which must be the invoice's."
    )
    method: strawberry.Maybe[str | None]
    reference: strawberry.Maybe[str | None]
    paid_at: strawberry.Maybe[datetime] = strawberry.field(
        description="Time of the payment, from 1970 on and not in the future. Defaults to now."
    )


@input_type()
class VoidInvoiceInput(UpdateInput):
    """The invoice to void."""


@input_type()
class MarkInvoiceUncollectibleInput(UpdateInput):
    """The invoice to mark as uncollectible."""


@strawberry.type
class InvoiceMutation:
    """Mutations of invoices."""

    create_invoice = creates(
        Invoice, CreateInvoiceInput, mutations.create, "Create an invoice as a draft.", check=mutations.check_new
    )
    create_invoice_from_order = creates(
        Invoice,
        CreateInvoiceFromOrderInput,
        mutations.create_from_order,
        "Create an invoice of an order as a draft: one line with the quantity and the price of the order.",
    )
    update_invoice = updates(
        Invoice,
        UpdateInvoiceInput,
        mutations.change,
        "Update an invoice, and move it to another status when one is given.",
    )
    finalize_invoice = acts_on(Invoice, FinalizeInvoiceInput, mutations.finalize, f"Finalize a draft. {_NUMBER}")
    pay_invoice = updates(
        Invoice,
        PayInvoiceInput,
        payments.pay,
        "Record a payment of an invoice, whole or in part. It is `PAID` when nothing more is due.",
    )
    void_invoice = acts_on(
        Invoice, VoidInvoiceInput, mutations.void, "Void an invoice of which nothing is paid. It keeps its number."
    )
    mark_invoice_uncollectible = acts_on(
        Invoice,
        MarkInvoiceUncollectibleInput,
        mutations.mark_uncollectible,
        "Mark an invoice as not expected to be paid. It can still be paid or voided.",
    )
    delete_invoice = deletes(
        Invoice,
        mutations.remove,
        "Delete an invoice that is a `DRAFT`. Any other one of which nothing is paid can be voided instead.",
    )
