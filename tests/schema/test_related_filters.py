"""Where filters lead to other collections: found by the names that documents have."""

import pytest

from resolvers.clients import CLIENTS
from resolvers.collections.collection import Relation
from resolvers.messages import MESSAGES
from resolvers.orders import ORDERS
from schema.rules.prices import led_to


def test_a_relation_is_found_by_its_graphql_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert led_to()["client"] is CLIENTS
    monkeypatch.setitem(ORDERS.filters, "thread_notes", Relation("messages", "the notes", remote="order_id"))
    found = led_to.__wrapped__()
    assert found["threadNotes"] is MESSAGES
    assert "thread_notes" not in found


def test_one_name_leads_to_one_collection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ORDERS.filters, "orders", Relation("clients", "the clients", "client_id"))
    with pytest.raises(ValueError, match="the filter orders leads to"):
        led_to.__wrapped__()
