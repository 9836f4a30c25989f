"""What stands on an invoice's page: words, numbers and dates of its language, and nothing that it does not need."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from models.currencies import CURRENCIES, minor_digits
from models.types import MAX_SAFE_INTEGER
from resolvers.invoices.pdf.document import DocumentParty, DocumentTax
from resolvers.invoices.pdf.formats import Formats
from resolvers.invoices.pdf.page import COLOR, page_of
from resolvers.invoices.pdf.words import WORDS
from tests.support.invoice_documents import invoice, line

NIGHT = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)


def _plain(text: str) -> str:
    """A text with spaces that are typed."""
    return text.replace("\xa0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("language", "words", "money", "amount", "number", "percent", "date"),
    [
        ("en", "en", "€1,234.50", "1,234.50", "1,234.5", "7.7%", "December 1, 2026"),
        ("en-GB", "en", "€1,234.50", "1,234.50", "1,234.5", "7.7%", "1 December 2026"),
        ("de", "de", "1.234,50 €", "1.234,50", "1.234,5", "7,7 %", "1. Dezember 2026"),
        ("de-CH", "de", "EUR 1’234.50", "1’234.50", "1’234.5", "7.7%", "1. Dezember 2026"),
        ("fr", "fr", "1 234,50 €", "1 234,50", "1 234,5", "7,7 %", "1 décembre 2026"),
        ("es", "es", "1.234,50 €", "1.234,50", "1.234,5", "7,7 %", "1 de diciembre de 2026"),
        ("nl", "nl", "€ 1.234,50", "1.234,50", "1.234,5", "7,7%", "1 december 2026"),
        ("it", "it", "1.234,50 €", "1.234,50", "1.234,5", "7,7%", "1 dicembre 2026"),
        # Without words of their own: English words and dates, their own numbers, and the currency's code.
        ("sv", "en", "1 234,50 EUR", "1 234,50", "1 234,5", "7,7 %", "December 1, 2026"),
        ("pt-BR", "en", "1.234,50 EUR", "1.234,50", "1.234,5", "7,7%", "December 1, 2026"),
        ("ja", "en", "1,234.50 EUR", "1,234.50", "1,234.5", "7.7%", "December 1, 2026"),
        # Unknown ones.
        ("xx", "en", "€1,234.50", "1,234.50", "1,234.5", "7.7%", "December 1, 2026"),
        ("not a language", "en", "€1,234.50", "1,234.50", "1,234.5", "7.7%", "December 1, 2026"),
    ],
)
def test_each_language_has_its_own_formats(
    language: str, words: str, money: str, amount: str, number: str, percent: str, date: str
) -> None:
    formats = Formats(language, "EUR", "Europe/Berlin")
    assert formats.language == words
    assert formats.words is WORDS[words]
    found = (
        formats.money(123_450),
        formats.amount(123_450),
        formats.number(Decimal("1234.5000")),
        formats.percent(Decimal("7.70")),
        formats.date(NIGHT),
    )
    assert tuple(map(_plain, found)) == (money, amount, number, percent, date)


@pytest.mark.parametrize("language", [*WORDS, "sv", "ja", "ar", "hi", "tr", "de-AT"])
def test_every_currency_shows_each_digit_of_its_minor_unit(language: str) -> None:
    for currency in sorted(CURRENCIES):
        formats = Formats(language, currency, "UTC")
        digits = "".join(filter(str.isdigit, formats.amount(MAX_SAFE_INTEGER)))
        assert digits == str(MAX_SAFE_INTEGER)
        assert "".join(filter(str.isdigit, formats.money(MAX_SAFE_INTEGER))) == digits
        assert len("".join(filter(str.isdigit, formats.amount(1)))) == minor_digits(currency) + 1


def test_minor_units_are_those_of_the_currency() -> None:
    assert [minor_digits(currency) for currency in ("EUR", "JPY", "KWD", "XOF", "AFN")] == [2, 0, 3, 0, 2]
    found = [Formats("en", currency, "UTC").money(123_456) for currency in ("EUR", "JPY", "KWD", "AFN")]
    assert [*map(_plain, found)] == ["€1,234.56", "¥123,456", "KWD 123.456", "AFN 1,234.56"]


def test_negative_amounts_have_a_minus_sign() -> None:
    assert Formats("en", "EUR", "UTC").amount(-5) == "\u22120.05"


def test_what_there_is_not_is_not_on_the_page() -> None:
    page = page_of(invoice())
    assert [name for name, _ in page["sums"]] == ["Subtotal", "Tax 19% on 300.00"]
    assert (page["after"], page["texts"], page["mark"], page["logo"]) == ([], [], None, None)
    assert [name for name, _ in page["facts"]] == ["Date of issue", "Due date"]
    assert page["outcome"] == {"title": "Amount due", "money": "€357.00", "note": "Due December 9, 2026"}
    assert page["color"] == COLOR


def test_what_there_is_stands_on_the_page() -> None:
    page = page_of(
        invoice(
            line("Design", "1", 10_000, "19"),
            line("Book\nbound", "2.5", 1_000, "7"),
            discount=2_500,
            amount_paid=1_000,
            buyer_reference="PO 7",
            payment_details="IBAN\nBIC",
            notes="Thank you.",
            color="#0F5C4D",
        ),
        (400, 100),
    )
    assert page["sums"] == [
        ("Subtotal", "125.00"),
        ("Discount", "\u221225.00"),
        ("Tax 19% on 80.00", "15.20"),
        ("Tax 7% on 20.00", "1.40"),
    ]
    assert page["after"] == [("Amount paid", "\u221210.00"), ("Amount due", "€106.60")]
    assert page["facts"][-1] == ["Reference", ["PO 7"]]
    assert page["texts"] == [["Payment details", ["IBAN", "BIC"]], ["Notes", ["Thank you."]]]
    assert page["lines"][1] == {"text": ["Book", "bound"], "whole": True, "numbers": ["2.5", "10.00", "7%", "25.00"]}
    assert (page["color"], page["logo"]) == ("#0F5C4D", {"width": 60.0, "height": 15.0})


@pytest.mark.parametrize(
    ("status", "given", "mark", "outcome"),
    [
        ("OPEN", {}, None, ("Amount due", "€357.00", "Due December 9, 2026")),
        ("OPEN", {"due_at": None}, None, ("Amount due", "€357.00", None)),
        ("UNCOLLECTIBLE", {}, None, ("Amount due", "€357.00", "Due December 9, 2026")),
        ("PAID", {"paid_at": NIGHT}, None, ("Paid", "€357.00", "December 1, 2026")),
        ("VOID", {}, "Void", ("Void", "€357.00", None)),
        ("DRAFT", {"number": None, "issued_at": None, "due_at": None}, "Draft", ("Total", "€357.00", None)),
    ],
)
def test_the_status_is_told(
    status: str, given: dict[str, Any], mark: str | None, outcome: tuple[str, str, str | None]
) -> None:
    page = page_of(replace(invoice(payment_details="IBAN"), status=status, **given))
    assert page["mark"] == mark
    assert tuple(page["outcome"].values()) == outcome
    # Nobody is asked to pay what was paid or does not count.
    assert bool(page["texts"]) == (status not in ("PAID", "VOID"))
    assert page["number"] == (["Draft"] if status == "DRAFT" else ["2026-000042"])
    if status == "DRAFT":
        assert (page["facts"], page["subject"]) == ([], "Invoice Draft")


def test_parties_are_written_as_on_an_envelope() -> None:
    party = DocumentParty("Ada", ("Line 1\r\nLine 2", "", "City"), "DE1", "ada@example.com", "+44 1")
    page = page_of(invoice(buyer=party, seller=DocumentParty("Studio")))
    assert page["buyer"] == {
        "title": "Bill to",
        "name": ["Ada"],
        "lines": ["Line 1", "Line 2", "City", "Tax ID: DE1"],
        "reached": ["ada@example.com", "+44 1"],
    }
    assert page["seller"] == {"title": "From", "name": ["Studio"], "lines": [], "reached": []}


@pytest.mark.parametrize("color", ["red", "#12345", "#1234567", "#12345g", "#fff); #panic(", ""])
def test_what_is_no_color_is_not_taken(color: str) -> None:
    assert page_of(invoice(color=color))["color"] == COLOR


def test_long_numbers_leave_room_for_the_description() -> None:
    most = MAX_SAFE_INTEGER
    sizes = [
        page_of(invoice(line("a", quantity, price)))["size"] for quantity, price in (("1", 100), ("99999999", 10**9))
    ]
    huge = replace(line("a", "999999999999.9999", 1), unit_price=most, amount=most)
    taxes = (DocumentTax(Decimal(19), most, most),)
    page = page_of(replace(invoice(), lines=(huge,), subtotal=most, taxes=taxes, total=most, amount_due=most))
    assert [*sizes, page["size"]] == [9.0, 7.5, 6.5]


def test_a_long_name_is_cut_where_there_is_one_line() -> None:
    page = page_of(invoice(seller=DocumentParty("S" * 300), number="N" * 300))
    assert len(page["author"]) == 60
    assert page["author"].endswith("S…")
    assert page["running"] == f"Invoice {'N' * 59}… · {'S' * 59}…"


def test_an_invoice_has_so_many_lines_and_no_more() -> None:
    one = line("a", "1", 1)
    assert len(page_of(invoice(*[one] * 1_000))["lines"]) == 1_000
    with pytest.raises(ValueError, match="at most 1000 lines"):
        invoice(*[one] * 1_001)


@pytest.mark.parametrize("language", list(WORDS))
def test_each_language_has_all_words_and_their_places(language: str) -> None:
    english = page_of(invoice(discount=1, amount_paid=1, payment_details="a", notes="b", buyer_reference="c"))
    page = page_of(
        invoice(discount=1, amount_paid=1, payment_details="a", notes="b", buyer_reference="c", language=language)
    )
    assert {key: type(value) for key, value in page.items()} == {key: type(value) for key, value in english.items()}
    assert "{page}" in page["page"]
    assert "{pages}" in page["page"]
    assert re.findall(r"\{(?:id|rate|base|date)\}", str(page)) == []
