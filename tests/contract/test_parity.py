"""Each route and its operation are one: over real HTTP they answer the same, write the same and tell the same."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from rest_shim.route import Route, Shows
from schema.operations import OPERATIONS
from tests.support.api import TLS, Org
from tests.support.furnished import Furnished, furnish, masked, written
from tests.support.refusals import problem
from tests.support.routes import (
    BY_NAME,
    CHANGES,
    GETS,
    LISTS,
    as_shown,
    body_of,
    case_of,
    given_to,
    list_path,
    operation,
    required_of,
    rest_change,
    root_of,
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


def shown(route: Route, data: dict[str, Any]) -> dict[str, Any]:
    """The payload of a change as the route shows it: what is beside the resource joins it."""
    payload = dict(data[root_of(route)])
    found = as_shown(route, payload[case_of(route).name])
    return found | {name: payload[name] for name in route.payload_fields}


def _takes(name: str, query: str) -> bool:
    """Whether a list takes what a query has beside its pages."""
    route, parameter = BY_NAME[name], query.partition("=")[0]
    return parameter in ("", "limit") or parameter in route.parameters or (parameter == "sort" and bool(route.sorts))


@pytest.mark.parametrize(
    ("name", "query"), [(name, query) for name in LISTS for query in QUERIES if _takes(name, query)]
)
async def test_a_list_is_its_operation(furnished: Furnished, name: str, query: str) -> None:
    (acme, ids), route = furnished, BY_NAME[name]
    if "updatedAt" in query and "updatedAt" not in route.sorts:
        problem(await acme.http.get(list_path(name, query, ids)), 400, "BAD_INPUT", "query.sort")
        return
    rest = await acme.http.get(list_path(name, query, ids))
    assert rest.status_code == 200, rest.text
    variables = {"counted": False} | required_of(route, ids) | QUERIES[query]
    page = (await operation(acme, route, variables))["data"][root_of(route)]
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
async def test_a_get_is_its_operation(furnished: Furnished, name: str) -> None:
    (acme, ids), route = furnished, BY_NAME[name]
    subject = await subject_of(acme, route, ids)
    rest = await acme.http.get(route.path.replace("{publicId}", subject))
    answer = await operation(acme, route, {"id": subject})
    assert (rest.status_code, rest.json()["data"]) == (200, as_shown(route, answer["data"][root_of(route)]))


@pytest.mark.parametrize("name", CHANGES)
async def test_a_change_is_its_operation(acme: Org, other: Org, name: str) -> None:
    route = BY_NAME[name]
    ids, theirs = await asyncio.gather(furnish(acme, case_of(route)), furnish(other, case_of(route)))
    assert await written(acme) == await written(other)
    rest = await rest_change(acme, route, await subject_of(acme, route, ids), body_of(route, ids))
    values, subject = given_to(route, theirs), await subject_of(other, route, theirs)
    if not route.makes and subject:
        values |= {"id": subject}
    answer = await operation(other, route, {"input": values})
    assert "errors" not in answer, answer
    if route.shows is Shows.NOTHING:
        assert (rest.status_code, rest.content) == (204, b"")
    else:
        assert rest.status_code == route.status, rest.text
        assert masked(rest.json()["data"]) == masked(shown(route, answer["data"]))
    assert await written(acme) == await written(other)
    last = "select source from audit_entries order by id desc limit 1"
    assert [(await org.rows(last))[0]["source"] for org in (acme, other)] == ["REST", "GRAPHQL"]


async def test_health_is_its_operation_and_needs_no_key(api: str) -> None:
    async with httpx.AsyncClient(base_url=api, verify=TLS) as nobody:
        asked = {"query": OPERATIONS["Health"].text, "operationName": "Health"}
        answer = (await nobody.post("/graphql", json=asked)).json()["data"]["health"]
        assert answer == {"status": "ok"}
        for path in ("/api/health", "/api/health/"):
            rest = await nobody.get(path)
            assert (rest.status_code, rest.content) == (200, b'{"status":"ok"}')
            assert rest.headers["x-graphql-operation"] == "Health"
