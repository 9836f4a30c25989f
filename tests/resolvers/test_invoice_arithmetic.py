"""The arithmetic of invoices, against exact fractions and by what must always hold."""

from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.types import MAX_SAFE_INTEGER
from resolvers.invoices.arithmetic import amount_of, shares_of, totals_of

QUANTITIES = st.decimals(min_value="0.0001", max_value="999999999999.9999", places=4)
PRICES = st.integers(0, MAX_SAFE_INTEGER)
RATES = st.decimals(min_value=0, max_value=100, places=4)
AMOUNTS = st.lists(st.integers(0, MAX_SAFE_INTEGER), max_size=40)


def half_up(number: Fraction) -> int:
    """A number that is not negative, rounded half up, by another way."""
    return floor(number + Fraction(1, 2))


@given(QUANTITIES, PRICES)
def test_an_amount_is_rounded_half_up_from_the_exact_product(quantity: Decimal, price: int) -> None:
    assert amount_of(quantity, price) == half_up(Fraction(quantity) * price)


@pytest.mark.parametrize(
    ("quantity", "price", "amount"),
    [("0.5", 1, 1), ("1.5", 1, 2), ("2.5", 1, 3), ("0.4999", 1, 0), ("0.0001", 4_999, 0), ("0.0001", 5_000, 1),
     ("3", 15_000, 45_000), ("999999999999.9999", MAX_SAFE_INTEGER, 9_007_199_254_740_990_099_280_074_526)],
)  # fmt: skip
def test_halves_go_up(quantity: str, price: int, amount: int) -> None:
    assert amount_of(Decimal(quantity), price) == amount


@given(AMOUNTS, st.data())
def test_a_discount_is_shared_whole_and_nearly_in_proportion(amounts: list[int], data: st.DataObject) -> None:
    whole = sum(amounts)
    discount = data.draw(st.integers(0, whole))
    shares = shares_of(discount, amounts)
    assert (len(shares), sum(shares)) == (len(amounts), discount)
    for amount, share in zip(amounts, shares, strict=True):
        assert 0 <= share <= amount
        assert not whole or abs(Fraction(discount * amount, whole) - share) < 1
    # Who got more than rounded down has no smaller remainder than who did not.
    remainders = [Fraction(discount * amount, whole) % 1 if whole else Fraction(0) for amount in amounts]
    up = [place for place, share in enumerate(shares) if whole and share > discount * amounts[place] // whole]
    down = [place for place in range(len(amounts)) if place not in up]
    assert all((remainders[one], -one) > (remainders[other], -other) for one in up for other in down)


@pytest.mark.parametrize(
    ("discount", "amounts", "shares"),
    [(10, [3, 3, 3], None), (1, [1, 1, 1], [1, 0, 0]), (2, [1, 1, 1], [1, 1, 0]), (1, [1, 2, 1], [0, 1, 0]),
     (0, [5, 5], [0, 0]), (10, [5, 5], [5, 5]), (0, [], []), (0, [0, 0], [0, 0]), (3, [0, 9, 0, 1], [0, 3, 0, 0])],
)  # fmt: skip
def test_ties_go_to_the_first(discount: int, amounts: list[int], shares: list[int] | None) -> None:
    if shares is not None:
        assert shares_of(discount, amounts) == shares
    else:
        assert sum(shares_of(min(discount, sum(amounts)), amounts)) == sum(amounts)


@given(st.lists(st.tuples(st.integers(0, MAX_SAFE_INTEGER), RATES), max_size=30), st.data())
def test_tax_is_rounded_once_for_each_rate(lines: list[tuple[int, Decimal]], data: st.DataObject) -> None:
    subtotal = sum(amount for amount, _ in lines)
    discount = data.draw(st.integers(0, subtotal))
    found = totals_of(lines, discount)
    assert found.subtotal == subtotal
    assert sum(each.base for each in found.taxes) == subtotal - discount
    assert [each.rate for each in found.taxes] == sorted({rate for _, rate in lines})
    for each in found.taxes:
        assert each.tax == half_up(each.base * Fraction(each.rate) / 100)
    assert found.tax == sum(each.tax for each in found.taxes)
    assert found.total == subtotal - discount + found.tax


def test_one_rate_is_one_rate_however_it_is_written() -> None:
    found = totals_of([(1_000, Decimal("19")), (1, Decimal("19.0000"))], 0)
    assert [(each.base, each.tax) for each in found.taxes] == [(1_001, 190)]
    # Rounded by lines it would be 3 × 0.
    assert totals_of([(2, Decimal("19"))] * 3, 0).tax == 1
