"""Conditional requests, and which requests one Idempotency-Key holds together."""

import asyncio
from typing import Any

import pytest

from tests.support.api import Org, new_client, new_order, new_service
from tests.support.openapi import openapi
from tests.support.refusals import problem, unchanged


@pytest.fixture
async def third(acme: Org) -> str:
    """The path of a client of version 3."""
    client = await new_client(acme)
    path = f"/api/v1/clients/{client['publicId']}"
    await acme.http.put(path, json={"company": "a"})
    answer = await acme.http.put(path, json={"company": "b"})
    assert answer.headers["etag"] == '"3"'
    return path


@pytest.mark.parametrize(
    "match", ['"3"', "3", 'W/"3"', '"2", "3"', '"3","2"', 'W/"1", W/"3"', '"x,y", "3"', '"9" , "3"', '"1",, "3",', "*"]
)
async def test_if_match_with_the_version_changes(acme: Org, third: str, match: str) -> None:
    answer = await acme.http.put(third, json={"company": "c"}, headers={"If-Match": match})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"4"'), answer.text
    deleted = await acme.http.delete(third, headers={"If-Match": match.replace("3", "4")})
    assert deleted.status_code == 204, deleted.text


@pytest.mark.parametrize(
    "match", ['"2"', 'W/"2"', '"1", "2"', '"x"', '""', '"33"', '"03"', '"03x"', '"' + "9" * 30 + '"', "7"]
)
async def test_if_match_without_the_version_is_refused(acme: Org, third: str, match: str) -> None:
    async with unchanged(acme):
        for method, body in (("PUT", {"company": "c"}), ("PATCH", {}), ("DELETE", None)):
            answer = await acme.http.request(method, third, json=body, headers={"If-Match": match})
            details = problem(answer, 412, "VERSION_MISMATCH", "header.If-Match")
            assert details["currentVersion"] == 3
            assert details["detail"] == "The current version of the client is 3; the request expects another one."


@pytest.mark.parametrize("match", ["", "x", '"1', 'w/"1"', '"1" "2"', '*, "1"', "-1", '"a b"'])
async def test_if_match_that_is_no_list_of_etags(acme: Org, third: str, match: str) -> None:
    async with unchanged(acme):
        answer = await acme.http.put(third, json={"company": "c"}, headers={"If-Match": match})
        details = problem(answer, 400, "BAD_INPUT", "header.If-Match")
        assert details["errors"][0]["code"] == "INVALID_FORMAT"


async def test_if_match_in_several_lines(acme: Org, third: str) -> None:
    lines = [("If-Match", '"1"'), ("If-Match", '"3"')]
    assert (await acme.http.put(third, json={"company": "c"}, headers=lines)).status_code == 200


async def test_a_list_of_versions_is_one_request_for_its_key(acme: Org, third: str) -> None:
    headers = {"If-Match": '"2", "3"', "Idempotency-Key": "one"}
    first = await acme.http.put(third, json={"company": "c"}, headers=headers)
    async with unchanged(acme):
        again = await acme.http.put(third, json={"company": "c"}, headers=headers)
        assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json())
        assert again.headers["idempotent-replayed"] == "true"
        other = await acme.http.put(third, json={"company": "c"}, headers=headers | {"If-Match": '"1", "3"'})
        problem(other, 422, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize(
    ("match", "status"),
    [
        ('"3"', 304),
        ('W/"3"', 304),
        ('"1", "3"', 304),
        ("*", 304),
        ('"33"', 200),
        ('"2", "1"', 200),
        ("", 200),
        ("3", 200),
    ],
)
async def test_if_none_match(acme: Org, third: str, match: str, status: int) -> None:
    for method in ("GET", "HEAD"):
        answer = await acme.http.request(method, third, headers={"If-None-Match": match})
        assert (answer.status_code, answer.headers["etag"]) == (status, '"3"')
        assert (answer.content == b"") == (status == 304 or method == "HEAD")


async def test_the_same_key_on_another_route_is_another_key(acme: Org) -> None:
    headers = {"Idempotency-Key": "one"}
    client = {"name": "Ada", "email": "ada@example.com"}
    service = {"name": "Logo", "price": 100, "status": "ACTIVE"}

    async def ask(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return await acme.http.request(method, path, json=body, headers=headers)

    made = [await ask("POST", "/api/v1/clients", client), await ask("POST", "/api/v1/services", service)]
    assert [answer.status_code for answer in made] == [201, 201]
    ids = [answer.json()["data"]["publicId"] for answer in made]
    order = await ask("POST", "/api/v1/orders", {"clientId": ids[0], "serviceId": ids[1]})
    changed = await ask("PUT", f"/api/v1/clients/{ids[0]}", {"company": "ACME"})
    assert (order.status_code, changed.status_code) == (201, 200)
    assert all("idempotent-replayed" not in answer.headers for answer in (*made, order, changed))
    async with unchanged(acme):
        again = await ask("POST", "/api/v1/clients", client)
        assert (again.json(), again.headers["idempotent-replayed"]) == (made[0].json(), "true")
        # PATCH is the same operation as PUT, and another object is another request of it.
        patched = await ask("PATCH", f"/api/v1/clients/{ids[0]}", {"company": "ACME"})
        assert (patched.json(), patched.headers["idempotent-replayed"]) == (changed.json(), "true")
        problem(await ask("PUT", f"/api/v1/clients/{client['email']}", {}), 422, "IDEMPOTENCY_KEY_REUSED")


async def test_the_same_key_with_another_operation_of_the_graph(acme: Org) -> None:
    create = "mutation($i: CreateClientInput!) { made: createClient(input: $i) { client { id } } }"
    service = "mutation($i: CreateServiceInput!) { made: createService(input: $i) { service { id } } }"
    headers = {"Idempotency-Key": "one"}
    first = await acme.graphql(create, headers, i={"name": "Ada", "email": "ada@example.com"})
    other = await acme.graphql(service, headers, i={"name": "Logo", "price": 1})
    assert "errors" not in other.json(), other.text
    assert "idempotent-replayed" not in other.headers
    again = await acme.graphql(create, headers, i={"name": "Ada", "email": "ada@example.com"})
    assert (again.json()["data"], again.headers["idempotent-replayed"]) == (first.json()["data"], "true")


async def test_keys_of_two_routes_do_not_wait_for_one_another(acme: Org) -> None:
    headers = {"Idempotency-Key": "one"}
    order, service = await new_order(acme), await new_service(acme)
    asked = [
        acme.http.post("/api/v1/clients", json={"name": "x", "email": "x@example.com"}, headers=headers),
        acme.http.post("/api/v1/services", json={"name": "x", "price": 1}, headers=headers),
        acme.http.put(f"/api/v1/orders/{order['publicId']}", json={"notes": "n"}, headers=headers),
        acme.http.put(f"/api/v1/services/{service['publicId']}", json={"name": "n"}, headers=headers),
        acme.http.delete(f"/api/v1/clients/{(await new_client(acme))['publicId']}", headers=headers),
    ]
    answers = await asyncio.gather(*asked)
    assert [answer.status_code for answer in answers] == [201, 201, 200, 200, 204]


async def test_a_refusal_says_what_is_left_where_its_cost_was_taken(acme: Org, third: str) -> None:
    paid = [
        await acme.http.get("/api/v1/clients/client_01kaxq7v1ge2srcjh15cmt4fdk"),
        await acme.http.put(third, json={"company": "c"}, headers={"If-Match": '"1"'}),
        await acme.http.post("/api/v1/clients", json={}),
        await acme.http.get("/api/v1/clients?limit=0"),
        await acme.http.post("/api/v1/clients", json={"colour": "red"}),
        await acme.http.post("/api/v1/clients", content=b"{", headers={"Content-Type": "application/json"}),
    ]
    unpaid = [
        await acme.http.get("/api/v1/clients", headers={"Authorization": "Bearer sk_live_x"}),
        await acme.http.post("/api/v1/clients", content=b"x", headers={"Content-Type": "text/plain"}),
    ]
    assert [(each.status_code, "ratelimit" in each.headers, "ratelimit-policy" in each.headers) for each in paid] == [
        (404, True, True), (412, True, True), *[(400, True, True)] * 4
    ]  # fmt: skip
    assert [(each.status_code, "ratelimit" in each.headers) for each in unpaid] == [
        (401, False), (415, False)
    ]  # fmt: skip
    said = openapi()["paths"]["/api/v1/clients/{publicId}"]["put"]["responses"]
    assert {status for status, answer in said.items() if "RateLimit" not in answer["headers"]} == {
        *("401", "408", "413", "415", "500")
    }
    assert {status for status, answer in said.items() if "Retry-After" in answer["headers"]} == {"409", "429", "503"}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_a_change_of_what_must_not_be_there_is_refused(acme: Org, third: str, method: str) -> None:
    body = None if method == "DELETE" else {"company": "c"}
    async with unchanged(acme):
        answer = await acme.http.request(method, third, json=body, headers={"If-None-Match": "*"})
        details = problem(answer, 412, "VERSION_MISMATCH")
        assert details["detail"] == "If-None-Match: * requires that the object does not exist."
    # ETags in it count on GET alone.
    answer = await acme.http.request(method, third, json=body, headers={"If-None-Match": '"3"'})
    assert answer.status_code in (200, 204)
