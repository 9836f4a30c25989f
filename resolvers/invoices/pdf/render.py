"""An invoice's document becomes a PDF: dated, the same for the same rows, and made outside the event loop."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from uuid import UUID

import orjson
import structlog

from models import png
from models.png import PngError, drawn, size_of
from resolvers import typesetting
from resolvers.context import Context
from resolvers.downloads import File
from resolvers.invoices.pdf.document import InvoiceDocument
from resolvers.invoices.pdf.page import page_of
from resolvers.typesetting.typesetter import Typesetter, TypesettingError

log = structlog.get_logger()
TEMPLATE = Path(__file__).with_name("template.typ")
# What a line costs beside: a thousand take half a second.
COST_OF_LINES = 5


def invoice_file(ctx: Context, document: InvoiceDocument) -> File:
    """Return the PDF of an invoice as a file to download."""

    async def chunks() -> AsyncIterator[bytes]:
        yield await render(ctx.runtime.typesetter, ctx.org_id, document)

    name = f"{document.number or document.public_id}.pdf"
    return File(name, etag_of(document), chunks, cost=COST_OF_LINES * len(document.lines))


async def render(typesetter: Typesetter, org_id: UUID, document: InvoiceDocument) -> bytes:
    """Return the PDF of a document.

    A logo that cannot be drawn is left out. Raises TypesettingError, or Refusal UNAVAILABLE where too many wait.
    """
    files = await asyncio.to_thread(files_of, document)
    try:
        return await typesetter.pdf(org_id, files, document.dated)
    except TypesettingError as error:
        if "logo.json" not in files:
            raise
        log.warning("an invoice was made without its logo", invoice=document.public_id, error=str(error))
    files = await asyncio.to_thread(files_of, document, logo=False)
    return await typesetter.pdf(org_id, files, document.dated)


def files_of(document: InvoiceDocument, *, logo: bool = True) -> dict[str, bytes]:
    """Return the files that a document is typeset of."""
    files = {"main.typ": TEMPLATE.read_bytes()}
    size = None
    if logo and document.logo is not None:
        try:
            picture = drawn(document.logo)
            size = size_of(picture)
            # As numbers: files are texts.
            files["logo.json"] = orjson.dumps([*picture])
        except PngError as error:
            log.warning("a logo is left out", invoice=document.public_id, error=str(error))
    return files | {"data.json": orjson.dumps(page_of(document, size))}


def etag_of(document: InvoiceDocument) -> str:
    """Return what tells the PDF from that of other rows, and of other versions of this code."""
    return hashlib.sha256(b"\n".join([_edition(), repr(document).encode()])).hexdigest()[:32]


@cache
def _edition() -> bytes:
    """Return a digest of what a PDF depends on beside its document."""
    digest = hashlib.sha256(" ".join(map(version, ("typst", "babel"))).encode() + Path(png.__file__).read_bytes())
    for folder in (TEMPLATE.parent, Path(typesetting.__file__).parent):
        for path in sorted([*folder.glob("*.py"), *folder.glob("*.typ"), *folder.glob("fonts/*")]):
            digest.update(path.read_bytes())
    return digest.digest()
