"""Prices of models: what a call costs, and how many tokens an amount pays for."""

from resolvers.agent_jobs.budgets import TokenPrice


def test_a_price_is_rounded_up_and_tells_what_is_affordable() -> None:
    price = TokenPrice(input=1_500_000, output=6_000_000)
    assert (price.of(1, 0), price.of(100, 10), TokenPrice().of(5, 5)) == (2, 210, 0)
    assert (price.affordable(210, 100), price.affordable(149, 100)) == (10, -1)
    assert (TokenPrice().affordable(0, 100), TokenPrice(input=1_000_000).affordable(99, 100)) == (None, -1)
    for amount in range(150, 400):
        tokens = price.affordable(amount, 100)
        assert tokens is not None
        assert price.of(100, tokens) <= amount < price.of(100, tokens + 1)
