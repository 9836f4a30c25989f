"""What stands on the page, as texts: numbers, dates and words are written out, and nothing is left to compute."""

import re
from collections.abc import Iterator
from typing import Any

from resolvers.invoices.pdf.document import DocumentLine, DocumentParty, InvoiceDocument
from resolvers.invoices.pdf.formats import Formats
from resolvers.typesetting.characters import UNBROKEN, printable

COLOR = "#1f3a5f"
_COLOR = re.compile("#[0-9a-fA-F]{6}")
# A description that is longer may be broken between pages; a shorter one stays together.
LONG = 600
# What the foot and the head of a page have room for.
SHORT = 60
# A third of the page is narrow: what has no space is broken sooner.
NARROW = 16
# The sizes of the lines' text, in points, by the characters that the widest numbers of a line have together.
_SIZES = ((42, 9.0), (56, 7.5), (1_000, 6.5))
# The most that a logo takes, in millimetres, and what a pixel takes at most: no small logo is blown up.
LOGO_WIDTH, LOGO_HEIGHT, PIXEL = 60.0, 18.0, 0.25
Pair = tuple[str, str]


def page_of(document: InvoiceDocument, logo: tuple[int, int] | None = None) -> dict[str, Any]:
    """Return what the template prints; ``logo`` is the logo's width and height in pixels."""
    formats = Formats(document.language, document.currency, document.timezone)
    words = formats.words
    color = document.color or COLOR
    lines = [_line(line, formats) for line in document.lines]
    author, called = _short(document.seller.name), _short(document.number or words.draft)
    return {
        "language": formats.language,
        "color": color if _COLOR.fullmatch(color) else COLOR,
        "title": words.invoice,
        "number": _lines(document.number or words.draft),
        "subject": f"{words.invoice} {called}",
        "author": author,
        "running": f"{words.invoice} {called} · {author}",
        "logo": None if logo is None else _logo(*logo),
        "mark": {"DRAFT": words.draft, "VOID": words.void}.get(document.status),
        "seller": {"title": words.seller} | _party(document.seller, formats),
        "buyer": {"title": words.buyer} | _party(document.buyer, formats),
        "facts": [[name, _lines(value, NARROW)] for name, value in _facts(document, formats)],
        "outcome": _outcome(document, formats),
        "columns": [words.description, words.quantity, words.unit_price, words.tax_rate, words.amount],
        "lines": lines,
        "size": _size(lines),
        "sums": list(_sums(document, formats)),
        "total": [words.total, formats.money(document.total)],
        "after": list(_after(document, formats)),
        "texts": [[name, _lines(text)] for name, text in _texts(document, formats)],
        "page": words.page,
    }


def _lines(text: str, unbroken: int | None = UNBROKEN) -> list[str]:
    return printable(text.strip(), unbroken).split("\n")


def _short(text: str) -> str:
    first = _lines(text, None)[0]
    return first if len(first) <= SHORT else f"{first[: SHORT - 1].rstrip()}…"


def _logo(width: int, height: int) -> dict[str, float]:
    scale = min(LOGO_WIDTH / width, LOGO_HEIGHT / height, PIXEL)
    return {"width": width * scale, "height": height * scale}


def _size(lines: list[dict[str, Any]]) -> float:
    """Return the size of the lines' text: where numbers are long, a smaller one leaves room for the description."""
    widest = (max(map(len, column)) for column in zip(*(line["numbers"] for line in lines), strict=True))
    wide = sum(widest)
    return next(size for most, size in _SIZES if wide <= most)


def _party(party: DocumentParty, formats: Formats) -> dict[str, Any]:
    lines = [line for each in party.address for line in _lines(each, NARROW) if line]
    if party.tax_id:
        lines += _lines(formats.words.tax_id.replace("{id}", party.tax_id), NARROW)
    reached = [" ".join(_lines(each, NARROW)) for each in (party.email, party.phone) if each]
    return {"name": _lines(party.name, NARROW), "lines": lines, "reached": reached}


def _facts(document: InvoiceDocument, formats: Formats) -> Iterator[Pair]:
    words = formats.words
    if document.issued_at is not None:
        yield words.issued, formats.date(document.issued_at)
    if document.due_at is not None:
        yield words.due, formats.date(document.due_at)
    if document.buyer_reference:
        yield words.reference, document.buyer_reference


def _outcome(document: InvoiceDocument, formats: Formats) -> dict[str, str | None]:
    """Return what the reader wants to know first: how much is due, or what became of it."""
    words, due = formats.words, document.due_at
    if document.status == "DRAFT":
        return {"title": words.total, "money": formats.money(document.total), "note": None}
    if document.status == "VOID":
        return {"title": words.void, "money": formats.money(document.total), "note": None}
    if document.status == "PAID":
        paid = document.paid_at
        note = None if paid is None else formats.date(paid)
        return {"title": words.paid, "money": formats.money(document.total), "note": note}
    note = None if due is None else words.due_on.replace("{date}", formats.date(due))
    return {"title": words.amount_due, "money": formats.money(document.amount_due), "note": note}


def _line(line: DocumentLine, formats: Formats) -> dict[str, Any]:
    return {
        "text": _lines(line.description),
        "whole": len(line.description) <= LONG,
        "numbers": [
            formats.number(line.quantity),
            formats.amount(line.unit_price),
            formats.percent(line.tax_rate),
            formats.amount(line.amount),
        ],
    }


def _sums(document: InvoiceDocument, formats: Formats) -> Iterator[Pair]:
    """Yield what the total is made of."""
    words = formats.words
    yield words.subtotal, formats.amount(document.subtotal)
    if document.discount:
        yield words.discount, formats.amount(-document.discount)
    for each in document.taxes:
        rate, base = formats.percent(each.rate), formats.amount(each.base)
        yield words.tax_on.replace("{rate}", rate).replace("{base}", base), formats.amount(each.tax)


def _after(document: InvoiceDocument, formats: Formats) -> Iterator[Pair]:
    """Yield what became of the total."""
    words = formats.words
    if document.amount_paid:
        yield words.amount_paid, formats.amount(-document.amount_paid)
        yield words.amount_due, formats.money(document.amount_due)


def _texts(document: InvoiceDocument, formats: Formats) -> Iterator[Pair]:
    if document.payment_details and document.status not in ("PAID", "VOID"):
        yield formats.words.payment, document.payment_details
    if document.notes:
        yield formats.words.notes, document.notes
