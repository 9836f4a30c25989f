"""Subscriptions over server-sent events: what is heard, from where, and what is refused."""

from typing import Any

from models.typeid import encode
from tests.support.api import Org, new_client, new_order
from tests.support.live import following, only_result, refused
from tests.support.refusals import CREATE, unchanged

TYPED = "application/graphql-response+json"
EVENTS = "subscription($types: [String!], $after: ID) { events(types: $types, after: $after) { id type resourceId } }"


async def test_events_are_heard_with_their_ids(acme: Org, other: Org) -> None:
    async with following(acme, EVENTS) as stream:
        assert stream.response.headers["content-type"] == "text/event-stream; charset=utf-8"
        await new_client(other)
        client = await new_client(acme)
        sent = await stream.next()
    (row,) = await acme.rows("select id from events")
    assert sent.event == "next"
    event = sent.data["data"]["events"]
    assert (event["type"], event["resourceId"]) == ("client.created", client["publicId"])
    assert sent.id == encode("event", row["id"]) == event["id"] == sent.data["extensions"]["event"]["id"]


async def test_types_are_heard_alone(acme: Org) -> None:
    async with following(acme, EVENTS, types=["order.created"]) as stream:
        order = await new_order(acme)
        assert (await stream.result())["events"]["resourceId"] == order["publicId"]


async def test_a_change_says_that_it_was_tried_or_repeats_another(acme: Org) -> None:
    asked, only = {"input": {"name": "Ada", "email": "ada@example.com"}}, {"Accept": "text/event-stream"}
    async with unchanged(acme):
        answer = await acme.graphql(CREATE, only | {"Dry-Run": "true"}, **asked)
    assert (answer.headers["content-type"], answer.headers["dry-run"]) == ("text/event-stream; charset=utf-8", "true")
    for replayed in (None, "true"):
        answer = await acme.graphql(CREATE, only | {"Idempotency-Key": "1"}, **asked)
        assert answer.headers.get("idempotent-replayed") == replayed
        assert "dry-run" not in answer.headers
    assert await acme.count("clients") == 1


async def test_what_is_refused_is_told_in_a_stream_where_nothing_else_is_accepted(acme: Org) -> None:
    only, both = "text/event-stream", "text/event-stream, application/json"
    text, unknown = EVENTS.replace("resourceId", "colour"), {"documentId": "x-none"}
    for body, code, status in [
        ({"query": text}, "GRAPHQL_VALIDATION_FAILED", 400),
        ({"query": "subscription {"}, "GRAPHQL_PARSE_FAILED", 400),
        (unknown, "DOCUMENT_NOT_FOUND", 404),
    ]:
        answer = await acme.http.post("/graphql", json=body, headers={"Accept": only})
        (error,) = only_result(answer)["errors"]
        assert (answer.status_code, error["extensions"]["code"], error["extensions"]["status"]) == (200, code, status)
        assert "ratelimit" in answer.headers
        for accepted, media in ((both, "application/json"), (f"{both}, {TYPED}", TYPED)):
            answer = await acme.http.post("/graphql", json=body, headers={"Accept": accepted})
            assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (status, code)
            assert answer.headers["content-type"].partition(";")[0] == media


async def test_a_hash_of_another_text_is_an_error_within_a_stream_where_nothing_else_is_accepted(acme: Org) -> None:
    only, both = "text/event-stream", "text/event-stream, application/json"
    hashed = {"version": 1, "sha256Hash": "0" * 64}
    cases: list[tuple[dict[str, Any], str]] = [
        ({"documentId": "0" * 64}, "DOCUMENT_HASH_MISMATCH"),
        ({"extensions": {"persistedQuery": hashed}}, "PERSISTED_QUERY_HASH_MISMATCH"),
    ]
    for named, code in cases:
        answer = await acme.http.post("/graphql", json={"query": EVENTS} | named, headers={"Accept": only})
        (error,) = only_result(answer)["errors"]
        assert (answer.status_code, error["extensions"]["code"], error["extensions"]["status"]) == (200, code, 400)
        answer = await acme.http.post("/graphql", json={"query": EVENTS} | named, headers={"Accept": both})
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, code)


async def test_who_is_refused_and_what_is_no_request_have_their_status(acme: Org) -> None:
    only = {"Accept": "text/event-stream"}
    answer = await acme.http.post("/graphql", json={"query": EVENTS}, headers=only | {"Authorization": "Bearer x"})
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")
    answer = await acme.http.post("/graphql", json={"query": 1}, headers=only)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_INPUT")
    answer = await acme.http.post("/graphql", content="x", headers=only)
    assert answer.status_code == 415


async def test_an_unknown_type_is_refused(acme: Org) -> None:
    assert await refused(acme, EVENTS, types=["order.created", "x"]) == [200, ("BAD_INPUT", "types.1")]
