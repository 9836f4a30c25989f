"""The arithmetic of an invoice, exact: amounts, the discount's shares, and tax, once for each rate.

It is done in whole numbers: a quantity and a rate in their ten-thousandths, money in minor units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

# Quantities and rates have four decimal places.
_SCALE = 10_000


@dataclass(frozen=True, slots=True)
class TaxOfRate:
    """The tax of a rate, of its ``base``: the amounts of its lines, less their shares of the discount."""

    rate: Decimal
    base: int
    tax: int


@dataclass(frozen=True, slots=True)
class InvoiceTotals:
    """What an invoice comes to."""

    subtotal: int
    taxes: tuple[TaxOfRate, ...]
    tax: int
    total: int


def _scaled(number: Decimal) -> int:
    """Return a number of at most four decimal places in ten-thousandths."""
    return int(number.scaleb(4))


def half_up(number: int, divisor: int) -> int:
    """Return a quotient of numbers that are not negative, rounded half up."""
    return (2 * number + divisor) // (2 * divisor)


def amount_of(quantity: Decimal, unit_price: int) -> int:
    """Return the amount of a line: quantity × unit price, rounded half up."""
    return half_up(_scaled(quantity) * unit_price, _SCALE)


def shares_of(discount: int, amounts: Sequence[int]) -> list[int]:
    """Return what of a discount falls to each amount, in proportion. The discount is at most the sum of the amounts.

    What is left over by rounding down goes, one unit each, to the largest remainders, the first of equal ones first.
    """
    whole = sum(amounts)
    if not whole:
        return [0 for _ in amounts]
    shares, remainders = [], []
    for amount in amounts:
        share, remainder = divmod(discount * amount, whole)
        shares.append(share)
        remainders.append(remainder)
    left = discount - sum(shares)
    for place in sorted(range(len(amounts)), key=lambda place: -remainders[place])[:left]:
        shares[place] += 1
    return shares


def totals_of(lines: Sequence[tuple[int, Decimal]], discount: int) -> InvoiceTotals:
    """Return what lines, each an amount and its tax rate, come to. The discount is at most the sum of the amounts.

    Tax is rounded once for each rate, half up, of all that is taxed at it; the rates are in ascending order.
    """
    amounts = [amount for amount, _ in lines]
    bases: dict[Decimal, int] = {}
    for (amount, rate), share in zip(lines, shares_of(discount, amounts), strict=True):
        bases[rate] = bases.get(rate, 0) + amount - share
    taxes = tuple(
        TaxOfRate(rate, base, half_up(base * _scaled(rate), 100 * _SCALE)) for rate, base in sorted(bases.items())
    )
    subtotal, tax = sum(amounts), sum(each.tax for each in taxes)
    return InvoiceTotals(subtotal, taxes, tax, subtotal - discount + tax)
