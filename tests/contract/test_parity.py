"""Each route and its operation are one: over real HTTP they answer the same, write the same and tell the same."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from rest_shim.routes import Kind, Route
from schema.operations import OPERATIONS
from tests.support.api import Org
from tests.support.routes import (
    BODIES,
    BY_NAME,
    CHANGES,
    GETS,
    LISTS,
    WRONG,
    body_of,
    furnish,
    masked,
    operation,
    rest_change,
    subject_of,
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


async def written(org: Org) -> dict[str, list[dict[str, Any]]]:
    """What an organization's tables hold, as far as it must equal another's."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table, columns in WRITTEN.items():
        rows = await org.rows(f"select {columns} from {table} order by id")
        found[table] = [masked({name: value for name, value in row.items() if name not in UNLIKE}) for row in rows]
    for table in ("deliveries", "jobs"):
        found[table].sort(key=json.dumps)
    return found


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
