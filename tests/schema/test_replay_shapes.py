"""How a replay is shaped is worked out once, not for each object that was kept."""

from typing import Any

import pytest

from execution import is_included
from schema.requests import repeats
from tests.support.api import Org, new_order

ORDERS, SPREADS = 12, 300


async def test_fragments_of_a_replay_are_read_once(acme: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    client = (await new_order(acme))["clientId"]
    for _ in range(ORDERS - 1):
        await new_order(acme, clientId=client)
    spread = "...F " * SPREADS
    orders = f"orders {{ nodes {{ client {{ {spread} }} }} }}"
    text = f'mutation {{ updateClient(input: {{id: "{client}", phone: "1"}}) {{ client {{ {orders} }} }} }}'
    text += " fragment F on Client { ... on Client { ... on Client { id name } } }"
    headers = {"Idempotency-Key": "shapes"}
    first = await acme.graphql(text, headers)
    assert "errors" not in first.json()
    read = 0
    included = is_included

    def counted(*given: Any) -> bool:
        nonlocal read
        read += 1
        return included(*given)

    monkeypatch.setattr(repeats, "is_included", counted)
    again = await acme.graphql(text, headers)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json()["data"] == first.json()["data"]
    assert len(again.json()["data"]["updateClient"]["client"]["orders"]["nodes"]) == ORDERS
    # Of the spreads, each is looked at; of the fragment's own parts three or four. Once for the fingerprint, once more.
    assert read <= 3 * SPREADS
