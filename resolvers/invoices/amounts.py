"""The lines of an input, completed, and what the amounts of an invoice then are."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from models.types import MAX_SAFE_INTEGER, decimal_text
from resolvers.errors import Refusal, Refusals, bad_input
from resolvers.invoices.arithmetic import amount_of, totals_of

# A line as an invoice has it among its parts, by the names that clients read.
Line = dict[str, Any]


def lines_of(given: Iterable[Mapping[str, Any]], tax_rate: Decimal) -> list[Line]:
    """Return the lines of an input: of one without a quantity that is 1, of one without a tax rate the one given here.

    Raises Refusals BAD_INPUT for amounts that are too large.
    """
    lines, wrong = [], []
    for place, each in enumerate(given):
        quantity, price = each.get("quantity", Decimal(1)), each["unit_price"]
        amount = amount_of(quantity, price)
        if amount > MAX_SAFE_INTEGER:
            wrong.append(_too_large(place, price))
        lines.append(
            {
                "description": each["description"],
                "quantity": decimal_text(quantity),
                "unitPrice": price,
                "taxRate": decimal_text(each.get("tax_rate", tax_rate)),
                "amount": amount,
            }
        )
    if wrong:
        raise Refusals(wrong)
    return lines


def _too_large(place: int, price: int) -> Refusal:
    most = Decimal(MAX_SAFE_INTEGER * 10_000 // price).scaleb(-4)
    text = f"The amount would be more than {MAX_SAFE_INTEGER}."
    return bad_input(f"lines.{place}.quantity", text, "OUT_OF_RANGE", maximum=decimal_text(most))


def amounts(lines: Sequence[Line], discount: int) -> dict[str, Any]:
    """Return the columns of an invoice that follow from its lines and its discount.

    Raises Refusal BAD_INPUT for a discount that is more than the subtotal, or amounts that are too large together.
    """
    subtotal = sum(line["amount"] for line in lines)
    if discount > subtotal:
        text = f"It must be at most the subtotal, which is {subtotal}."
        raise bad_input("discount", text, "OUT_OF_RANGE", maximum=subtotal)
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
