"""Each route and its operation are one: over real HTTP they answer the same, write the same and tell the same."""

import json
import re
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from rest_shim.routes import ROUTES, Kind, Route
from schema.operations import OPERATIONS
from tests.api_support import Org, new_client, new_order, new_service

BY_NAME = {f"{route.method} {route.path}": route for route in ROUTES}
LISTS = [name for name, route in BY_NAME.items() if route.kind is Kind.LIST]
GETS = [name for name, route in BY_NAME.items() if route.kind is Kind.GET]
CHANGES = [name for name, route in BY_NAME.items() if route.kind not in (Kind.LIST, Kind.GET)]

# Ids, times and secrets differ between two organizations; everything else must not.
_MASKS = (
    (re.compile(r"\b[a-z]+_[0-9a-hjkmnp-tv-z]{26}\b"), "<id>"),
    (re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z"), "<time>"),
    (re.compile(r"whsec_[A-Za-z0-9+/=]+"), "<secret>"),
)
# What a query asks of a list, beside nothing at all: the same as variables of the operation.
QUERIES: Mapping[str, dict[str, Any]] = {
    "": {},
    "limit=2": {"first": 2},
    "limit=2&page=2": {"first": 2, "page": 2, "counted": True},
    "createdAfter=2020-01-01T00:00:00Z": {"filter": {"createdAt": {"gt": "2020-01-01T00:00:00Z"}}},
    "createdBefore=2020-01-01T00:00:00Z": {"filter": {"createdAt": {"lt": "2020-01-01T00:00:00Z"}}},
    "sort=-updatedAt": {"orderBy": [{"field": "UPDATED_AT", "direction": "DESC"}]},
}
BODIES: Mapping[str, dict[str, Any]] = {
    "CreateClient": {"name": "Zoë", "email": "zoe@example.com", "tags": ["a", "b"], "metadata": {"crm": "7"}},
    "UpdateClient": {"company": "ACME", "phone": None, "status": "ACTIVE"},
    "CreateService": {"name": "Film", "price": 99_00, "status": "ACTIVE", "deliveryDays": 3},
    "UpdateService": {"description": "Moving pictures", "price": 120_00},
    "CreateOrder": {"quantity": 2, "notes": "Soon"},
    "UpdateOrder": {"notes": "Later", "status": "SUBMITTED"},
    "CreateWebhook": {"url": "https://93.184.216.34/hook", "events": ["*"], "description": "All"},
}
WRONG: Mapping[str, dict[str, Any]] = {
    "CreateClient": {"name": " ", "email": "nobody"},
    "UpdateClient": {"email": "nobody"},
    "CreateService": {"name": "", "price": -1},
    "UpdateService": {"price": -1},
    "CreateOrder": {"quantity": 0},
    "UpdateOrder": {"tags": [""]},
    "CreateWebhook": {"url": "not a url", "events": ["nothing.happened"]},
}
WRITTEN = {
    "audit_entries": "action, actor_kind, actor_name",
    "events": "type, resource_version, data",
    "deliveries": "event_type, status",
    "jobs": "kind, state, lane",
    "clients": "*",
    "services": "*",
    "orders": "*",
}
UNLIKE = {"id", "org_id", "client_id", "service_id", "created_at", "updated_at", "started_at", "due_at"}


def masked(value: Any) -> Any:
    """A JSON value without what differs between two organizations."""
    text = json.dumps(value, sort_keys=True, default=str)
    for pattern, word in _MASKS:
        text = pattern.sub(word, text)
    return json.loads(text)


async def furnish(org: Org) -> dict[str, str]:
    """The same rows in each organization; the id of one object of each resource. Nothing was ordered of ``idle``."""
    hook = await org.http.post("/api/v1/webhooks", json={"url": "https://93.184.216.34/all", "events": ["*"]})
    assert hook.status_code == 201, hook.text
    client = await new_client(org, name="Ada", email="ada@example.com")
    service, idle = await new_service(org), await new_service(org, name="Idle")
    orders = [await new_order(org, client["publicId"], service["publicId"]) for _ in range(3)]
    for index in range(3):
        await new_client(org, name=f"Other {index}", email=f"other{index}@example.com")
    return {
        "client": client["publicId"],
        "service": service["publicId"],
        "idle": idle["publicId"],
        "order": orders[0]["publicId"],
        "webhook": hook.json()["data"]["publicId"],
    }


async def operation(org: Org, route: Route, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of a route's operation over /graphql."""
    body = {"query": OPERATIONS[route.operation].text, "operationName": route.operation, "variables": variables}
    answer = await org.http.post("/graphql", json=body)
    found: dict[str, Any] = answer.json()
    return found


async def written(org: Org) -> dict[str, list[dict[str, Any]]]:
    """What an organization's tables hold, as far as it must equal another's."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table, columns in WRITTEN.items():
        rows = await org.rows(f"select {columns} from {table} order by id")
        found[table] = [masked({name: value for name, value in row.items() if name not in UNLIKE}) for row in rows]
    for table in ("deliveries", "jobs"):
        found[table].sort(key=json.dumps)
    return found


def body_of(route: Route, ids: Mapping[str, str], bodies: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The body of a change; one of an order names its client and service."""
    of = {"clientId": ids["client"], "serviceId": ids["service"]} if route.operation == "CreateOrder" else {}
    return of | bodies.get(route.operation, {})


def subject_of(route: Route, ids: Mapping[str, str]) -> str:
    """The id of what a change is made to."""
    return ids["idle" if route.operation == "DeleteService" else route.resource]


async def rest_change(org: Org, route: Route, ids: Mapping[str, str], body: dict[str, Any]) -> Any:
    """A change over REST."""
    path = route.path.replace("{publicId}", subject_of(route, ids))
    return await org.http.request(route.method, path, json=None if route.kind is Kind.DELETE else body)


def shown(route: Route, data: dict[str, Any]) -> dict[str, Any]:
    """The payload of a change as the route shows it: what is beside the resource joins it."""
    payload = dict(data[route.root])
    found: dict[str, Any] = payload.pop(route.resource)
    return found | (payload if route.kind is Kind.CREATE else {})


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("name", LISTS)
async def test_a_list_is_its_operation(acme: Org, name: str, query: str) -> None:
    await furnish(acme)
    route = BY_NAME[name]
    rest = await acme.http.get(f"{route.path}?{query}")
    assert rest.status_code == 200, rest.text
    page = (await operation(acme, route, {"counted": False} | QUERIES[query]))["data"][route.root]
    more = page["pageInfo"]["hasNextPage"]
    pagination = {
        "limit": QUERIES[query].get("first", 20),
        "hasMore": more,
        "nextCursor": page["pageInfo"]["endCursor"] if more else None,
    }
    if "page" in QUERIES[query]:
        total = page["totalCount"]
        pagination |= {"page": 2, "total": total, "totalPages": (total + 1) // 2}
    assert rest.json() == {"data": page["nodes"], "pagination": pagination}


@pytest.mark.parametrize("name", GETS)
async def test_a_get_is_its_operation(acme: Org, other: Org, name: str) -> None:
    ids, foreign = await furnish(acme), await furnish(other)
    route = BY_NAME[name]
    rest = await acme.http.get(route.path.replace("{publicId}", ids[route.resource]))
    answer = await operation(acme, route, {"id": ids[route.resource]})
    assert (rest.status_code, rest.json()["data"]) == (200, answer["data"][route.root])
    missing = await acme.http.get(route.path.replace("{publicId}", foreign[route.resource]))
    assert (missing.status_code, missing.json()["code"]) == (404, "NOT_FOUND")
    assert (await operation(acme, route, {"id": foreign[route.resource]}))["data"] == {route.root: None}


@pytest.mark.parametrize("name", CHANGES)
async def test_a_change_is_its_operation(acme: Org, other: Org, name: str) -> None:
    route = BY_NAME[name]
    ids, theirs = await furnish(acme), await furnish(other)
    assert await written(acme) == await written(other)
    rest = await rest_change(acme, route, ids, body_of(route, ids, BODIES))
    values = body_of(route, theirs, BODIES)
    if route.kind is not Kind.CREATE:
        values |= {"id": subject_of(route, theirs)}
    answer = await operation(other, route, {"input": values})
    assert "errors" not in answer, answer
    if route.kind is Kind.DELETE:
        assert (rest.status_code, rest.content) == (204, b"")
    else:
        assert rest.status_code == (201 if route.kind is Kind.CREATE else 200), rest.text
        assert masked(rest.json()["data"]) == masked(shown(route, answer["data"]))
    assert await written(acme) == await written(other)
    last = "select source from audit_entries order by id desc limit 1"
    assert [(await org.rows(last))[0]["source"] for org in (acme, other)] == ["REST", "GRAPHQL"]


@pytest.mark.parametrize("name", [name for name in CHANGES if BY_NAME[name].operation in WRONG])
async def test_a_refusal_is_its_operation_s_and_writes_nothing(acme: Org, other: Org, name: str) -> None:
    route = BY_NAME[name]
    ids, theirs = await furnish(acme), await furnish(other)
    before = await written(acme)
    rest = await rest_change(acme, route, ids, body_of(route, ids, WRONG))
    values = body_of(route, theirs, WRONG)
    if route.kind is not Kind.CREATE:
        values |= {"id": subject_of(route, theirs)}
    errors = (await operation(other, route, {"input": values}))["errors"]
    assert (rest.status_code, rest.json()["code"]) == (400, "BAD_INPUT")
    told = [(part["field"], part["code"], part["message"]) for part in rest.json()["errors"]]
    assert told == [
        (
            error["extensions"]["field"].replace("input.", "body.", 1),
            error["extensions"]["reason"],
            error["message"],
        )
        for error in errors
    ]
    assert told
    assert before == await written(acme) == await written(other)


async def test_health_is_its_operation_and_needs_no_key(api: str) -> None:
    async with httpx.AsyncClient(base_url=api) as nobody:
        asked = {"query": OPERATIONS["Health"].text, "operationName": "Health"}
        answer = (await nobody.post("/graphql", json=asked)).json()["data"]["health"]
        assert answer == {"status": "ok"}
        for path in ("/api/health", "/api/health/"):
            rest = await nobody.get(path)
            assert (rest.status_code, rest.content) == (200, b'{"status":"ok"}')
            assert rest.headers["x-graphql-operation"] == "Health"
