"""An invoice as a PDF: any text comes out as text, equal rows give equal bytes, and nothing else is read or run."""

import asyncio
import hashlib
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.currencies import CURRENCIES
from models.types import MAX_SAFE_INTEGER
from resolvers.invoices.pdf.document import DocumentParty, InvoiceDocument
from resolvers.invoices.pdf.formats import Formats
from resolvers.invoices.pdf.render import etag_of, render
from resolvers.invoices.pdf.words import WORDS
from resolvers.typesetting import process
from resolvers.typesetting.typesetter import Typesetter
from tests.support.invoice_documents import BUYER, ISSUED, invoice, line, made, main, samples
from tests.support.pdfs import Pdf
from tests.support.pngs import chunk, mark, png
from tests.support.repository import ROOT

ORG = UUID(int=1)
MARKUP = "= a *b* _c_ #panic() $x$ @ref <label> [d] \\ // `e` \"f\" 'g' <b>h</b> &amp; {{i}}"


async def _rendered(document: InvoiceDocument) -> bytes:
    typesetter = Typesetter()
    try:
        return await render(typesetter, ORG, document)
    finally:
        await typesetter.close()


async def test_it_is_a_dated_pdf_a_3_in_its_language() -> None:
    pdf = Pdf(await _rendered(invoice(language="de")))
    assert "<pdfaid:part>3</pdfaid:part>" in pdf.metadata()
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in pdf.metadata()
    info = pdf.info()
    assert (info["/Title"], info["/Author"]) == ("Rechnung 2026-000042", "Studio Halden")
    assert info["/CreationDate"] == info["/ModDate"] == "D:20261125093000Z"
    assert (pdf.language(), pdf.pages) == ("de", 1)
    for word in ("Rechnung", "2026-000042", "Logo design", "150,00", "19 %", "357,00 €", "Fällig am 9. Dezember 2026"):
        assert word in pdf.text().replace("\xa0", " "), word


def _printed(program: str) -> list[str]:
    """The words that a program prints, in a process of other settings."""
    environment = {"TZ": "Asia/Tokyo", "LANG": "C", "PYTHONHASHSEED": "7"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, check=True, timeout=120, encoding="utf-8"
    )
    return done.stdout.split()


async def test_equal_rows_give_equal_bytes_in_every_process() -> None:
    document = samples()["invoice"]
    here, there = await _rendered(document), await _rendered(document)
    assert here == there
    program = (
        "import hashlib; from tests.support.invoice_documents import made, samples;"
        "from resolvers.invoices.pdf.render import etag_of;"
        "d = samples()['invoice']; print(hashlib.sha256(made(d)).hexdigest(), etag_of(d))"
    )
    found = await asyncio.to_thread(_printed, program)
    assert found == [hashlib.sha256(here).hexdigest(), etag_of(document)]


@pytest.mark.parametrize(
    "other",
    [
        {"dated": ISSUED.replace(second=1)},
        {"number": "2026-000043"},
        {"status": "VOID"},
        {"language": "fr"},
        {"color": "#0f5c4d"},
        {"notes": "b"},
        {"timezone": "Asia/Tokyo"},
        {"buyer": replace(BUYER, tax_id="GB1")},
        {"logo": png(30, 20)},
    ],
)
def test_other_rows_have_another_etag(other: dict[str, Any]) -> None:
    document = invoice(notes="a")
    assert etag_of(document) == etag_of(invoice(notes="a"))
    assert etag_of(replace(document, **other)) != etag_of(document)


@pytest.mark.parametrize(
    "place", ["description", "seller", "buyer", "address", "number", "payment", "notes", "reference"]
)
def test_markup_is_text_wherever_it_stands(place: str) -> None:
    given = {
        "description": lambda: invoice(line(MARKUP, "1", 1)),
        "seller": lambda: invoice(seller=DocumentParty(MARKUP)),
        "buyer": lambda: invoice(buyer=DocumentParty(MARKUP)),
        "address": lambda: invoice(buyer=DocumentParty("a", (MARKUP,), MARKUP, MARKUP, MARKUP)),
        "number": lambda: invoice(number=MARKUP),
        "payment": lambda: invoice(payment_details=MARKUP),
        "notes": lambda: invoice(notes=MARKUP),
        "reference": lambda: invoice(buyer_reference=MARKUP),
    }
    # Lines are broken anywhere.
    assert MARKUP.replace(" ", "") in Pdf(made(given[place]())).text().replace(" ", "")


HOSTILE = {
    "controls": "a\x00b\x07c\x1bd\x7fe",
    "emoji": "🎉 👩‍👩‍👧 🏳️‍🌈 1️⃣",
    "han": "株式会社漢字テスト 有限公司 한국어",
    "right to left": "شركة الاختبار المحدودة שלום עולם",
    "mixed": "a שלום b مرحبا c 漢 d",
    "overridden": "total \u202e000.1\u202c \u2067x\u2069",
    "indic": "नमस्ते दुनिया தமிழ் ไทย",
    "unassigned": "\u0378 \U000e0fff \U0001fbff \uffff",
    "private": "\ue000 \U000f0000",
    "surrogate": "\ud83d \udc00",
    "marks": "e" + "\u0301" * 200,
    "joiners": "\u200d\u200c\u200b\u2060" * 20,
    "soft hyphens": "so\xadft" * 30,
    "spaces": "\u00a0\u2003\u3000\u202f" * 30,
    "lines": "\n\r\n\u2028\u2029\x85" * 10,
    "unbroken": "W" * 32_768,
    "unbroken han": "漢" * 10_000,
    "words": "word " * 6_000,
    "empty": "",
    "blank": " \n ",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_any_text_comes_out_wherever_it_stands(text: str) -> None:
    short = text[:500]
    party = DocumentParty(short, (short, short), short, short, short)
    document = invoice(line(short, "1", 1), buyer=party, number=short, buyer_reference=short, notes=text)
    assert Pdf(made(document)).pages >= 1
    document = invoice(line(text, "1", 1), seller=party, payment_details=short, notes=short)
    assert Pdf(made(document)).pages >= 1


def test_text_that_fonts_have_is_there_and_the_rest_can_be_copied() -> None:
    pdf = Pdf(made(invoice(line("ŁÓDŹ ελληνικά Кириллица 株漢", "1", 1), line("W" * 5_000, "1", 1))))
    assert "ŁÓDŹ ελληνικά Кириллица" in pdf.text()
    assert pdf.text().count("W" * 8) == 5_000 // 8
    assert "漢" in pdf.actual()
    assert "LastResortHE-Regular" in pdf.fonts()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
@given(st.lists(st.text(st.characters(), max_size=60), min_size=6, max_size=6), st.sampled_from([*WORDS, "ar", "ja"]))
def test_any_texts_at_once(texts: list[str], language: str) -> None:
    description, name, address, number, notes, tax_id = texts
    party = DocumentParty(name, (address,), tax_id)
    document = invoice(
        line(description, "1", 1), seller=party, buyer=party, number=number, notes=notes, language=language
    )
    assert made(document).startswith(b"%PDF-1.7")


@pytest.mark.parametrize("language", [*WORDS, "sv", "ja", "ar", "hi", "tr", "th", "fa"])
def test_no_amount_needs_a_font_of_last_resort(language: str) -> None:
    formats = [Formats(language, currency, "UTC") for currency in sorted(CURRENCIES)]
    amounts = "\n".join(f"{each.money(-MAX_SAFE_INTEGER)} {each.percent(Decimal('19.5'))}" for each in formats)
    assert Pdf(made(invoice(language=language, notes=amounts, payment_details=amounts))).fonts() <= {
        "Inter-Regular-Identity-H", "Inter-SemiBold-Identity-H", "DejaVuSans", "DejaVuSans-Bold"
    }  # fmt: skip


@pytest.mark.parametrize(("lines", "pages"), [(1, 1), (3, 1), (60, 3), (1_000, 30)])
async def test_every_page_has_the_head_of_the_table_and_its_number(lines: int, pages: int) -> None:
    items = [line(f"Item number {number}", "1.25", 12_345, ("19", "7", "0")[number % 3]) for number in range(lines)]
    pdf = Pdf(await _rendered(invoice(*items, logo=mark(60, 39))))
    assert abs(pdf.pages - pages) <= 2
    for page in range(pdf.pages):
        text = pdf.text(page)
        assert f"Page {page + 1} of {pdf.pages}" in text
        assert ("Invoice 2026-000042 · Studio Halden" in text) == (page > 0)
        assert ("Item number" in text) <= ("UNIT PRICE" in text)
    whole = pdf.text()
    assert all(f"Item number {number} " in whole for number in range(lines))
    assert "Total €" in pdf.text(pdf.pages - 1)


def test_the_largest_amounts_fit_beside_each_other() -> None:
    most = MAX_SAFE_INTEGER
    huge = replace(line("Turbine", "999999999999.9999", 1, "99.9999"), unit_price=most, amount=most)
    document = replace(
        invoice(huge, currency="KWD"),
        subtotal=most,
        discount=most,
        total=most,
        tax=most,
        amount_due=most,
        amount_paid=most,
    )
    text = Pdf(made(document)).text().replace("\xa0", " ")
    assert text.count("9,007,199,254,740.991") >= 8
    assert "Turbine 999,999,999,999.9999 9,007,199,254,740.991 99.9999% 9,007,199,254,740.991" in text


@pytest.mark.parametrize("status", ["DRAFT", "VOID"])
def test_what_is_no_bill_is_marked_on_every_page(status: str) -> None:
    pdf = Pdf(made(replace(invoice(*[line("a", "1", 1)] * 60), status=status)))
    assert pdf.pages > 1
    for page in range(pdf.pages):
        assert status in pdf.text(page)
    assert "DRAFT" not in Pdf(made(invoice())).text()


async def test_a_logo_is_printed_and_a_wrong_one_is_left_out() -> None:
    plain = await _rendered(invoice())
    with structlog.testing.capture_logs() as logs:
        with_logo = await _rendered(invoice(logo=mark(60, 39)))
        assert logs == []
        bombs = (
            b"", b"GIF89a", mark(60, 39)[:-20], png(40_000, 40_000, b""), png(30, 20, b"\x00" * 50_000_000),
            # Its chunks are right, and what it says of transparency is not.
            png(30, 20, bytes(31 * 20), colour=3, before=chunk(b"PLTE", b"\x01\x02\x03") + chunk(b"tRNS", bytes(400))),
        )  # fmt: skip
        for bomb in bombs:
            found = await _rendered(invoice(logo=bomb))
            assert found == plain or b"/Subtype/Image" in found
    assert b"/Subtype/Image" in with_logo
    assert b"/Subtype/Image" not in plain
    assert len(logs) >= len(bombs) - 1
    assert {entry["log_level"] for entry in logs} == {"warning"}


def test_only_the_shipped_fonts_are_known() -> None:
    fonts = process.FONTS
    assert {path.suffix for path in fonts.iterdir()} == {".otf", ".ttf", ".txt"}
    assert "SIL OPEN FONT LICENSE" in (fonts / "OFL.txt").read_text(encoding="utf-8")
    unknown = b'#set text(font: ("DejaVu Serif", "New Computer Modern", "Libertinus Serif"), fallback: false)\nHello'
    _, warnings = process.compiler().compile_with_warnings(input={"main.typ": unknown})
    assert [warning.message for warning in warnings] == [
        f"unknown font family: {name}" for name in ("dejavu serif", "new computer modern", "libertinus serif")
    ]


def test_the_samples_in_the_documentation_are_what_the_command_writes(tmp_path: Path) -> None:
    main(tmp_path)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written.keys() == {"invoice.pdf", "invoice.png", "draft.pdf", "draft.png"}
    assert [name for name in written if (ROOT / "docs/samples" / name).read_bytes() != written[name]] == []


def test_quantities_have_the_digits_that_they_need() -> None:
    text = Pdf(made(invoice(replace(line("a", "1", 100), quantity=Decimal("0.1250"))))).text()
    assert " 0.125 " in text
