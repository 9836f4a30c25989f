"""The contract of each route, by hand: exact keys and types, statuses and headers. It moves only when we mean it."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from rest_shim.route import Shows
from tests.support.api import TLS, Org
from tests.support.domains import CASES
from tests.support.furnished import Furnished, furnish
from tests.support.routes import (
    BY_NAME,
    CASE_OF,
    CHANGES,
    GETS,
    KEYED,
    LISTS,
    OF_ONE,
    body_of,
    list_path,
    required_of,
    rest_change,
    subject_of,
)

PROBLEM = {"type", "title", "status", "detail", "code", "errors", "requestId"}


def fits(shape: Mapping[str, str], found: Mapping[str, Any]) -> None:
    """Exactly these keys, each of its type."""
    assert list(found) == list(shape)
    for name, type_ in shape.items():
        value = found[name]
        said = "null" if value is None else type(value).__name__
        assert said in ({"null", type_[1:]} if type_[0] == "?" else {type_}), name


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("name", LISTS)
async def test_the_shape_of_a_list(furnished: Furnished, name: str, slash: str) -> None:
    acme, ids = furnished
    shape, required = CASE_OF[name].shape, required_of(BY_NAME[name], ids)
    answer = await acme.http.get(BY_NAME[name].path + slash, params={**required, "limit": 100})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["x-graphql-operation"] == CASE_OF[name].routes[name]
    assert list(answer.json()) == ["data", "pagination"]
    assert answer.json()["data"]
    for found in answer.json()["data"]:
        fits(shape, found)
    count = len(answer.json()["data"])
    assert answer.json()["pagination"] == {"limit": 100, "hasMore": False, "nextCursor": None}
    numbered = await acme.http.get(BY_NAME[name].path + slash, params={**required, "page": 1, "limit": 1})
    fits(
        {"limit": "int", "hasMore": "bool", "nextCursor": "?str", "page": "int", "total": "int", "totalPages": "int"},
        numbered.json()["pagination"],
    )
    pagination = numbered.json()["pagination"]
    assert (pagination["page"], pagination["total"], pagination["totalPages"]) == (1, count, count)
    assert (len(numbered.json()["data"]), pagination["hasMore"]) == (1, count > 1)


async def test_an_empty_list_has_no_pages(acme: Org) -> None:
    for name in LISTS:
        before = next(each for each in BY_NAME[name].parameters if each in ("createdBefore", "occurredBefore"))
        answer = await acme.http.get(list_path(name, f"page=1&{before}=2000-01-01T00:00:00Z"))
        assert answer.json() == {
            "data": [],
            "pagination": {"limit": 20, "hasMore": False, "nextCursor": None, "page": 1, "total": 0, "totalPages": 0},
        }


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("name", GETS)
async def test_the_shape_of_an_object(furnished: Furnished, name: str, slash: str) -> None:
    acme, ids = furnished
    route, case = BY_NAME[name], CASE_OF[name]
    shape = {**case.shape, **case.payload.get(route.operation, {})}
    path = route.path.replace("{publicId}", await subject_of(acme, route, ids)) + slash
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
        assert each.headers["x-graphql-operation"] == CASE_OF[name].routes[name]


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("name", CHANGES)
async def test_the_shape_of_a_change(acme: Org, name: str, slash: str) -> None:
    route, case = BY_NAME[name], CASE_OF[name]
    ids = await furnish(acme, case)
    path = route.path.replace("{publicId}", await subject_of(acme, route, ids)) + slash
    body = None if route.shows is Shows.NOTHING else body_of(route, ids)
    answer = await acme.http.request(route.method, path, json=body)
    assert answer.headers["x-graphql-operation"] == CASE_OF[name].routes[name]
    if route.shows is Shows.NOTHING:
        assert (answer.status_code, answer.content) == (204, b"")
        assert "content-type" not in answer.headers
        return
    assert answer.status_code == route.status, answer.text
    assert list(answer.json()) == ["data"]
    found = answer.json()["data"]
    fits({**case.shape, **(case.shown_once if route.makes else {}), **case.payload.get(route.operation, {})}, found)
    assert answer.headers["etag"] == f'"{found["version"]}"'
    readable = f"GET {route.path}/{{publicId}}" in BY_NAME
    if route.makes and readable:
        assert answer.headers["location"] == f"{route.path}/{found['publicId']}"
        assert (await acme.http.get(answer.headers["location"])).json()["data"] == found
    else:
        assert "location" not in answer.headers


@pytest.mark.parametrize("name", KEYED)
async def test_errors_name_their_operation(furnished: Furnished, api: str, name: str) -> None:
    (acme, ids), route = furnished, BY_NAME[name]
    weak = acme.holding(await acme.new_key("members:read"))
    nobody = httpx.AsyncClient(base_url=api, verify=TLS)
    path = route.path.replace("{publicId}", await subject_of(acme, route, ids))
    for http, status, code in ((nobody, 401, "UNAUTHENTICATED"), (weak.http, 403, "FORBIDDEN")):
        answer = await http.request(route.method, path)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-graphql-operation"] == CASE_OF[name].routes[name]
        assert set(answer.json()) >= PROBLEM
        assert answer.json()["requestId"] == answer.headers["x-request-id"]
        await http.aclose()
    unknown = await acme.http.request(route.method, f"{path}?colour=red", json={})
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (400, "query.colour")
    assert unknown.headers["x-graphql-operation"] == CASE_OF[name].routes[name]


@pytest.mark.parametrize("name", OF_ONE)
async def test_another_type_s_id_is_a_missing_one(furnished: Furnished, name: str) -> None:
    (acme, ids), route = furnished, BY_NAME[name]
    wrong = next(ids[other] for other in CASES if other != CASE_OF[name].name)
    answer = await rest_change(acme, route, wrong, {})
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert [part["field"] for part in answer.json()["errors"]] == ["path.publicId"]
    assert answer.headers["x-graphql-operation"] == CASE_OF[name].routes[name]


async def test_another_method_is_a_405_with_allow(acme: Org) -> None:
    answer = await acme.http.patch("/api/v1/clients", json={})
    assert (answer.status_code, answer.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "GET, POST, HEAD, OPTIONS"
