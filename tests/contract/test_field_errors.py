"""What is wrong with a request: each value by a code of its own, all at once, in REST's words."""

import re
from functools import cache
from typing import Any

from graphql import GraphQLSchema
from graphql.utilities.validate_input_value import validate_input_value
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.typeid import encode, new_uuid
from resolvers.errors import CONFLICTS, REASONS, STATUS
from schema.declaration.input_values import wrong_values
from schema.graph import CORE
from tests.support.api import Org, new_client, new_order, new_service
from tests.support.furnished import completed, furnish, input_of
from tests.support.refusals import CREATE, unchanged
from tests.support.routes import (
    BY_NAME,
    CASE_OF,
    CHANGES,
    LISTS,
    as_body,
    list_path,
    rest_change,
    root_of,
    subject_of,
)

NEW = {"name": "Ada", "email": "ada@example.com"}


def _wrong(body: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    known = {"field", "code", "message"}
    return [
        (part["field"].partition(".")[2], part["code"], {key: part[key] for key in part if key not in known})
        for part in body["errors"]
    ]


async def test_the_graph_says_why_beside_the_code(acme: Org) -> None:
    async with unchanged(acme):
        wrong = {"name": "", "email": "x", "status": "GONE", "colour": 1}
        errors = (await acme.graphql(CREATE, input=wrong)).json()["errors"]
    reported = {error["extensions"]["field"]: error["extensions"] for error in errors}
    assert {field: (each["code"], each["reason"]) for field, each in reported.items()} == {
        "input.name": ("BAD_INPUT", "TOO_SHORT"),
        "input.email": ("BAD_INPUT", "INVALID_FORMAT"),
        "input.status": ("BAD_INPUT", "NOT_ONE_OF"),
        "input.colour": ("BAD_INPUT", "UNKNOWN_FIELD"),
    }
    assert reported["input.status"]["allowed"] == ["LEAD", "ACTIVE", "INACTIVE", "ARCHIVED"]


async def test_an_event_that_is_none_is_told_which_there_are(acme: Org) -> None:
    body = {"url": "https://93.184.216.34", "events": ["client.created", "client.renamed"]}
    answer = await acme.http.post("/api/v1/webhooks", json=body)
    [part] = answer.json()["errors"]
    assert (part["field"], part["code"]) == ("body.events.1", "NOT_ONE_OF")
    assert {"*", "client.created", "order.status_changed"} <= set(part["allowed"])


async def test_references_that_exist_but_may_not_be_used(acme: Org) -> None:
    client = await new_client(acme, status="ARCHIVED")
    service = await new_service(acme, status="DRAFT")
    body = {"clientId": client["publicId"], "serviceId": service["publicId"]}
    answer = await acme.http.post("/api/v1/orders", json=body)
    assert _wrong(answer.json()) == [("clientId", "NOT_ALLOWED", {}), ("serviceId", "NOT_ALLOWED", {})]


async def test_a_conflict_is_named_by_its_reason(acme: Org) -> None:
    await new_client(acme, **NEW)
    body = (await acme.http.post("/api/v1/clients", json=NEW)).json()
    assert (body["code"], body["reason"]) == ("CONFLICT", "EMAIL_TAKEN")
    assert _wrong(body) == [("email", "EMAIL_TAKEN", {})]
    order = await new_order(acme)
    path = f"/api/v1/orders/{order['publicId']}"
    moved = (await acme.http.put(path, json={"status": "COMPLETED"})).json()
    assert moved["allowed"] == ["SUBMITTED", "CANCELLED"]
    assert _wrong(moved) == [("status", "INVALID_TRANSITION", {"allowed": ["SUBMITTED", "CANCELLED"]})]
    cancelled = (await acme.http.put(path, json={"status": "CANCELLED", "colour": 1})).json()
    assert _wrong(cancelled) == [("colour", "UNKNOWN_FIELD", {})]
    cancelled = (await acme.http.put(path, json={"status": "CANCELLED"})).json()
    assert _wrong(cancelled) == [("statusReason", "REQUIRED", {})]


# What only the graph speaks of: its types, its arguments, how it says that a value is of another type.
_WORDS = {
    *(name for name in CORE.type_map if not re.fullmatch("Client|Service|Order|Message|JSON", name)),
    "input.", "Variable", "variable", "argument", "orderBy", "ID!", "scalar", "Expected", "non-null", "represent",
    "expectedVersion", "GraphQL", "CREATED_AT", "enum", "extensions", "selection", "mutation", "$",
}  # fmt: skip
QUERIES = [
    "limit=0", "limit=x", "limit=1&limit=2", "page=501", "page=0", "page=1&cursor=x", "cursor=x", "cursor=", "first=1",
    "orderBy=x", "status=GONE", "status=", "status=ACTIVE,", "tag=", "tag=%00", "search=!", "search=%00", "ids=x",
    "ids=", "email=%00", "createdAfter=yesterday", "createdAfter=2026-02-30T00:00:00Z", "createdAfter=", "sort=x",
    "sort=updatedAt,name,price,number,total,dueAt", "clientId=x", "totalMin=x", "totalMin=99999999999999999999",
    "number=99999999999", "number=1.0", "dueAfter=1", "filter=x", "tag=" + ",".join(map(str, range(101))),
]  # fmt: skip


# The words of the graph that these requests name their fields by.
SENT: list[list[str]] = [[], ["filter"], ["orderBy"], ["expectedVersion"]]
VALUES: list[Any] = [None, 1, 1.5, True, "x", [], {}, [[]], [None], {"a": 1}, 2**70, "\x00", "x" * 30_000]


@cache
def _graph_words(text: str) -> list[str]:
    # Most are not there at all, which is found sooner than where a word begins and ends.
    there = (word for word in _WORDS if word in text)
    return sorted(word for word in there if re.search(rf"(?<![\w.-]){re.escape(word)}(?!\w)", text))


async def test_no_word_of_the_graph_reaches_a_rest_answer(acme: Org) -> None:
    ids = await furnish(acme)
    texts = [await acme.http.get(list_path(name, query)) for name in LISTS for query in QUERIES]
    for name in CHANGES:
        route, case = BY_NAME[name], CASE_OF[name]
        subject = await subject_of(acme, route, ids)
        bodies = [
            as_body(route, completed(case, root_of(route), ids, wrong.given))
            for wrong in case.wrong.get(root_of(route), ())
        ]
        if route.method == "PUT" and case.creates:
            bodies += [dict(wrong.given) for wrong in case.wrong[case.creates]]
            bodies += [{field: value} for field in input_of(root_of(route)).fields for value in VALUES]
        texts += [await rest_change(acme, route, subject, body) for body in bodies]
    for content in (b"", b"{", b"[]", b"1", b"null", b'{"name": "\\ud800"}'):
        sent = {"Content-Type": "application/json"}
        texts.append(await acme.http.post("/api/v1/clients", content=content, headers=sent))
    for match in ("x", '"x"', '"9"', 'W/"9", "8"'):
        path = f"/api/v1/orders/{ids['order']}"
        texts.append(await acme.http.put(path, json={"notes": "n"}, headers={"If-Match": match}))
    refused = [answer.json() for answer in texts if answer.status_code >= 400]
    assert len(refused) > 400
    assert {answer.status_code for answer in texts} <= {200, 400, 404, 409, 412}
    codes = {part["code"] for body in refused for part in body["errors"]}
    assert codes <= {*REASONS, *STATUS, *CONFLICTS}
    assert codes >= {*REASONS} - {"NOT_FOUND", "INVALID"}
    for body in refused:
        for part in body["errors"]:
            head = part["field"].partition(".")[0]
            assert head in ("body", "query", "path", "header"), part
            assert _graph_words(part["message"]) == [], part
            assert _graph_words(part["field"].partition(".")[2]) in SENT, part
        assert _graph_words(body["detail"]) == [], body


async def test_every_wrong_parameter_is_named_at_once(acme: Org) -> None:
    answer = await acme.http.get("/api/v1/orders?colour=red&status=GONE&totalMin=x&limit=0&createdAfter=1")
    assert {part["field"]: part["code"] for part in answer.json()["errors"]} == {
        "query.colour": "UNKNOWN_PARAMETER",
        "query.status": "NOT_ONE_OF",
        "query.totalMin": "WRONG_TYPE",
        "query.limit": "OUT_OF_RANGE",
        "query.createdAfter": "INVALID_FORMAT",
    }
    one = await acme.http.get(f"/api/v1/orders/{encode('order', new_uuid())}?d=1&b=2&c=3&a=4")
    # In the order in which they were sent.
    assert [part["field"] for part in one.json()["errors"]] == [f"query.{name}" for name in "dbca"]


_INPUTS = sorted(name for name in CORE.type_map if name.endswith(("Input", "Filter")))
_NAMES = sorted({field for name in _INPUTS for field in getattr(CORE.type_map[name], "fields", {})})
_JSON: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False)
    | st.sampled_from(["", "x", "ACTIVE", "CREATED_AT", "DESC", "EUR", "2026-01-01T00:00:00Z"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(_INPUTS), _JSON)
def test_values_are_judged_as_graphql_core_judges_them(name: str, value: Any) -> None:
    graph: GraphQLSchema = CORE
    type_: Any = graph.type_map[name]
    theirs: list[Any] = []
    validate_input_value(value, type_, lambda error, path: theirs.append(path), hide_suggestions=True)
    assert len(list(wrong_values(type_, value, "input"))) == len(theirs)


async def test_a_body_of_nothing_but_unknown_fields_is_cheap_to_refuse_and_paid_for(acme: Org) -> None:
    answer = await acme.http.post("/api/v1/clients", json={f"k{number}": 1 for number in range(5_000)})
    found = answer.json()["errors"]
    assert (answer.status_code, len(found) <= 60, {each["code"] for each in found} >= {"UNKNOWN_FIELD"}) == (
        400,
        True,
        True,
    )
    assert len(answer.content) < 10_000
    left = int(answer.headers["RateLimit"].partition("r=")[2].partition(";")[0])
    assert left < int(answer.headers["RateLimit-Policy"].partition("q=")[2].partition(";")[0])
    assert await acme.count("clients") == 0


async def test_of_what_is_no_list_nothing_within_is_named(acme: Org) -> None:
    client = (await new_client(acme))["publicId"]
    async with unchanged(acme):
        for path, name, beside in (
            ("invoices", "lines", {"clientId": client}),
            ("forms", "fields", {"name": "Contact"}),
            ("agents/definitions", "tools", {"name": "x", "model": "test", "instructions": "x"}),
        ):
            answer = await acme.http.post(f"/api/v1/{path}", json=beside | {name: {}})
            assert answer.status_code == 400, answer.text
            assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [
                (f"body.{name}", "WRONG_TYPE")
            ]
