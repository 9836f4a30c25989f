"""Rows of shapes that no route has yet, over the graph that there is: what serves and documents rows takes them."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from resolvers.database.runtime import Runtime
from rest_shim.routes import ROUTES
from server import app
from tests.support.api import Org, make_org, new_client, new_order, serving, settings_of
from tests.support.refusals import problem, unchanged
from tests.support.rows import (
    MADE_UP,
    PUBLIC,
)
from tests.support.servers import Backends


@pytest.fixture(scope="module")
async def base(backends: Backends, operations: None) -> AsyncIterator[str]:
    """A server that has the rows too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "ROUTES", (*ROUTES, *MADE_UP))
        async with serving(settings_of(backends)) as url:
            yield url


@pytest.fixture
async def org(base: str, api_runtime: Runtime) -> AsyncIterator[Org]:
    """An organization of that server."""
    made = await make_org(api_runtime, base)
    yield made
    await made.http.aclose()


def data(answer: httpx.Response, status: int = 200) -> Any:
    """What an answer shows."""
    assert answer.status_code == status, answer.text
    return answer.json()["data"]


async def test_an_action_takes_a_body_and_a_version(org: Org) -> None:
    order = await new_order(org)
    path = f"/api/v1/orders/{order['publicId']}/transition"
    async with unchanged(org):
        wrong = await org.http.post(path, json={"to": "NOWHERE", "colour": "red"})
        assert problem(wrong, 400, "BAD_INPUT", "body.colour", "body.to")["errors"][0]["code"] == "UNKNOWN_FIELD"
        stale = await org.http.post(path, json={"to": "SUBMITTED"}, headers={"If-Match": '"7"'})
        problem(stale, 412, "VERSION_MISMATCH", "header.If-Match")
        problem(await org.http.post(path), 415, "UNSUPPORTED_MEDIA_TYPE")
    done = await org.http.post(path, json={"to": "SUBMITTED"}, headers={"If-Match": '"7", "1"'})
    assert data(done) == order | {"status": "SUBMITTED", "version": 2, "updatedAt": data(done)["updatedAt"]}
    assert (done.headers["etag"], done.headers["x-graphql-operation"]) == ('"2"', "TransitionOrder")
    gone = await org.http.post("/api/v1/orders/order_01h455vb4pex5vsknk084sn02q/transition", json={"to": "SUBMITTED"})
    problem(gone, 404, "NOT_FOUND", "path.publicId")


async def test_an_action_without_a_body_shows_what_is_beside(org: Org) -> None:
    made = await org.http.post("/api/v1/webhooks", json={"url": "https://93.184.216.34/hook", "events": ["*"]})
    path = f"/api/v1/webhooks/{data(made, 201)['publicId']}/rotate-secret"
    turned = await org.http.post(path, headers={"Idempotency-Key": "once"})
    assert data(turned)["secret"] not in (None, data(made, 201)["secret"])
    assert data(turned)["url"] == "https://93.184.216.34/hook"
    again = await org.http.post(path, headers={"Idempotency-Key": "once"})
    assert (again.headers["idempotent-replayed"], data(again)["secret"]) == ("true", None)


async def test_an_optional_body_may_be_absent(org: Org) -> None:
    client = await new_client(org)
    path = f"/api/v1/clients/{client['publicId']}/touch"
    assert data(await org.http.post(path))["version"] == 1
    assert data(await org.http.post(path, json={"company": "ACME"}))["company"] == "ACME"
    problem(await org.http.post(path, json={"colour": "red"}), 400, "BAD_INPUT", "body.colour")
    problem(await org.http.post(path, content=b"x"), 415, "UNSUPPORTED_MEDIA_TYPE")


async def test_a_singleton_has_no_id(org: Org) -> None:
    found = await org.http.get("/api/v1/viewer")
    assert (data(found)["key"], "etag" in found.headers) == ({"name": "test"}, False)
    problem(await org.http.get("/api/v1/viewer?a=b"), 400, "BAD_INPUT", "query.a")
    body = {"name": "Ada", "email": "ada@example.com", "version": 7, "publicId": "x"}
    changed = await org.http.put("/api/v1/the-client", json=body)
    assert (data(changed)["name"], changed.headers["etag"]) == ("Ada", '"1"')
    assert "location" not in changed.headers


async def test_a_delete_takes_a_parameter_and_shows_what_is_left(org: Org) -> None:
    order = await new_order(org)
    path = f"/api/v1/orders/{order['publicId']}/now"
    async with unchanged(org):
        problem(await org.http.delete(f"{path}?why=x"), 400, "BAD_INPUT", "query.why")
        problem(await org.http.delete(path), 400, "BAD_INPUT", "query.reason")
        problem(await org.http.delete(f"{path}?reason={'x' * 1001}"), 400, "BAD_INPUT", "query.reason")
    left = await org.http.delete(f"{path}?reason=Too+late")
    assert data(left) == {"publicId": order["publicId"], "status": "CANCELLED", "version": 2}


async def test_a_delete_takes_a_body(org: Org) -> None:
    order = await new_order(org)
    path = f"/api/v1/orders/{order['publicId']}/deletion"
    async with unchanged(org):
        wrong = await org.http.request("DELETE", path, json={"id": "x"})
        problem(wrong, 400, "BAD_INPUT", "body.id")
    gone = await org.http.request("DELETE", path, json={})
    assert (gone.status_code, gone.content) == (204, b"")
    problem(await org.http.get(f"/api/v1/orders/{order['publicId']}"), 404, "NOT_FOUND", "path.publicId")


async def test_what_is_accepted_says_where_it_can_be_read(org: Org) -> None:
    taken = await org.http.post("/api/v1/client-jobs", json={"name": "Ada", "email": "ada@example.com"})
    made = data(taken, 202)
    assert taken.headers["location"] == f"/api/v1/clients/{made['publicId']}"
    assert data(await org.http.get(taken.headers["location"]))["name"] == "Ada"


async def test_a_nested_list_is_a_page_of_its_parent(org: Org, acme: Org) -> None:
    order = await new_order(org)
    write = "mutation($i: CreateMessageInput!) { createMessage(input: $i) { message { id } } }"
    for body in ("one", "two", "three"):
        await org.data(write, i={"orderId": order["publicId"], "body": body})
    path = f"/api/v1/orders/{order['publicId']}/messages"
    first = (await org.http.get(f"{path}?limit=2")).json()
    assert [each["body"] for each in first["data"]] == ["three", "two"]
    rest = (await org.http.get(f"{path}?cursor={first['pagination']['nextCursor']}")).json()
    assert ([each["body"] for each in rest["data"]], rest["pagination"]["hasMore"]) == (["one"], False)
    total = (await org.http.get(f"{path}?page=2&limit=2")).json()["pagination"]
    assert (total["total"], total["totalPages"]) == (3, 2)
    problem(await org.http.get(f"{path}?limit=0"), 400, "BAD_INPUT", "query.limit")
    problem(await org.http.get(f"{path}?cursor=x"), 400, "INVALID_CURSOR", "query.cursor")
    # Of another organization it is as one that does not exist.
    foreign = acme.holding(acme.key)
    foreign.http.base_url = org.http.base_url
    problem(await foreign.http.get(path), 404, "NOT_FOUND", "path.publicId")
    await foreign.http.aclose()


async def test_a_parameter_can_be_required(org: Org) -> None:
    order = await new_order(org)
    assert data(await org.http.get(f"/api/v1/thread?orderId={order['publicId']}")) == []
    missing = problem(await org.http.get("/api/v1/thread"), 400, "BAD_INPUT", "query.orderId")
    assert missing["errors"][0]["code"] == "REQUIRED"
    problem(await org.http.get("/api/v1/thread?orderId=x"), 400, "BAD_INPUT", "query.orderId")


async def test_a_parameter_can_be_yes_or_no(org: Org) -> None:
    order = await new_order(org)
    assert [each["publicId"] for each in data(await org.http.get("/api/v1/undated?undated=true"))] == [
        order["publicId"]
    ]
    assert data(await org.http.get("/api/v1/undated?undated=false")) == []
    problem(await org.http.get("/api/v1/undated?undated=1"), 400, "BAD_INPUT", "query.undated")


async def test_a_body_can_be_anything(org: Org) -> None:
    client = await new_client(org)
    path = f"/api/v1/clients/{client['publicId']}/submit"
    assert data(await org.http.post(path, json={"a b": "c"}))["metadata"] == {"a b": "c"}
    problem(await org.http.post(path, json={"a": 1}), 400, "BAD_INPUT", "body.a")
    problem(await org.http.post(path, json=[]), 400, "BAD_INPUT", "body")


async def test_a_public_route_needs_no_key_and_its_address_pays(backends: Backends, operations: None) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "ROUTES", (*ROUTES, PUBLIC))
        settings = settings_of(backends, anonymous_bucket=3, anonymous_refill=1)
        async with serving(settings) as url, httpx.AsyncClient(base_url=url) as http:
            found = await http.get("/api/public/state")
            assert data(found) == {"status": "ok"}
            assert "ratelimit" not in found.headers
            spent = [await http.get("/api/public/state") for _ in range(5)][-1]
            problem(spent, 429, "RATE_LIMITED")
            problem(await http.get("/api/v1/clients"), 401, "UNAUTHENTICATED")
