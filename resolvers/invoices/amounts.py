"""The lines of an input, completed, and what the amounts of an invoice then are."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from models.types import MAX_SAFE_INTEGER, decimal_text
from resolvers.errors import Refusal, bad_input, refuse
from resolvers.invoices.arithmetic import amount_of, totals_of

# A line as an invoice has it among its parts, by the names that clients read.
Line = dict[str, Any]


def lines_of(given: Iterable[Mapping[str, Any]], tax_rate: Decimal) -> list[Line]:
    """Return the lines of an input: without a quantity of its own one has 1, without a tax rate the one given here."""
    return [
        {
            "description": each["description"],
            "quantity": decimal_text(_quantity(each)),
            "unitPrice": each["unit_price"],
            "taxRate": decimal_text(each.get("tax_rate", tax_rate)),
            "amount": amount_of(_quantity(each), each["unit_price"]),
        }
        for each in given
    ]


def _quantity(line: Mapping[str, Any]) -> Decimal:
    quantity: Decimal = line.get("quantity", Decimal(1))
    return quantity


def wrong_amounts(given: Iterable[Mapping[str, Any]], discount: int) -> Iterator[Refusal]:
    """Yield the refusal BAD_INPUT of each line of an input whose amount is too large; where there is none, that of a
    discount that is more than all of them."""
    found = [(amount_of(_quantity(each), each["unit_price"]), each["unit_price"]) for each in given]
    wrong = [_too_large(place, price) for place, (amount, price) in enumerate(found) if amount > MAX_SAFE_INTEGER]
    yield from wrong or _wrong_discount(sum(amount for amount, _ in found), discount)


def _wrong_discount(subtotal: int, discount: int) -> Iterator[Refusal]:
    if discount > subtotal:
        text = f"It must be at most the subtotal, which is {subtotal}."
        yield bad_input("discount", text, "OUT_OF_RANGE", maximum=subtotal)


def _too_large(place: int, price: int) -> Refusal:
    most = Decimal(MAX_SAFE_INTEGER * 10_000 // price).scaleb(-4)
    text = f"The amount would be more than {MAX_SAFE_INTEGER}."
    return bad_input(f"lines.{place}.quantity", text, "OUT_OF_RANGE", maximum=decimal_text(most))


def amounts(lines: Sequence[Line], discount: int) -> dict[str, Any]:
    """Return the columns of an invoice that follow from its lines and its discount.

    Raises Refusal BAD_INPUT for a discount that is more than the subtotal, or amounts that are too large together.
    """
    refuse(_wrong_discount(sum(line["amount"] for line in lines), discount))
    found = totals_of([(line["amount"], Decimal(line["taxRate"])) for line in lines], discount)
    if max(found.subtotal, found.total) > MAX_SAFE_INTEGER:
        text = f"Their sum would be more than {MAX_SAFE_INTEGER}."
        raise bad_input("lines", text, "OUT_OF_RANGE", maximum=MAX_SAFE_INTEGER)
    taxes = [{"rate": decimal_text(each.rate), "base": each.base, "tax": each.tax} for each in found.taxes]
    return {
        "subtotal": found.subtotal,
        "discount": discount,
        "taxes": taxes,
        "tax": found.tax,
        "total": found.total,
    }
