"""Invoices as they are printed, and the samples in the documentation: ``make samples`` writes them."""

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from resolvers.invoices.pdf.document import DocumentLine, DocumentParty, DocumentTax, InvoiceDocument
from resolvers.invoices.pdf.render import files_of
from resolvers.typesetting import process
from tests.support.pngs import mark

ISSUED = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
SELLER = DocumentParty(
    "Studio Halden",
    ("Lindenstraße 14", "10969 Berlin", "Germany"),
    "DE298765432",
    "billing@studio-halden.example",
    "+49 30 5550 1230",
)
BUYER = DocumentParty(
    "Analytical Engines Ltd", ("Ada Lovelace", "12 St James’s Square", "London SW1Y 4JH", "United Kingdom")
)


def line(description: str, quantity: str, unit_price: int, rate: str = "19") -> DocumentLine:
    """A line whose amount is right."""
    amount = round(Decimal(quantity) * unit_price)
    return DocumentLine(description, Decimal(quantity), unit_price, Decimal(rate), amount)


def invoice(*lines: DocumentLine, **given: Any) -> InvoiceDocument:
    """An issued invoice of some lines, whose sums are right."""
    lines = lines or (line("Logo design", "2", 15_000),)
    subtotal, discount = sum(each.amount for each in lines), given.get("discount", 0)
    taxes = []
    for rate in dict.fromkeys(each.tax_rate for each in lines):
        amount = sum(each.amount for each in lines if each.tax_rate == rate)
        base = amount - round(Decimal(discount * amount) / subtotal) if subtotal else 0
        taxes.append(DocumentTax(rate, base, round(base * rate / 100)))
    tax = sum(each.tax for each in taxes)
    total = subtotal - discount + tax
    paid = given.get("amount_paid", 0)
    whole = InvoiceDocument(
        public_id="invoice_01kaxq7v1ge2srcjh15cmt4fdk",
        number="2026-000042",
        status="OPEN",
        dated=ISSUED,
        issued_at=ISSUED,
        due_at=ISSUED + timedelta(days=14),
        paid_at=None,
        currency="EUR",
        seller=SELLER,
        buyer=BUYER,
        lines=lines,
        subtotal=subtotal,
        discount=discount,
        taxes=tuple(taxes),
        tax=tax,
        total=total,
        amount_paid=paid,
        amount_due=total - paid,
        timezone="Europe/Berlin",
    )
    return replace(whole, **given)


def samples() -> dict[str, InvoiceDocument]:
    """The samples in the documentation, by their names."""
    issued = invoice(
        line("Markenauftritt\nWortmarke, Bildmarke und Farbwelt; drei Entwürfe, zwei Korrekturläufe", "1", 480_000),
        line("Webseite: Gestaltung\nStartseite und vier Unterseiten, für Telefon und Bildschirm", "1", 365_000),
        line("Fotografie, halber Tag", "1.5", 72_000),
        line("Druck Geschäftspapier, 500 Blatt", "2", 8_950),
        line("Handbuch „Die Marke“, gebunden", "12", 2_400, "7"),
        discount=25_000,
        amount_paid=200_000,
        language="de",
        color="#0f5c4d",
        logo=mark(),
        number="SH-2026-000042",
        buyer=DocumentParty(
            "Kraftwerk Nord GmbH",
            ("Frau Dr. Jule Petersen", "Speicherstadt 7", "20457 Hamburg", "Deutschland"),
            "DE811223344",
        ),
        seller=replace(SELLER, address=("Lindenstraße 14", "10969 Berlin", "Deutschland")),
        buyer_reference="Bestellung 4711",
        payment_details="Bank: Musterbank Berlin\nIBAN: DE02 1203 0000 0000 2020 51\nBIC: BYLADEM1001",
        notes="Leistungszeitraum: November 2026. Vielen Dank für die gute Zusammenarbeit.",
    )
    draft = invoice(
        line("Support retainer, November", "1", 120_000, "0"),
        line("Additional hours\nMigration of the booking system, outside of the retainer", "7.25", 9_500, "0"),
        status="DRAFT",
        number=None,
        issued_at=None,
        due_at=None,
        currency="GBP",
        timezone="Europe/London",
        seller=DocumentParty(
            "Fernhill Help Desk",
            ("4 Quay Street", "Bristol BS1 4QA", "United Kingdom"),
            email="accounts@fernhill.example",
        ),
        color="#7a2e1d",
        language="en-GB",
    )
    return {"invoice": issued, "draft": draft}


def made(document: InvoiceDocument, **options: Any) -> Any:
    """What a document becomes, made in this process: a PDF, or with ``format="png"`` the pictures of its pages."""
    given: dict[str, Any] = {"format": "pdf", "pdf_standards": process.STANDARDS} | options
    if given["format"] != "pdf":
        del given["pdf_standards"]
    return process.compiler().compile(input=files_of(document), timestamp=int(document.dated.timestamp()), **given)


def main(folder: Path) -> None:
    """Write the samples into a folder, each as a PDF and as a picture of its page."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in samples().items():
        (folder / f"{name}.pdf").write_bytes(made(document))
        (folder / f"{name}.png").write_bytes(made(document, format="png", ppi=110))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
