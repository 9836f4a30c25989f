"""What is no well-formed GraphQL request, over POST and GET in both media types."""

import json
from typing import Any

import pytest

from tests.support.api import Org
from tests.support.refusals import CREATE, error, unchanged

MEDIA = ("application/json", "application/graphql-response+json")
LIST = "{ clients { totalCount } }"
WRONG: dict[str, list[Any]] = {
    "query": [None, 1, 1.5, True, ["x"], {"a": 1}],
    "variables": [1, "x", "{}", True, [], [{}]],
    "operationName": [1, True, [], {}],
    "extensions": [1, "x", True, [], ["x"]],
}
IDS: list[Any] = [
    1, True, ["x"], {}, "", "a b", "md5:x", "x" * 201, "sha256:", "sha256:0", f"sha256:{'A' * 64}",
]  # fmt: skip
MALFORMED: list[tuple[dict[str, Any], str]] = [
    *(({"query": LIST, name: value}, name) for name, values in WRONG.items() for value in values),
    ({}, "query"),
    ({"queryy": LIST}, "query"),
    ({"query": 1, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "x"}}}, "query"),
    ({"extensions": [], "documentId": "x"}, "extensions"),
    ({"query": 1, "documentId": "x"}, "query"),
    *(({"documentId": value}, "documentId") for value in IDS),
    ({"extensions": {"persistedQuery": [1]}}, "extensions.persistedQuery"),
    ({"extensions": {"persistedQuery": {"sha256Hash": "0" * 64}}}, "extensions.persistedQuery.version"),
    ({"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "0" * 64}}}, "extensions.persistedQuery.version"),
    ({"extensions": {"persistedQuery": {"version": 1}}}, "extensions.persistedQuery.sha256Hash"),
    ({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "x"}}}, "extensions.persistedQuery.sha256Hash"),
]
# Another text's, as a client has it that hashed what it did not send.
ZEROS = "0" * 64
OTHERS: list[tuple[dict[str, Any], str, str]] = [
    *(
        ({"documentId": given}, "DOCUMENT_HASH_MISMATCH", "documentId")
        for given in (f"sha256:{ZEROS}", ZEROS, "A" * 64)
    ),
    (
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": ZEROS}}},
        "PERSISTED_QUERY_HASH_MISMATCH",
        "extensions.persistedQuery.sha256Hash",
    ),
]


@pytest.mark.parametrize(("body", "field"), MALFORMED, ids=str)
async def test_a_malformed_request_is_400_in_both_media_types(acme: Org, body: dict[str, Any], field: str) -> None:
    async with unchanged(acme):
        for media in MEDIA:
            answer = await acme.http.post("/graphql", json=body, headers={"Accept": media})
            error(answer, 400, "BAD_INPUT", field)
            assert (answer.headers["content-type"], answer.json().keys()) == (media, {"errors"})


@pytest.mark.parametrize(("named", "code", "field"), OTHERS, ids=str)
async def test_a_hash_of_another_text_is_400_and_runs_neither(
    acme: Org, named: dict[str, Any], code: str, field: str
) -> None:
    body = {"query": CREATE, "variables": {"input": {"name": "Ada", "email": "ada@example.com"}}} | named
    async with unchanged(acme):
        for media in MEDIA:
            answer = await acme.http.post("/graphql", json=body, headers={"Accept": media})
            error(answer, 400, code, field)
            assert (answer.headers["content-type"], answer.json().keys()) == (media, {"errors"})
            asked = {name: part if isinstance(part, str) else json.dumps(part) for name, part in named.items()}
            answer = await acme.http.get("/graphql", params={"query": LIST} | asked, headers={"Accept": media})
            error(answer, 400, code, field)
        # The text is not found by the hash afterwards.
        assert "data" not in (await acme.http.post("/graphql", json=named)).json()


@pytest.mark.parametrize("requests", [[], [{"query": LIST}], [{"query": LIST}, {"query": LIST}], [1]], ids=str)
async def test_an_array_of_requests_is_refused_by_the_word_for_it(acme: Org, requests: list[Any]) -> None:
    async with unchanged(acme):
        for media in MEDIA:
            answer = await acme.http.post("/graphql", json=requests, headers={"Accept": media})
            error(answer, 400, "BAD_INPUT", "body")
            (found,) = answer.json()["errors"]
            assert (
                found["message"] == "Batching is not supported: send one operation in a request, not an array of them."
            )
            assert (found["extensions"]["reason"], answer.json().keys()) == ("WRONG_TYPE", {"errors"})


@pytest.mark.parametrize("name", ["variables", "extensions"])
@pytest.mark.parametrize("text", ["{", "1", "[]", '"x"', "", "true"])
async def test_a_malformed_parameter_is_400_in_both_media_types(acme: Org, name: str, text: str) -> None:
    for media in MEDIA:
        answer = await acme.http.get("/graphql", params={"query": LIST, name: text}, headers={"Accept": media})
        error(answer, 400, "BAD_INPUT", name)
    error(await acme.http.get("/graphql", params={"operationName": "x"}), 400, "BAD_INPUT", "query")


@pytest.mark.parametrize("name", ["query", "variables", "operationName", "extensions", "documentId"])
async def test_a_parameter_that_is_given_twice_is_named(acme: Org, name: str) -> None:
    values = {"query": LIST, "variables": "{}", "operationName": "A", "extensions": "{}", "documentId": "x"}
    given = (("query", LIST), (name, values[name]), *(() if name == "query" else ((name, values[name]),)))
    for media in MEDIA:
        answer = await acme.http.get("/graphql", params=given, headers={"Accept": media})
        error(answer, 400, "BAD_INPUT", name)
        assert answer.json()["errors"][0]["extensions"]["reason"] == "REPEATED"
    # What is not ours may be there as often as it likes.
    answer = await acme.http.get("/graphql", params=[("query", LIST), ("utm", "a"), ("utm", "b")])
    assert answer.json()["data"] == {"clients": {"totalCount": 0}}


@pytest.mark.parametrize("accept", ["*/*", "application/graphql-response+json", "text/html"])
@pytest.mark.parametrize(
    "parameters",
    [
        {"query": LIST},
        {"query": "{"},
        {"query": "{ nothing }"},
        {"query": "mutation { deleteClient(input: {id: 1}) { deletedId } }"},
        {"variables": "{"},
        {},
    ],
    ids=str,
)
async def test_head_answers_as_get_does_without_a_body(acme: Org, parameters: dict[str, str], accept: str) -> None:
    headers = {"Accept": accept, "X-Request-Id": "same"}
    got = await acme.http.get("/graphql", params=parameters, headers=headers)
    head = await acme.http.head("/graphql", params=parameters, headers=headers)
    assert (head.status_code, head.content) == (got.status_code, b"")
    shown = [
        {name: value for name, value in answer.headers.items() if name not in ("date", "ratelimit")}
        for answer in (got, head)
    ]
    assert shown[0] == shown[1]


async def test_what_may_be_null_or_is_not_ours_is_no_mistake(acme: Org) -> None:
    given = {"query": LIST, "variables": None, "operationName": None, "extensions": None, "batch": True}
    for media in MEDIA:
        assert (await acme.http.post("/graphql", json=given, headers={"Accept": media})).json()["data"] is not None
    parameters = {"query": LIST, "variables": "null", "extensions": '{"a": 1}', "operationName": ""}
    assert (await acme.http.get("/graphql", params=parameters)).json()["data"] is not None


async def test_well_formed_requests_in_error_are_200_in_json_alone(acme: Org) -> None:
    wrong: list[tuple[dict[str, str], str]] = [
        ({"query": ""}, "BAD_INPUT"),
        ({"query": " "}, "BAD_INPUT"),
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": LIST, "operationName": "x"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query($n: Int!) { clients(first: $n) { totalCount } }"}, "BAD_INPUT"),
    ]
    for body, code in wrong:
        for media, status in zip(MEDIA, (200, 400), strict=True):
            answer = await acme.http.post("/graphql", json=body, headers={"Accept": media})
            error(answer, status, code)


@pytest.mark.parametrize(
    "text",
    ["query", "{ clients() { totalCount } }", "query () { clients { totalCount } }", "{ clients(filter: ) { } }"],
)
async def test_what_is_empty_and_may_not_be_is_an_error_of_syntax(acme: Org, text: str) -> None:
    async with unchanged(acme):
        for media, status in zip(MEDIA, (200, 400), strict=True):
            for answer in (
                await acme.http.post("/graphql", json={"query": text}, headers={"Accept": media}),
                await acme.http.get("/graphql", params={"query": text}, headers={"Accept": media}),
            ):
                error(answer, status, "GRAPHQL_PARSE_FAILED")
                assert "data" not in answer.json()
                assert answer.json()["errors"][0]["locations"]
