"""What the graph says of wrong variables and literals: which one, where in the document, which field, and why."""

from typing import Any

import pytest
from graphql import GraphQLInputObjectType, ValuesOfCorrectTypeRule, parse, validate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.declaration.inputs import MAX_PROBLEMS, fits
from schema.graph import CORE
from schema.operations import OPERATIONS
from schema.requests import variables
from schema.requests.literals import LiteralsRule
from tests.support.api import Org, new_order
from tests.support.refusals import no_foreign_words, unchanged

TWO = """mutation ($a: CreateClientInput!, $b: CreateClientInput!) {
  one: createClient(input: $a) { client { id } }
  two: createClient(input: $b) { client { id } }
}"""
GOOD = {"name": "x", "email": "x@example.com"}


async def shown(org: Org, text: str, **variables: Any) -> list[dict[str, Any]]:
    """The errors of a document that changes nothing, without what differs from request to request."""
    async with unchanged(org):
        answer = await org.graphql(text, **variables)
    no_foreign_words(answer)
    errors: list[dict[str, Any]] = answer.json()["errors"]
    assert "data" not in answer.json()
    for error in errors:
        assert error["extensions"].pop("requestId") == answer.headers["x-request-id"]
        assert error["extensions"].pop("status") == 400
    return errors


async def test_a_wrong_value_names_its_variable_and_its_field(acme: Org) -> None:
    errors = await shown(acme, TWO, a=GOOD, b={"name": 3, "email": "b@example.com", "tags": ["x", 1], "colour": "red"})
    reported = [(error["message"], error["extensions"]["field"], error["extensions"]["reason"]) for error in errors]
    assert reported == [
        ("Variable '$b' has invalid value at .name: It must be a string.", "input.name", "WRONG_TYPE"),
        ("Variable '$b' has invalid value at .tags.1: It must be a string.", "input.tags.1", "WRONG_TYPE"),
        ("Variable '$b' has invalid value at .colour: There is no such field.", "input.colour", "UNKNOWN_FIELD"),
    ]
    for error in errors:
        assert error["path"] == ["two"]
        assert error["locations"] == [{"line": 1, "column": 35}]
        assert (error["extensions"]["code"], error["extensions"]["variable"]) == ("BAD_INPUT", "b")


@pytest.mark.parametrize(
    ("given", "message", "reason"),
    [
        ({}, "Variable '$b' has invalid value: It is required.", "REQUIRED"),
        ({"b": None}, "Variable '$b' has invalid value: It must not be null.", "REQUIRED"),
        ({"b": 5}, "Variable '$b' has invalid value: It must be an object.", "WRONG_TYPE"),
        ({"b": [GOOD]}, "Variable '$b' has invalid value: It must be an object.", "WRONG_TYPE"),
    ],
)
async def test_a_variable_that_is_wrong_as_a_whole_is_named(
    acme: Org, given: dict[str, Any], message: str, reason: str
) -> None:
    [error] = await shown(acme, TWO, a=GOOD, **given)
    assert (error["message"], error["path"]) == (message, ["two"])
    assert error["extensions"] == {"code": "BAD_INPUT", "field": "input", "reason": reason, "variable": "b"}


@pytest.mark.parametrize(
    ("text", "path", "field"),
    [
        ('query ($n: Int) { client(id: "x") { mine: orders(first: $n) { totalCount } } }', ["client", "mine"], "first"),
        ('fragment F on Client { orders(first: $n) { totalCount } } query ($n: Int) { c: client(id: "x") { ...F } }',
         ["c", "orders"], "first"),
        ("query ($n: Int) { clients { nodes { orders(first: $n) { totalCount } } } }", ["clients", "nodes"], "first"),
        ("query ($n: String) { orders(filter: {and: [{search: $n}]}) { totalCount } }", ["orders"],
         "filter.and.0.search"),
        ("query ($n: Boolean!) { health { status @include(if: $n) } }", ["health", "status"], "n"),
        ("query ($n: Boolean!) { ... @skip(if: $n) { health { status } } }", None, "n"),
        ("query ($n: Boolean! = true) { health { status @include(if: $n) } }", ["health", "status"], "n"),
    ],
)  # fmt: skip
async def test_a_variable_leads_to_the_field_that_takes_it(
    acme: Org, text: str, path: list[str] | None, field: str
) -> None:
    [error] = await shown(acme, text, n=[[1]])
    assert (error.get("path"), error["extensions"]["field"]) == (path, field)
    assert error["message"].startswith("Variable '$n' has invalid value")
    assert error["extensions"]["variable"] == "n"


async def test_a_condition_of_another_type_is_refused_by_a_known_document_too(acme: Org) -> None:
    text = "query ($n: Boolean!) { health { status @include(if: $n) } }"
    for known in (True, False):
        assert await acme.data(text, n=known) == {"health": {"status": "ok"} if known else {}}
    for value in ([], [[True]], {}, {"a": 1}, "true", 1, None):
        [error] = await shown(acme, text, n=value)
        assert error["extensions"]["variable"] == "n"


async def test_too_many_values_name_their_variable(acme: Org) -> None:
    [error] = await shown(acme, TWO, a=GOOD, b=GOOD | {"tags": ["x"] * 7_000})
    assert error["message"] == "Variable '$b' has invalid value: It holds more than 6500 values in all."
    assert (error["path"], error["extensions"]["field"]) == (["two"], "input")


def test_no_more_values_are_held_against_their_bounds_than_problems_are_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held: list[Any] = []

    def counted(*given: Any) -> Any:
        held.append(given)
        return fits(*given)

    monkeypatch.setattr(variables, "fits", counted)
    line = {"description": "x" * 10_000, "quantity": "1", "unitPrice": 1}
    operation = OPERATIONS["CreateInvoice"]
    for extra, most in (({}, MAX_PROBLEMS), ({"unitPrice": "x", "quantity": []}, 0)):
        given = {"input": {"clientId": "x", "lines": [line | extra] * 1_000}}
        found = variables.wrong_variables(CORE, operation, given)
        assert (len(found), len(held) <= 4 * most) == (MAX_PROBLEMS, True)
        held.clear()


NEW = 'createClient(input: {name: "a", email: "a@example.com", %s}) { client { id } }'
LITERALS: list[tuple[str, str, int, str, str]] = [
    # A document, what stands at the error's place, its line, its field, its reason.
    ('{ orders(filter: {dueAt: {gt: "yesterday"}}) { totalCount } }', '"yesterday"', 1, "filter.dueAt.gt",
     "INVALID_FORMAT"),
    ("{ orders(filter: {createdAt: {lt: 2026}}) { totalCount } }", "2026", 1, "filter.createdAt.lt", "INVALID_FORMAT"),
    ("{ orders(filter: {total: {gt: 1.5}}) { totalCount } }", "1.5", 1, "filter.total.gt", "WRONG_TYPE"),
    ("{ orders(filter: {total: {gt: 99999999999999999999}}) { totalCount } }", "9999", 1, "filter.total.gt",
     "OUT_OF_RANGE"),
    ("{ orders(filter: {total: {gt: 1e300}}) { totalCount } }", "1e300", 1, "filter.total.gt", "OUT_OF_RANGE"),
    ("mutation {\n  createService(input: {name: \"x\", price: 1,\n    currency: \"eur\"}) { service { id } } }",
     '"eur"', 3, "input.currency", "INVALID_FORMAT"),
    ("mutation { " + NEW % "metadata: [1]" + " }", "[1]", 1, "input.metadata", "WRONG_TYPE"),
    ("mutation { " + NEW % 'metadata: "x"' + " }", '"x"', 1, "input.metadata", "WRONG_TYPE"),
    ("mutation { " + NEW % "status: GONE" + " }", "GONE", 1, "input.status", "NOT_ONE_OF"),
    ("mutation { " + NEW % 'status: "LEAD"' + " }", '"LEAD"', 1, "input.status", "NOT_ONE_OF"),
    ("mutation { " + NEW % "tags: [1]" + " }", "1]", 1, "input.tags.0", "WRONG_TYPE"),
    ("mutation { " + NEW % "colour: red" + " }", "colour", 1, "input.colour", "UNKNOWN_FIELD"),
    ("mutation { updateClient(input: {id: null}) { client { id } } }", "null", 1, "input.id", "REQUIRED"),
    ("mutation { createClient(input: null) { client { id } } }", "null", 1, "input", "REQUIRED"),
    ('mutation { createClient(input: {name: "x"}) { client { id } } }', '{name: "x"}', 1, "input.email", "REQUIRED"),
    ("{ order(id: 5.5) { id } }", "5.5", 1, "id", "WRONG_TYPE"),
    ("{ order(id: true) { id } }", "true", 1, "id", "WRONG_TYPE"),
    ('{ orders(first: "x") { totalCount } }', '"x"', 1, "first", "WRONG_TYPE"),
    ("{ orders(first: 1.0) { totalCount } }", "1.0", 1, "first", "WRONG_TYPE"),
    ("{ orders(first: {a: 1}) { totalCount } }", "{a: 1}", 1, "first", "WRONG_TYPE"),
    ("query ($n: Int) { orders(first: {a: $n}) { totalCount } }", "{a: $n}", 1, "first", "WRONG_TYPE"),
    ("{ orders(first: 99999999999) { totalCount } }", "99999999999", 1, "first", "OUT_OF_RANGE"),
    ("{ orders(filter: 5) { totalCount } }", "5", 1, "filter", "WRONG_TYPE"),
    ("{ orders(filter: {and: [5]}) { totalCount } }", "5", 1, "filter.and.0", "WRONG_TYPE"),
    ("{ orders(orderBy: [null]) { totalCount } }", "null", 1, "orderBy.0", "REQUIRED"),
    ("{ orders(orderBy: {direction: ASC}) { totalCount } }", "{direction: ASC}", 1, "orderBy.field", "REQUIRED"),
    ('{ health { status @include(if: "x") } }', '"x"', 1, "if", "WRONG_TYPE"),
    ("{ health { status @include(if: null) } }", "null", 1, "if", "REQUIRED"),
    ('query ($t: DateTime = "x") { orders(filter: {dueAt: {gt: $t}}) { totalCount } }', '"x"', 1, "t",
     "INVALID_FORMAT"),
    ("query ($n: Int! = null) { orders(first: $n) { totalCount } }", "null", 1, "n", "REQUIRED"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "at", "line", "field", "reason"), LITERALS, ids=lambda value: str(value)[:60])
async def test_a_wrong_literal_has_its_place_and_its_field(
    acme: Org, text: str, at: str, line: int, field: str, reason: str
) -> None:
    [error] = await shown(acme, text, **({"n": 1} if "$n: Int)" in text else {}))
    reported = error["extensions"]
    assert (reported["code"], reported["field"], reported["reason"]) == ("GRAPHQL_VALIDATION_FAILED", field, reason)
    [place] = error["locations"]
    assert place["line"] == line
    assert text.split("\n")[line - 1][place["column"] - 1 :].startswith(at)
    head, *within = field.split(".", 1)
    path = f" at .{within[0]}" if within else ""
    words = (
        f"Variable '${head}' has invalid default value" if text.startswith(("query ($t", "query ($n: Int!"))
        else f"Argument '{head}' has invalid value"
    )  # fmt: skip
    assert error["message"].startswith(f"{words}{path}: ")


async def test_what_is_wrong_with_literals_is_told_all_at_once_with_what_helps(acme: Org) -> None:
    wrong = "mutation { createClient(input: {name: 1, email: null, status: NO, tags: [1, null]}) { client { id } } }"
    errors = await shown(acme, wrong)
    reported = {error["extensions"]["field"]: error["extensions"] for error in errors}
    assert {field: each["reason"] for field, each in reported.items()} == {
        "input.name": "WRONG_TYPE",
        "input.email": "REQUIRED",
        "input.status": "NOT_ONE_OF",
        "input.tags.0": "WRONG_TYPE",
        "input.tags.1": "REQUIRED",
    }
    assert reported["input.status"]["allowed"] == ["LEAD", "ACTIVE", "INACTIVE", "ARCHIVED"]
    [unknown] = await shown(acme, "mutation { " + NEW % 'nam: "x"' + " }")
    # In development names are suggested.
    assert (
        unknown["message"] == "Argument 'input' has invalid value at .nam: There is no such field. Did you mean 'name'?"
    )


async def test_variables_stand_in_literals_of_json(acme: Org) -> None:
    form = """mutation ($id: ID!, $n: %s) {
      updateOrder(input: {id: $id, formData: {a: $n, list: [$n, 1], deep: {b: $n}}}) { order { formData } } }"""
    order = (await new_order(acme))["publicId"]
    whole = await acme.data(form % "Int", id=order, n=7)
    assert whole["updateOrder"]["order"]["formData"] == {"a": 7, "list": [7, 1], "deep": {"b": 7}}
    # One that is not given leaves out its field, and is null in a list.
    absent = await acme.data(form % "Int", id=order)
    assert absent["updateOrder"]["order"]["formData"] == {"list": [None, 1], "deep": {}}
    for value, within, reason in (("x" * 66_000, "", "TOO_LONG"), ("\0", ".a", "INVALID_FORMAT")):
        [error] = await shown(acme, form % "String", id=order, n=value)
        assert error["message"].startswith(f"Argument 'input' has invalid value at .formData{within}: It must")
        assert (error["path"], error["extensions"]["field"]) == (["updateOrder"], f"input.formData{within}")
        assert (error["extensions"]["code"], error["extensions"]["reason"]) == ("BAD_INPUT", reason)
        assert error["locations"] == [{"line": 2, "column": 46}]
    [error] = await shown(acme, "query ($n: String) { orders(filter: {dueAt: {gt: [$n]}}) { totalCount } }", n="x")
    assert (error["extensions"]["field"], error["path"]) == ("filter.dueAt.gt", ["orders"])


_INPUTS = sorted(name for name, type_ in CORE.type_map.items() if isinstance(type_, GraphQLInputObjectType))
_NAMES = sorted({field for name in _INPUTS for field in getattr(CORE.type_map[name], "fields", {})})
_LITERAL: Any = st.recursive(
    st.sampled_from(
        ["null", "1", "-5", "1.5", "99999999999", "true", '""', '"x"', "ACTIVE", "CREATED_AT", "GONE", '"EUR"']
    ),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(st.sampled_from([*_NAMES, "nope"]), inner, max_size=4).map(
            lambda parts: "{" + ", ".join(f"{name}: {part}" for name, part in parts.items()) + "}"
        )
    ),
    max_leaves=8,
)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([*_INPUTS, "Int", "String", "ID", "Boolean"]), _LITERAL)
def test_literals_are_judged_as_graphql_core_judges_them(name: str, literal: str) -> None:
    # Any input type can be that of a variable, whose default is a literal.
    text = f"query ($x: {name} = {literal}) {{ __typename }}"
    theirs = validate(CORE, parse(text), [ValuesOfCorrectTypeRule])
    ours = validate(CORE, parse(text), [LiteralsRule])
    assert [bool(error.locations) for error in ours] == [True] * len(theirs)
    reported = [error.extensions or {} for error in ours]
    assert all(each["field"].split(".")[0] == "x" and each["reason"] for each in reported)
