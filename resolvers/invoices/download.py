"""The download of an invoice's PDF."""

from uuid import UUID

from models.invoices import INVOICE
from resolvers.context import Context
from resolvers.downloads import Download, File
from resolvers.invoices.documents import document_of
from resolvers.invoices.pdf.render import invoice_file

# What it costs beside its lines: some ten milliseconds.
COST = 100


async def _find(ctx: Context, invoice_id: UUID) -> File | None:
    document = await document_of(ctx, invoice_id)
    return None if document is None else invoice_file(ctx, document)


INVOICE_PDF = Download(
    INVOICE, "pdf", "application/pdf", INVOICE.read_scope, COST, "GetInvoicePdf", "Get an invoice as a PDF", _find
)
