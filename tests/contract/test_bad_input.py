"""What is no request: bodies, types, parameters, cursors and inputs that are wrong, over both doors."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from models.typeid import encode, new_uuid
from resolvers.cursors import encode_cursor
from tests.support.api import Org, new_client, new_order, new_service
from tests.support.refusals import CREATE, error, problem, unchanged

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


NEW = {"name": "Ada", "email": "ada@example.com"}


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"x": 1}, ["x"]),
        ({"id": "client_x"}, ["id"]),
        ({"expectedVersion": 1}, ["expectedVersion"]),
        ({"createdAt": "2026-01-01T00:00:00Z"}, ["createdAt"]),
        ({"__proto__": {}}, ["__proto__"]),
        ({"name": 5}, ["name"]),
        ({"name": None}, ["name"]),
        ({"name": ["Ada"]}, ["name"]),
        ({"name": ""}, ["name"]),
        ({"name": "\x00"}, ["name"]),
        ({"name": "x" * 201}, ["name"]),
        ({"email": "ada"}, ["email"]),
        ({"email": "x" * 250 + "@example.com"}, ["email"]),
        ({"status": "GONE"}, ["status"]),
        ({"status": 1}, ["status"]),
        ({"tags": [None]}, ["tags.0"]),
        ({"tags": ["a", ""]}, ["tags.1"]),
        ({"tags": [str(n) for n in range(21)]}, ["tags"]),
        ({"metadata": []}, ["metadata"]),
        ({"metadata": {"a": 1}}, ["metadata"]),
        ({"metadata": {"a": "x" * 501}}, ["metadata"]),
        ({"notes": "x" * 5_001}, ["notes"]),
        ({"phone": "\u0007"}, ["phone"]),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_wrong_field_is_named(acme: Org, change: dict[str, Any], fields: list[str]) -> None:
    async with unchanged(acme):
        body = NEW | change
        places = [f"body.{name}" for name in fields]
        problem(await acme.http.post("/api/v1/clients", json=body), 400, "BAD_INPUT", *places)
        if fields != ["createdAt"]:
            error(await acme.graphql(CREATE, input=body), 200, "BAD_INPUT")


@pytest.mark.parametrize("missing", ["name", "email"])
async def test_a_missing_field_is_named(acme: Org, missing: str) -> None:
    body = {name: value for name, value in NEW.items() if name != missing}
    async with unchanged(acme):
        found = problem(await acme.http.post("/api/v1/clients", json=body), 400, "BAD_INPUT", f"body.{missing}")
        assert found["title"] == "Bad Request"
        error(await acme.graphql(CREATE, input=body), 200, "BAD_INPUT", f"input.{missing}")


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


@pytest.mark.parametrize("field", ["clientId", "serviceId"])
async def test_an_id_in_a_body_that_leads_nowhere(acme: Org, other: Org, field: str) -> None:
    ids = {"clientId": (await new_client(acme))["publicId"], "serviceId": (await new_service(acme))["publicId"]}
    theirs = (await new_client(other) if field == "clientId" else await new_service(other))["publicId"]
    swapped = ids["serviceId" if field == "clientId" else "clientId"]
    text = "mutation($input: CreateOrderInput!) { createOrder(input: $input) { order { id } } }"
    async with unchanged(acme):
        for wrong in (theirs, swapped, encode(field[:-2], new_uuid()), "x", "", "\x00"):
            body = ids | {field: wrong}
            problem(await acme.http.post("/api/v1/orders", json=body), 400, "BAD_INPUT", f"body.{field}")
            error(await acme.graphql(text, input=body), 200, "BAD_INPUT", f"input.{field}")


@pytest.mark.parametrize("kind", ["client", "service", "order"])
async def test_an_id_in_a_path_that_leads_nowhere(acme: Org, kind: str) -> None:
    async with unchanged(acme):
        for wrong in (encode(kind, new_uuid()), encode("apikey", new_uuid()), "x", "%00", "%F0%9F%98%80", "x" * 5_000):
            for method in ("GET", "PUT", "PATCH", "DELETE"):
                body: dict[str, Any] = {"json": {"tags": []}} if method in ("PUT", "PATCH") else {}
                answer = await acme.http.request(method, f"/api/v1/{kind}s/{wrong}", **body)
                problem(answer, 404, "NOT_FOUND", "path.publicId")


@pytest.mark.parametrize(
    ("query", "field"),
    [
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
        ("email=a%40example.com&email=b%40example.com", "email"),
        ("email[]=a%40example.com", "email[]"),
        ("status[x]=ACTIVE", "status[x]"),
        ("ids=x", "ids"),
        ("ids=", "ids"),
        ("tag=", "tag"),
        ("tag=a,", "tag"),
        ("tag=" + ",".join(map(str, range(101))), "tag"),
        ("status=NO", "status"),
        ("status=", "status"),
        ("status=ACTIVE,", "status"),
        ("createdAfter=yesterday", "createdAfter"),
        ("createdAfter=2026-13-01T00:00:00Z", "createdAfter"),
        ("createdAfter=2026-01-01", "createdAfter"),
        ("sort=nothing", "sort"),
        ("sort=", "sort"),
        ("sort=--name", "sort"),
        ("sort=name,,", "sort"),
        ("cursor=garbage&page=2", "page"),
        ("cursor=a&cursor=b", "cursor"),
        ("sort=updatedAt,name,price", "sort"),
        ("tag=%00", "tag"),
        ("email=%00", "email"),
    ],
)
async def test_a_wrong_parameter_is_named(acme: Org, query: str, field: str) -> None:
    problem(await acme.http.get(f"/api/v1/clients?{query}"), 400, "BAD_INPUT", f"query.{field}")


async def test_parameters_of_a_single_resource_are_refused(acme: Org) -> None:
    client = await new_client(acme)
    path = f"/api/v1/clients/{client['publicId']}"
    async with unchanged(acme):
        for method in ("GET", "DELETE", "PUT"):
            body: dict[str, Any] = {"json": {}} if method == "PUT" else {}
            answer = await acme.http.request(method, path + "?force=1", **body)
            problem(answer, 400, "BAD_INPUT", "query.force")


async def test_a_cursor_of_another_list_or_none(acme: Org) -> None:
    await new_order(acme)
    await new_client(acme)
    page = (await acme.http.get("/api/v1/clients?limit=1")).json()
    good = page["pagination"]["nextCursor"]
    assert (await acme.http.get(f"/api/v1/clients?cursor={good}")).status_code == 200
    by_number = "-NUMBER,-id"
    forged = [encode_cursor("orders", by_number, [2**64 - 1, new_uuid()]), encode_cursor("orders", by_number, [1])]
    forged += [encode_cursor("orders", by_number, [key, new_uuid()]) for key in (-(2**63), "x", None, True, 2**63)]
    for cursor in ("garbage", "", good[:-1], good + "A", "=" * 10, "\u00e9", good.swapcase(), "x" * 5_000):
        problem(
            await acme.http.get("/api/v1/clients", params={"cursor": cursor}), 400, "INVALID_CURSOR", "query.cursor"
        )
        for argument in ("after", "before"):
            text = f"query($c: String) {{ clients({argument}: $c) {{ nodes {{ id }} }} }}"
            error(await acme.graphql(text, c=cursor), 200, "INVALID_CURSOR", argument)
    for path in ("/api/v1/orders", "/api/v1/services", "/api/v1/clients?sort=name"):
        joint = "&" if "?" in path else "?"
        problem(await acme.http.get(f"{path}{joint}cursor={good}"), 400, "INVALID_CURSOR", "query.cursor")
    for cursor in forged:
        answer = await acme.http.get("/api/v1/orders", params={"sort": "-number", "cursor": cursor})
        assert answer.status_code in (200, 400), answer.text
    times = encode_cursor("clients", "-UPDATED_AT,-id", [2**63, new_uuid()])
    answer = await acme.http.get("/api/v1/clients", params={"sort": "-updatedAt", "cursor": times})
    problem(answer, 400, "INVALID_CURSOR", "query.cursor")
    names = encode_cursor("clients", "NAME,id", ["a\x00b", new_uuid()])
    answer = await acme.http.get("/api/v1/clients", params={"sort": "name", "cursor": names})
    problem(answer, 400, "INVALID_CURSOR", "query.cursor")


async def test_the_first_page_beside_a_cursor_is_the_cursors(acme: Org) -> None:
    for _ in range(3):
        await new_client(acme)
    first = (await acme.http.get("/api/v1/clients?limit=1")).json()["pagination"]["nextCursor"]
    alone = await acme.http.get(f"/api/v1/clients?limit=1&cursor={first}")
    beside = await acme.http.get(f"/api/v1/clients?limit=1&cursor={first}&page=1")
    assert (beside.status_code, beside.json()) == (200, alone.json())
    assert set(beside.json()["pagination"]) == {"limit", "hasMore", "nextCursor"}
    for page, code in (("2", "NOT_ALLOWED"), ("0", "OUT_OF_RANGE"), ("x", "WRONG_TYPE"), ("1&page=1", "REPEATED")):
        answer = await acme.http.get(f"/api/v1/clients?cursor={first}&page={page}")
        told = problem(answer, 400, "BAD_INPUT", "query.page")
        assert [each["code"] for each in told["errors"]] == [code]


@pytest.mark.parametrize("argument", ["first", "last"])
@pytest.mark.parametrize("size", [0, -1, 101, 2**31 - 1])
async def test_a_page_of_a_wrong_size(acme: Org, argument: str, size: int) -> None:
    text = f"query($n: Int) {{ clients({argument}: $n) {{ totalCount }} }}"
    error(await acme.graphql(text, n=size), 200, "BAD_INPUT", argument)
