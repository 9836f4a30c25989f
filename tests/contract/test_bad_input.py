"""What is no request: bodies, types, parameters, cursors and inputs that are wrong, over both APIs."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from graphql import is_required_input_field

from tests.support.api import Org, new_client
from tests.support.cases import Case
from tests.support.domains import CREATED
from tests.support.furnished import completed, document, furnish, input_of
from tests.support.refusals import error, problem, unchanged
from tests.support.routes import BY_NAME, CASE_OF, LISTS, list_path

JSON = {"Content-Type": "application/json"}
MEDIA = ("application/json", "application/graphql-response+json")
BODIES = [b"", b"{", b"1", b"null", b"[1]", b'"x"', b"\xff\xfe{}", b'{"a": "\xc3"}', b"{'a': 1}", b"[" * 100_000,
          b'{"a":' * 40_000, b'{"a": NaN}', b'{"a": "\\ud800"}', b'{"a": 1}{}', b"\x00"]  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:12]))
async def test_a_body_that_is_no_json_object(acme: Org, body: bytes) -> None:
    client = await new_client(acme)
    async with unchanged(acme):
        for method, path in (("POST", "/api/v1/clients"), ("PUT", f"/api/v1/clients/{client['publicId']}")):
            problem(await acme.http.request(method, path, content=body, headers=JSON), 400, "BAD_INPUT", "body")
        for accept in MEDIA:
            answer = await acme.http.post("/graphql", content=body, headers=JSON | {"Accept": accept})
            error(answer, 400, "BAD_INPUT", "body")
            assert answer.headers["content-type"] == accept


async def _chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 10_000):
        yield b" " * 10_000


@pytest.mark.parametrize("chunked", [True, False])
async def test_a_body_of_ten_megabytes(acme: Org, chunked: bool) -> None:
    size = 10_000_000
    async with unchanged(acme):
        for path, check in (("/api/v1/clients", problem), ("/graphql", error)):
            content = _chunks(size) if chunked else b" " * size
            check(await acme.http.post(path, content=content, headers=JSON), 413, "TOO_LARGE")


@pytest.mark.parametrize(
    "media", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json"]
)
async def test_a_body_of_another_type(acme: Org, media: str) -> None:
    headers = {"Content-Type": media} if media else {}
    async with unchanged(acme):
        for path, check in (("/api/v1/clients", problem), ("/graphql", error)):
            check(await acme.http.post(path, content=b"{}", headers=headers), 415, "UNSUPPORTED_MEDIA_TYPE")


NEEDED = [
    (case, name)
    for case in CREATED.values()
    for name, field in input_of(case.creates).fields.items()
    if is_required_input_field(field)
]


@pytest.mark.parametrize(("case", "missing"), NEEDED, ids=str)
async def test_a_missing_field_is_named(acme: Org, case: Case, missing: str) -> None:
    body = completed(case, case.creates, await furnish(acme, case), case.create)
    del body[missing]
    async with unchanged(acme):
        for name, route in BY_NAME.items():
            if CASE_OF[name] is case and route.makes and not route.public:
                found = problem(await acme.http.post(route.path, json=body), 400, "BAD_INPUT", f"body.{missing}")
                assert found["title"] == "Bad Request"
        error(await acme.graphql(document(case.creates), input=body), 200, "BAD_INPUT", f"input.{missing}")


@pytest.mark.parametrize(
    "literal",
    ["name: null", "tags: null", "status: null", "metadata: {a: 1}", 'name: ""', "tags: [null]", 'email: "x"'],
)
async def test_a_wrong_literal_is_refused(acme: Org, literal: str) -> None:
    client = await new_client(acme)
    text = f'mutation {{ updateClient(input: {{id: "{client["publicId"]}", {literal}}}) {{ client {{ id }} }} }}'
    async with unchanged(acme):
        answer = (await acme.graphql(text)).json()
        assert {each["extensions"]["code"] for each in answer["errors"]} <= {"BAD_INPUT", "GRAPHQL_VALIDATION_FAILED"}
        assert not any((answer.get("data") or {}).values())


# Of every list; what a domain's own parameters refuse is in its case.
WRONG_QUERIES = (
    ("limit=0", "limit"),
    ("limit=-1", "limit"),
    ("limit=101", "limit"),
    ("limit=1000000000", "limit"),
    ("limit=" + "9" * 5_000, "limit"),
    ("limit=abc", "limit"),
    ("limit=", "limit"),
    ("limit=1.0", "limit"),
    ("limit=%D9%A3", "limit"),
    ("page=0", "page"),
    ("page=-1", "page"),
    ("page=10001", "page"),
    ("page=501", "page"),
    ("unknown=1", "unknown"),
    ("limit=1&limit=2", "limit"),
    ("status[x]=ACTIVE", "status[x]"),
    ("ids=x", "ids"),
    ("ids=", "ids"),
    ("status=NO", "status"),
    ("status=", "status"),
    ("createdAfter=yesterday", "createdAfter"),
    ("createdAfter=2026-13-01T00:00:00Z", "createdAfter"),
    ("createdAfter=2026-01-01", "createdAfter"),
    ("sort=nothing", "sort"),
    ("sort=", "sort"),
    ("cursor=a&cursor=b", "cursor"),
)
QUERIES = [(name, *each) for name in LISTS for each in (*WRONG_QUERIES, *CASE_OF[name].wrong_queries)]


@pytest.mark.parametrize(("name", "query", "field"), QUERIES, ids=lambda value: value[:40])
async def test_a_wrong_parameter_is_named(acme: Org, name: str, query: str, field: str) -> None:
    problem(await acme.http.get(list_path(name, query)), 400, "BAD_INPUT", f"query.{field}")


@pytest.mark.parametrize("marks", [1_000, 60_000])
async def test_many_combining_marks_are_a_text_that_is_too_long(acme: Org, marks: int) -> None:
    """In the square of their number, sixty thousand took a minute in which nobody else was answered."""
    name = "a" + "\u0301" * marks + "\u0316" * marks
    answer = await acme.http.post("/api/v1/clients", json={"name": name, "email": "a@b.example"})
    problem(answer, 400, "BAD_INPUT", "body.name")
    assert (await acme.http.get("/api/v1/clients")).json()["data"] == []


async def test_parameters_of_a_single_resource_are_refused(acme: Org) -> None:
    client = await new_client(acme)
    path = f"/api/v1/clients/{client['publicId']}"
    async with unchanged(acme):
        for method in ("GET", "DELETE", "PUT"):
            body: dict[str, Any] = {"json": {}} if method == "PUT" else {}
            answer = await acme.http.request(method, path + "?force=1", **body)
            problem(answer, 400, "BAD_INPUT", "query.force")


async def test_headers_query_and_body_are_refused_together(acme: Org) -> None:
    client = (await new_client(acme))["publicId"]
    wrong = {"If-Match": "x", "Idempotency-Key": "x" * 256} | JSON
    headers = ("header.If-Match", "header.Idempotency-Key")
    body = {"name": "", "email": None, "x": 1, "tags": [""], "status": "NO"}
    expected = {"body.x", "body.name", "body.email", "body.tags.0", "body.status"}
    async with unchanged(acme):
        path = f"/api/v1/clients/{client}"
        answer = await acme.http.put(f"{path}?y=1", json=body, headers=wrong)
        found = [each["field"] for each in answer.json()["errors"]]
        problem(answer, 400, "BAD_INPUT", *headers, "query.y", "body.x", *found[4:])
        assert (set(found[3:]), len(found)) == (expected, 8)
        # What is no object has no fields that could be told.
        answer = await acme.http.put(f"{path}?y=1", content=b"{", headers=wrong)
        problem(answer, 400, "BAD_INPUT", *headers, "query.y", "body")
        problem(await acme.http.delete(f"{path}?y=1", headers=wrong), 400, "BAD_INPUT", *headers, "query.y")
        answer = await acme.http.put(f"{path}?y=1", content=b"{", headers=wrong | {"Content-Type": "text/plain"})
        problem(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
        many = "&".join(f"y{number}=1" for number in range(60))
        answer = await acme.http.put(f"{path}?{many}", json=body, headers=wrong)
        assert (
            len(problem(answer, 400, "BAD_INPUT", *(each["field"] for each in answer.json()["errors"]))["errors"]) == 50
        )


@pytest.mark.parametrize("argument", ["first", "last"])
@pytest.mark.parametrize("size", [0, -1, 101, 2**31 - 1])
async def test_a_page_of_a_wrong_size(acme: Org, argument: str, size: int) -> None:
    text = f"query($n: Int) {{ clients({argument}: $n) {{ totalCount }} }}"
    error(await acme.graphql(text, n=size), 200, "BAD_INPUT", argument)


@pytest.mark.parametrize("value", ["a%ff", "%ff", "a%", "a%zz", "%c3", "%c3%28", "%ed%a0%80", "a%ff,b", "a%2"])
async def test_a_query_that_is_badly_encoded(acme: Org, value: str) -> None:
    # Its bytes are sent as they are.
    for query in (f"search={value}", f"tag[]=b&tag[]={value}", f"limit={value}", f"sort={value}", f"status={value}"):
        name = query.partition("=")[0].removesuffix("[]")
        url = httpx.URL(str(acme.http.base_url)).copy_with(raw_path=f"/api/v1/clients?page=0&{query}".encode())
        details = problem(await acme.http.get(url), 400, "BAD_INPUT", f"query.{name}", "query.page")
        message = f"{name} must be percent-encoded UTF-8."
        assert details["errors"][0] == {"field": f"query.{name}", "code": "INVALID_FORMAT", "message": message}
    for name in ("query", "variables", "operationName", "extensions"):
        url = httpx.URL(str(acme.http.base_url)).copy_with(raw_path=f"/graphql?{name}={value}".encode())
        assert error(await acme.http.get(url), 400, "BAD_INPUT", name)["reason"] == "INVALID_FORMAT"
    named = httpx.URL(str(acme.http.base_url)).copy_with(raw_path=b"/api/v1/clients?a%ff=1")
    problem(await acme.http.get(named), 400, "BAD_INPUT", "query.a\ufffd")


async def test_a_query_that_is_encoded(acme: Org) -> None:
    await new_client(acme, name="Zoë 100%")
    for value in ("Zo%c3%ab", "Zo%C3%AB+100%25", "zo%c3%ab%20100"):
        answer = await acme.http.get(f"/api/v1/clients?search={value}")
        assert (answer.status_code, len(answer.json()["data"])) == (200, 1), answer.text
