"""The document of an invoice: what is printed of it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.base import C_TEXT
from models.invoices import INVOICE, InvoiceStatus, amount_due, invoice_logos
from models.typeid import encode
from resolvers.collections.rows import by_ids
from resolvers.context import Context
from resolvers.database.sql import owned, statement
from resolvers.invoices.collections import INVOICES
from resolvers.invoices.finalizing import CLIENT_COLUMNS, buyer_of, organization_of, seller_of
from resolvers.invoices.pdf.document import DocumentLine, DocumentParty, DocumentTax, InvoiceDocument
from resolvers.invoices.transitions import client_of
from resolvers.settings import logo_of, settings_of

# What a document has of its invoice as it is.
_PLAIN = ("number", "issued_at", "due_at", "paid_at", "currency", "subtotal", "discount", "tax", "total", "amount_paid")
_ISSUED = ("seller", "buyer", "timezone", "payment_details", "language", "color")
_COLUMNS = (*_PLAIN, *_ISSUED, "logo", "status", "updated_at", "client_id", "lines", "taxes")


@statement
def _logo() -> sa.Select[Any]:
    return owned(invoice_logos, invoice_logos.c.png).where(
        invoice_logos.c.digest == sa.bindparam("digest", type_=C_TEXT)
    )


async def _kept_logo(ctx: Context, digest: str) -> bytes:
    row = await ctx.row(_logo(), digest=digest)
    assert row is not None, "a logo that an invoice shows is kept"
    png: bytes = row["png"]
    return png


async def document_of(ctx: Context, invoice_id: UUID) -> InvoiceDocument | None:
    """Return the document of an invoice; None where there is none. A draft shows what is now."""
    (row,) = await by_ids(ctx, INVOICES, [invoice_id], _COLUMNS)
    if row is None:
        return None
    if row["status"] == InvoiceStatus.DRAFT:
        settings, organization = await settings_of(ctx), await organization_of(ctx)
        issued = {
            "seller": seller_of(settings, organization["name"]),
            "buyer": buyer_of(await client_of(ctx, row, *CLIENT_COLUMNS)),
            "timezone": organization["timezone"],
            "payment_details": settings["organization.paymentDetails"],
            "language": settings["organization.language"],
            "color": settings["organization.color"],
        }
        logo = await logo_of(ctx)
    else:
        issued = {name: row[name] for name in _ISSUED}
        logo = None if row["logo"] is None else await _kept_logo(ctx, row["logo"])
    return InvoiceDocument(
        **{name: row[name] for name in _PLAIN},
        public_id=encode(INVOICE.prefix, invoice_id),
        status=row["status"],
        dated=row["issued_at"] or row["updated_at"],
        seller=_party(issued["seller"]),
        buyer=_party(issued["buyer"]),
        lines=tuple(map(_line, row["lines"])),
        taxes=tuple(DocumentTax(Decimal(each["rate"]), each["base"], each["tax"]) for each in row["taxes"]),
        amount_due=amount_due(row),
        timezone=issued["timezone"],
        payment_details=issued["payment_details"],
        logo=logo,
        language=issued["language"],
        color=issued["color"],
    )


def _party(party: Mapping[str, Any]) -> DocumentParty:
    lines = party["address"]["lines"] if party["address"] is not None else []
    contact = [party["contact"]] if party["contact"] is not None else []
    return DocumentParty(party["name"], (*contact, *lines), party["taxId"], party["email"], party["phone"])


def _line(line: Mapping[str, Any]) -> DocumentLine:
    return DocumentLine(
        line["description"], Decimal(line["quantity"]), line["unitPrice"], Decimal(line["taxRate"]), line["amount"]
    )
