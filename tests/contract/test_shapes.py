"""The contract of each route, by hand: exact keys and types, statuses and headers. It moves only when we mean it."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from rest_shim.routes import ROUTES, Kind
from tests.support.api import Org
from tests.support.routes import BODIES, BY_NAME, CHANGES, GETS, LISTS, body_of, furnish, rest_change, subject_of

# "?" is a null or the type after it.
CLIENT = {
    "publicId": "str", "name": "str", "email": "str", "company": "?str", "phone": "?str", "address": "?str",
    "taxId": "?str", "status": "str", "tags": "list", "source": "?str", "notes": "?str", "metadata": "dict",
    "createdAt": "str", "updatedAt": "str", "version": "int",
}  # fmt: skip
SERVICE = {
    "publicId": "str", "name": "str", "description": "?str", "price": "int", "currency": "str", "billing": "str",
    "interval": "?str", "deliveryDays": "?int", "status": "str", "tags": "list", "metadata": "dict",
    "createdAt": "str", "updatedAt": "str", "version": "int",
}  # fmt: skip
ORDER = {
    "publicId": "str", "number": "int", "clientId": "str", "serviceId": "str", "quantity": "int", "unitPrice": "int",
    "total": "int", "currency": "str", "deliveryDays": "?int", "status": "str", "dueAt": "?str", "startedAt": "?str",
    "heldAt": "?str", "deliveredAt": "?str", "completedAt": "?str", "cancelledReason": "?str", "revisions": "int",
    "notes": "?str", "formData": "?dict", "tags": "list", "metadata": "dict",
    "createdAt": "str", "updatedAt": "str", "version": "int",
}  # fmt: skip
WEBHOOK = {
    "publicId": "str", "url": "str", "events": "list", "description": "?str", "apiVersion": "str", "status": "str",
    "disabledReason": "?str", "failingSince": "?str", "lastSuccessAt": "?str",
    "lastFailureAt": "?str", "circuit": "str", "pausedUntil": "?str",
    "createdAt": "str", "updatedAt": "str", "version": "int",
}  # fmt: skip
SHAPES: Mapping[str, dict[str, str] | None] = {
    "GET /api/v1/clients": CLIENT,
    "POST /api/v1/clients": CLIENT,
    "GET /api/v1/clients/{publicId}": CLIENT,
    "PUT /api/v1/clients/{publicId}": CLIENT,
    "PATCH /api/v1/clients/{publicId}": CLIENT,
    "DELETE /api/v1/clients/{publicId}": None,
    "GET /api/v1/services": SERVICE,
    "POST /api/v1/services": SERVICE,
    "GET /api/v1/services/{publicId}": SERVICE,
    "PUT /api/v1/services/{publicId}": SERVICE,
    "PATCH /api/v1/services/{publicId}": SERVICE,
    "DELETE /api/v1/services/{publicId}": None,
    "GET /api/v1/orders": ORDER,
    "POST /api/v1/orders": ORDER,
    "GET /api/v1/orders/{publicId}": ORDER,
    "PUT /api/v1/orders/{publicId}": ORDER,
    "PATCH /api/v1/orders/{publicId}": ORDER,
    "DELETE /api/v1/orders/{publicId}": None,
    "GET /api/v1/webhooks": WEBHOOK,
    "POST /api/v1/webhooks": WEBHOOK | {"secret": "str"},
    "DELETE /api/v1/webhooks/{publicId}": None,
}
OPERATION_OF = {
    "GET /api/v1/clients": "ListClients",
    "POST /api/v1/clients": "CreateClient",
    "GET /api/v1/clients/{publicId}": "GetClient",
    "PUT /api/v1/clients/{publicId}": "UpdateClient",
    "PATCH /api/v1/clients/{publicId}": "UpdateClient",
    "DELETE /api/v1/clients/{publicId}": "DeleteClient",
    "GET /api/v1/services": "ListServices",
    "POST /api/v1/services": "CreateService",
    "GET /api/v1/services/{publicId}": "GetService",
    "PUT /api/v1/services/{publicId}": "UpdateService",
    "PATCH /api/v1/services/{publicId}": "UpdateService",
    "DELETE /api/v1/services/{publicId}": "DeleteService",
    "GET /api/v1/orders": "ListOrders",
    "POST /api/v1/orders": "CreateOrder",
    "GET /api/v1/orders/{publicId}": "GetOrder",
    "PUT /api/v1/orders/{publicId}": "UpdateOrder",
    "PATCH /api/v1/orders/{publicId}": "UpdateOrder",
    "DELETE /api/v1/orders/{publicId}": "DeleteOrder",
    "GET /api/v1/webhooks": "ListWebhooks",
    "POST /api/v1/webhooks": "CreateWebhook",
    "DELETE /api/v1/webhooks/{publicId}": "DeleteWebhook",
}
PROBLEM = {"type", "title", "status", "detail", "code", "errors", "requestId"}


def fits(shape: Mapping[str, str], found: Mapping[str, Any]) -> None:
    """Exactly these keys, each of its type."""
    assert list(found) == list(shape)
    for name, kind in shape.items():
        value = found[name]
        said = "null" if value is None else type(value).__name__
        assert said in ({"null", kind[1:]} if kind[0] == "?" else {kind}), name


def test_the_table_has_every_route() -> None:
    assert set(SHAPES) == set(OPERATION_OF) == set(BY_NAME)
    assert len(ROUTES) == len(BY_NAME)


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("name", LISTS)
async def test_the_shape_of_a_list(acme: Org, name: str, slash: str) -> None:
    await furnish(acme)
    shape = SHAPES[name]
    assert shape is not None
    answer = await acme.http.get(BY_NAME[name].path + slash)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["x-graphql-operation"] == OPERATION_OF[name]
    assert list(answer.json()) == ["data", "pagination"]
    assert answer.json()["data"]
    for found in answer.json()["data"]:
        fits(shape, found)
    count = len(answer.json()["data"])
    assert answer.json()["pagination"] == {"limit": 20, "hasMore": False, "nextCursor": None}
    numbered = await acme.http.get(BY_NAME[name].path + slash + "?page=1&limit=1")
    fits(
        {"limit": "int", "hasMore": "bool", "nextCursor": "?str", "page": "int", "total": "int", "totalPages": "int"},
        numbered.json()["pagination"],
    )
    pagination = numbered.json()["pagination"]
    assert (pagination["page"], pagination["total"], pagination["totalPages"]) == (1, count, count)
    assert (len(numbered.json()["data"]), pagination["hasMore"]) == (1, count > 1)


async def test_an_empty_list_has_no_pages(acme: Org) -> None:
    for name in LISTS:
        answer = await acme.http.get(BY_NAME[name].path + "?page=1")
        assert answer.json() == {
            "data": [],
            "pagination": {"limit": 20, "hasMore": False, "nextCursor": None, "page": 1, "total": 0, "totalPages": 0},
        }


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("name", GETS)
async def test_the_shape_of_an_object(acme: Org, name: str, slash: str) -> None:
    ids = await furnish(acme)
    shape = SHAPES[name]
    assert shape is not None
    path = BY_NAME[name].path.replace("{publicId}", ids[BY_NAME[name].resource]) + slash
    answer = await acme.http.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert list(answer.json()) == ["data"]
    fits(shape, answer.json()["data"])
    assert answer.headers["etag"] == f'"{answer.json()["data"]["version"]}"'
    same = await acme.http.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", answer.headers["etag"])
    anything = await acme.http.get(path, headers={"If-None-Match": "*"})
    assert (anything.status_code, anything.content) == (304, b"")
    changed = await acme.http.get(path, headers={"If-None-Match": '"999"'})
    assert (changed.status_code, changed.json()) == (200, answer.json())
    for each in (answer, same, changed):
        assert each.headers["x-graphql-operation"] == OPERATION_OF[name]


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("name", CHANGES)
async def test_the_shape_of_a_change(acme: Org, name: str, slash: str) -> None:
    ids = await furnish(acme)
    route, shape = BY_NAME[name], SHAPES[name]
    path = route.path.replace("{publicId}", "" if route.kind is Kind.CREATE else subject_of(route, ids)) + slash
    body = None if route.kind is Kind.DELETE else body_of(route, ids, BODIES)
    answer = await acme.http.request(route.method, path, json=body)
    assert answer.headers["x-graphql-operation"] == OPERATION_OF[name]
    if shape is None:
        assert (answer.status_code, answer.content) == (204, b"")
        assert "content-type" not in answer.headers
        return
    assert answer.status_code == (201 if route.kind is Kind.CREATE else 200), answer.text
    assert list(answer.json()) == ["data"]
    found = answer.json()["data"]
    fits(shape, found)
    assert answer.headers["etag"] == f'"{found["version"]}"'
    readable = f"GET {route.path}/{{publicId}}" in SHAPES
    if route.kind is Kind.CREATE and readable:
        assert answer.headers["location"] == f"{route.path}/{found['publicId']}"
        assert (await acme.http.get(answer.headers["location"])).json()["data"] == found
    else:
        assert "location" not in answer.headers


@pytest.mark.parametrize("name", list(BY_NAME))
async def test_errors_name_their_operation(acme: Org, api: str, name: str) -> None:
    route, ids = BY_NAME[name], await furnish(acme)
    weak = acme.holding(await acme.new_key("messages:read"))
    nobody = httpx.AsyncClient(base_url=api)
    path = route.path.replace("{publicId}", ids[route.resource])
    for http, status, code in ((nobody, 401, "UNAUTHENTICATED"), (weak.http, 403, "FORBIDDEN")):
        answer = await http.request(route.method, path)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-graphql-operation"] == OPERATION_OF[name]
        assert set(answer.json()) >= PROBLEM
        assert answer.json()["requestId"] == answer.headers["x-request-id"]
        await http.aclose()
    unknown = await acme.http.request(route.method, f"{path}?colour=red", json={})
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (400, "query.colour")
    assert unknown.headers["x-graphql-operation"] == OPERATION_OF[name]


@pytest.mark.parametrize("name", [name for name in BY_NAME if "{publicId}" in name])
async def test_another_type_s_id_is_a_missing_one(acme: Org, name: str) -> None:
    route, ids = BY_NAME[name], await furnish(acme)
    wrong = {resource: ids["client" if resource != "client" else "order"] for resource in (*ids, "idle")}
    answer = await rest_change(acme, route, wrong, {})
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert [part["field"] for part in answer.json()["errors"]] == ["path.publicId"]
    assert answer.headers["x-graphql-operation"] == OPERATION_OF[name]


async def test_another_method_is_a_405_with_allow(acme: Org) -> None:
    answer = await acme.http.patch("/api/v1/clients", json={})
    assert (answer.status_code, answer.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "GET, POST, HEAD, OPTIONS"
