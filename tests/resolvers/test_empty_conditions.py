"""What a filter's part means that holds no condition, and what a search without a word, or a very long one, does."""

from random import Random
from typing import Any

import pytest

from resolvers.lists.filters import MAX_TEXT
from tests.support.api import Org, new_client, new_order
from tests.support.openapi import openapi
from tests.support.refusals import error, problem, unchanged

COUNT = "query ($f: ClientFilter) { clients(filter: $f) { totalCount nodes { name } } }"


@pytest.fixture
async def filled(acme: Org) -> Org:
    """Ada has two orders, Bob has one, Cy and Di have none."""
    for name, status, orders in (("Ada", "ACTIVE", 2), ("Bob", "LEAD", 1), ("Cy", "ACTIVE", 0), ("Di", "LEAD", 0)):
        client = await new_client(acme, name=name, status=status, tags=[name])
        for _ in range(orders):
            await new_order(acme, client["publicId"])
    return acme


async def names(org: Org, filter_: Any) -> str:
    """The initials of the clients that a filter finds."""
    found = (await org.data(COUNT, f=filter_))["clients"]
    assert found["totalCount"] == len(found["nodes"])
    return "".join(sorted(node["name"][0] for node in found["nodes"]))


ACTIVE: dict[str, Any] = {"status": {"eq": "ACTIVE"}}
UNSET: dict[str, Any] = {"status": {"eq": None}}
# Each says nothing, so it is as absent.
NOTHING: list[dict[str, Any]] = [
    {},
    {"status": None},
    {"status": {}},
    UNSET,
    {"status": {"in": None}},
    {"createdAt": {"gt": None, "lt": None}},
    {"not": None},
    {"not": {}},
    {"not": {"status": None}},
    {"not": UNSET},
    {"not": {"not": {}}},
    {"not": {"and": []}},
    {"not": {"and": [{}, UNSET]}},
    {"not": {"search": None}},
    {"not": {"search": " "}},
    {"not": {"orders": None}},
    {"not": {"orders": {}}},
    {"not": {"orders": {"some": None}}},
    {"and": []},
    {"and": [{}]},
    {"and": [UNSET, {"not": {}}]},
    {"or": [{}]},
    {"or": [{"and": []}, {"tags": {}}]},
    {"or": [UNSET]},
    {"or": [{}, {"status": None}, {"not": UNSET}, {"or": [{}]}]},
    {"orders": {}},
    {"orders": {"some": None, "none": None}},
    {"search": "-"},
]


@pytest.mark.parametrize("nothing", NOTHING, ids=str)
async def test_what_holds_no_condition_is_as_absent(filled: Org, nothing: dict[str, Any]) -> None:
    assert await names(filled, nothing) == "ABCD"
    # Beside a condition, in either logic and below a not, it changes nothing.
    assert await names(filled, {"and": [nothing, ACTIVE]}) == "AC"
    assert await names(filled, {"or": [nothing, ACTIVE]}) == "AC"
    if _depth(nothing) < 2:  # a filter is nested so deep at most
        assert await names(filled, {"not": {"and": [nothing, ACTIVE]}}) == "BD"
        assert await names(filled, {"not": {"or": [ACTIVE, nothing]}}) == "BD"
    assert await names(filled, {**nothing, **ACTIVE}) == "AC"
    # As a literal, and with the variable that was not set.
    literal = "{ clients(filter: %s) { totalCount } }" % _written(nothing)  # noqa: UP031 - braces of GraphQL
    assert (await filled.data(literal))["clients"]["totalCount"] == 4


def _depth(filter_: dict[str, Any]) -> int:
    parts = [
        part if isinstance(part, list) else [part] for name, part in filter_.items() if name in ("and", "or", "not")
    ]
    return max((1 + _depth(each) for part in parts for each in part if each is not None), default=0)


def _written(value: Any) -> str:
    """A value as a literal of GraphQL."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_written(part)}" for name, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    return "null" if value is None else f'"{value}"'


@pytest.mark.parametrize("inner", [{}, {"status": None}, {"not": {}}, {"or": [{}]}, {"client": {}}, {"search": ""}])
async def test_some_and_none_of_nothing_ask_whether_there_is_a_row(filled: Org, inner: dict[str, Any]) -> None:
    assert await names(filled, {"orders": {"some": inner}}) == "AB"
    assert await names(filled, {"orders": {"none": inner}}) == "CD"
    assert await names(filled, {"not": {"orders": {"some": inner}}}) == "CD"
    assert await names(filled, {"or": [{"orders": {"some": inner}}, ACTIVE]}) == "ABC"
    assert await names(filled, {"orders": {"some": inner, "none": inner}}) == ""


async def test_a_branch_whose_variables_are_not_set_is_left_out(filled: Org) -> None:
    text = """query ($status: ClientStatus, $name: String, $not: ClientStatus) {
      clients(filter: {or: [{status: {eq: $status}}, {name: {eq: $name}}], not: {status: {eq: $not}}}) {
        nodes { name } } }"""
    for variables, expected in (
        ({}, "ABCD"),
        ({"status": None, "name": None, "not": None}, "ABCD"),
        ({"status": "ACTIVE"}, "AC"),
        ({"name": "di"}, "D"),
        ({"status": "ACTIVE", "name": "di"}, "ACD"),
        ({"not": "ACTIVE"}, "BD"),
        ({"name": "ada", "not": "LEAD"}, "A"),
    ):
        found = (await filled.data(text, **variables))["clients"]["nodes"]
        assert "".join(sorted(node["name"][0] for node in found)) == expected, variables


async def test_a_related_row_without_a_condition_is_as_absent(filled: Org) -> None:
    count = "query ($f: OrderFilter) { orders(filter: $f) { totalCount } }"
    for filter_, expected in (
        ({"client": {}}, 3),
        ({"client": UNSET}, 3),
        ({"not": {"client": UNSET}}, 3),
        ({"client": {"not": {"name": {"eq": None}}}}, 3),
        ({"client": ACTIVE}, 2),
        ({"not": {"client": ACTIVE}}, 1),
        ({"messages": {"none": {}}}, 3),
        ({"messages": {"some": {"visibility": None}}}, 0),
    ):
        assert (await filled.data(count, f=filter_))["orders"]["totalCount"] == expected, filter_


async def test_an_empty_list_of_values_or_alternatives_is_a_condition(filled: Org) -> None:
    for filter_, found in (
        ({"or": []}, ""),
        ({"or": [], **ACTIVE}, ""),
        ({"not": {"or": []}}, "ABCD"),
        ({"or": [{"or": []}, ACTIVE]}, "AC"),
        ({"or": [{"or": []}, {}]}, ""),
        ({"orders": {"none": {"or": []}}}, "ABCD"),
    ):
        assert await names(filled, filter_) == found, filter_
    for field, values in (("status", "in"), ("id", "in"), ("tags", "hasAny")):
        assert await names(filled, {field: {values: []}}) == ""
        assert await names(filled, {"not": {field: {values: []}}}) == "ABCD"


def _random(chance: Random, depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name in chance.sample(["and", "or", "not", "status", "name", "orders", "search"], chance.choice([0, 1, 1, 2])):
        if name in ("and", "or") and depth:
            made[name] = [_random(chance, depth - 1) for _ in range(chance.choice([0, 1, 2]))]
        elif name == "not" and depth:
            made[name] = _random(chance, depth - 1)
        elif name in ("status", "name"):
            value = {"status": "LEAD", "name": "ada"}[name]
            made[name] = chance.choice([None, {}, {"eq": None}, {"eq": value}])
        elif name == "search":
            made[name] = chance.choice([None, "", "-", "b"])
        elif name == "orders":
            made[name] = chance.choice([None, {}, {"some": None}, {"some": {}}, {"none": {"status": None}}])
    return made


def _pruned(filter_: dict[str, Any]) -> dict[str, Any]:
    """The same filter without what holds no condition."""
    made: dict[str, Any] = {}
    for name, part in filter_.items():
        if name in ("and", "or"):
            kept: Any = [inner for each in part if (inner := _pruned(each))]
            if name == "or" and not part:
                made[name] = []
        elif name == "not":
            kept = _pruned(part)
        elif name == "search":
            kept = part if part == "b" else None
        elif name == "orders":
            kept = {how: {} for how, inner in (part or {}).items() if inner is not None}
        else:
            kept = {op: value for op, value in (part or {}).items() if value is not None}
        if kept:
            made[name] = kept
    return made


async def test_filters_at_random_find_what_they_find_without_their_empty_parts(filled: Org) -> None:
    chance, emptied = Random("conditions"), 0
    for _ in range(150):
        filter_ = _random(chance, 2)
        emptied += filter_ != _pruned(filter_)
        assert await names(filled, filter_) == await names(filled, _pruned(filter_)), filter_
    assert emptied > 50


@pytest.mark.parametrize("text", ["", " ", "-", "\t\n", "!?", "\x00", "\u2014", "_", "-" * MAX_TEXT])
async def test_a_search_without_a_word_is_as_absent_in_the_graph_and_refused_by_rest(filled: Org, text: str) -> None:
    for name in ("clients", "services", "orders"):
        asked = f"query($s: String) {{ {name}(filter: {{search: $s}}) {{ totalCount nodes {{ id }} }} }}"
        everything = await filled.data(f"{{ {name} {{ totalCount nodes {{ id }} }} }}")
        assert await filled.data(asked, s=text) == everything
        answer = await filled.http.get(f"/api/v1/{name}", params={"search": text})
        found = problem(answer, 400, "BAD_INPUT", "query.search")["errors"][0]
        assert (found["code"], found["message"]) == ("INVALID_FORMAT", "search must hold a letter or a digit.")


async def test_a_search_is_bounded(filled: Org) -> None:
    assert await names(filled, {"search": "bo " + "x" * (MAX_TEXT - 3)}) == ""
    assert await names(filled, {"search": "bo" + " " * (MAX_TEXT - 2)}) == "B"
    for length in (MAX_TEXT + 1, 200_000):
        deep = {"and": [{}, {"search": "x" * length}]}
        for filter_, field in (({"search": " " * length}, "filter.search"), (deep, "filter.and.1.search")):
            async with unchanged(filled):
                extensions = error(await filled.graphql(COUNT, f=filter_), 200, "BAD_INPUT", field)
            assert (extensions["reason"], extensions["limit"]) == ("TOO_LONG", MAX_TEXT)


async def test_every_text_of_a_filter_is_bounded(filled: Org) -> None:
    long = "x" * (MAX_TEXT + 1)
    for filter_, field in (
        ({"name": {"eq": long}}, "filter.name.eq"),
        ({"name": {"in": ["a", long]}}, "filter.name.in"),
        ({"email": {"startsWith": long}}, "filter.email.startsWith"),
        ({"tags": {"has": long}}, "filter.tags.has"),
        ({"or": [{"tags": {"hasAny": [long]}}]}, "filter.or.0.tags.hasAny"),
        ({"id": {"eq": long}}, "filter.id.eq"),
        ({"not": {"orders": {"some": {"client": {"name": {"eq": long}}}}}}, "filter.not.orders.some.client.name.eq"),
    ):
        extensions = error(await filled.graphql(COUNT, f=filter_), 200, "BAD_INPUT", field)
        assert (extensions["reason"], extensions["limit"]) == ("TOO_LONG", MAX_TEXT)
        shorter = {"name": {"eq": long[1:]}}
        assert await names(filled, shorter) == ""


@pytest.mark.parametrize("parameter", ["search", "email", "tag"])
async def test_texts_of_parameters_are_bounded_as_the_document_says(filled: Org, parameter: str) -> None:
    for path in ("clients", "services", "orders"):
        shown = {each["name"]: each["schema"] for each in openapi()["paths"][f"/api/v1/{path}"]["get"]["parameters"]}
        if parameter not in shown:
            continue
        schema = shown[parameter].get("items", shown[parameter])
        assert schema["maxLength"] == MAX_TEXT
        answer = await filled.http.get(f"/api/v1/{path}", params={parameter: "x" * MAX_TEXT})
        assert (answer.status_code, answer.json()["data"]) == (200, [])
        answer = await filled.http.get(f"/api/v1/{path}", params={parameter: "x" * (MAX_TEXT + 1)})
        [part] = problem(answer, 400, "BAD_INPUT", f"query.{parameter}")["errors"]
        assert (part["code"], part["limit"]) == ("TOO_LONG", MAX_TEXT)
        assert part["message"] == f"{parameter} must have at most {MAX_TEXT} characters."
