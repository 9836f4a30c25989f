"""What was read can be sent back, changed or not: as the document says, and nothing happens that was not asked for."""

import pytest
from jsonschema import Draft202012Validator

from models.orders import OrderStatus
from tests.support.api import Org
from tests.support.furnished import furnish
from tests.support.openapi import openapi
from tests.support.orders import standing
from tests.support.refusals import unchanged
from tests.support.routes import BY_NAME, CASE_OF, CHANGES


@pytest.mark.parametrize(
    "name", [name for name in CHANGES if BY_NAME[name].method == "PUT" and "tags" in CASE_OF[name].shape]
)
async def test_what_was_read_can_be_changed_and_sent_back(acme: Org, name: str) -> None:
    case, ids = CASE_OF[name], await furnish(acme, CASE_OF[name])
    path = BY_NAME[name].path.replace("{publicId}", ids[case.name])
    tagged = {"tags": ["a"], "metadata": {"crm": "7"}}
    assert (await acme.http.put(path, json=tagged)).status_code == 200
    first = await acme.http.get(path)
    whole = first.json()["data"]
    async with unchanged(acme):
        same = await acme.http.put(path, json=whole, headers={"If-Match": first.headers["etag"]})
        assert (same.status_code, same.json()["data"]) == (200, whole)
    changed = await acme.http.put(path, json=whole | {"tags": ["b"], "metadata": {}})
    found = changed.json()["data"]
    version = whole["version"] + 1
    assert (changed.status_code, found["tags"], found["metadata"], found["version"]) == (200, ["b"], {}, version)
    assert found == whole | {"tags": ["b"], "metadata": {}, "version": version, "updatedAt": found["updatedAt"]}


@pytest.mark.parametrize("status", list(OrderStatus))
async def test_an_order_that_was_read_can_be_sent_back(acme: Org, status: OrderStatus) -> None:
    components = openapi()["components"]
    body = Draft202012Validator({"$ref": "#/components/schemas/UpdateOrderBody", "components": components})
    path = f"/api/v1/orders/{await standing(acme, status)}"
    found = await acme.http.get(path)
    for sent in (found.json()["data"], {"status": status}, {"status": status, "statusReason": None}):
        assert body.is_valid(sent)
        async with unchanged(acme):
            answer = await acme.http.put(path, json=sent)
        assert (answer.status_code, answer.json(), answer.headers["etag"]) == (200, found.json(), found.headers["etag"])
