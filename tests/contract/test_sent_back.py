"""What was read can be sent back, changed or not: as the document says, and nothing happens that was not asked for."""

import pytest
from jsonschema import Draft202012Validator

from models.orders import OrderStatus
from rest_shim.openapi import document
from tests.support.api import Org, new_order
from tests.support.orders import standing
from tests.support.refusals import unchanged


@pytest.mark.parametrize("kind", ["client", "service", "order"])
async def test_what_was_read_can_be_changed_and_sent_back(acme: Org, kind: str) -> None:
    order = await new_order(acme, metadata={"crm": "7"}, tags=["a"])
    path = f"/api/v1/{kind}s/{order['publicId'] if kind == 'order' else order[kind + 'Id']}"
    first = await acme.http.get(path)
    whole = first.json()["data"]
    async with unchanged(acme):
        same = await acme.http.put(path, json=whole, headers={"If-Match": first.headers["etag"]})
        assert (same.status_code, same.json()["data"]) == (200, whole)
    changed = await acme.http.put(path, json=whole | {"tags": ["b"], "metadata": {}})
    found = changed.json()["data"]
    assert (changed.status_code, found["tags"], found["metadata"], found["version"]) == (200, ["b"], {}, 2)
    assert found == whole | {"tags": ["b"], "metadata": {}, "version": 2, "updatedAt": found["updatedAt"]}


@pytest.mark.parametrize("status", list(OrderStatus))
async def test_an_order_that_was_read_can_be_sent_back(acme: Org, status: OrderStatus) -> None:
    components = document()["components"]
    body = Draft202012Validator({"$ref": "#/components/schemas/UpdateOrderBody", "components": components})
    path = f"/api/v1/orders/{await standing(acme, status)}"
    found = await acme.http.get(path)
    for sent in (found.json()["data"], {"status": status}, {"status": status, "statusReason": None}):
        assert body.is_valid(sent)
        async with unchanged(acme):
            answer = await acme.http.put(path, json=sent)
        assert (answer.status_code, answer.json(), answer.headers["etag"]) == (200, found.json(), found.headers["etag"])
