"""Every message of a library that a caller can reach: none speaks the language that the server is written in."""

import re
from typing import Any

import pytest
from graphql import parse, validate

from models.typeid import decode
from schema.graph import CORE
from schema.requests.engine import Engine
from tests.support.api import Org, new_order

FRAGMENT = "fragment F on Order { id }"
# For each rule of validation documents that it refuses.
REFUSED: dict[str, list[str]] = {
    "ExecutableDefinitionsRule": ["{ __typename } type A { b: Int }", "{ __typename } schema { query: Query }",
                                  "{ __typename } extend schema { subscription: A }"],
    # The graph has all three types of operations.
    "KnownOperationTypesRule": [],
    "UniqueOperationNamesRule": ["query A { __typename } mutation A { __typename }"],
    "LoneAnonymousOperationRule": ["{ __typename } query A { __typename }"],
    "SingleFieldSubscriptionsRule": [],
    "KnownTypeNamesRule": ["query ($a: Nope) { __typename }", "{ ... on Nope { id } }", "{ ... on clent { id } }"],
    "FragmentsOnCompositeTypesRule": ["{ ... on Int { id } }", "{ ...F } fragment F on ClientFilter { id }"],
    "VariablesAreInputTypesRule": ["query ($a: [Order!]!) { __typename }"],
    "ScalarLeafsRule": ["{ orders }", '{ order(id: "x") { id { x } } }', "{ orders {totalCount { x } } }"],
    "FieldsOnCorrectTypeRule": ["{ nope }", "{ ordrs { id } }", '{ node(id: "x") { number } }'],
    "UniqueFragmentNamesRule": [f"{{ ...F }} {FRAGMENT} {FRAGMENT}"],
    "KnownFragmentNamesRule": ["{ ...F }"],
    "NoUnusedFragmentsRule": [f"{{ __typename }} {FRAGMENT}"],
    "PossibleFragmentSpreadsRule": [f"{{ ...F }} {FRAGMENT}", "{ ... on Order { id } }"],
    "NoFragmentCyclesRule": ["{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }",
                             "{ ...F } fragment F on Query { ...F }"],
    "UniqueVariableNamesRule": ["query ($a: Int, $a: Int) { orders(first: $a) { totalCount } }"],
    "NoUndefinedVariablesRule": ["{ orders(first: $a) { totalCount } }",
                                 "query A { ...F } fragment F on Query { orders(first: $a) { totalCount } }"],
    "NoUnusedVariablesRule": ["query ($a: Int) { __typename }", "query A($a: Int) { __typename }"],
    "KnownDirectivesRule": ["{ __typename @nope }", "query @skip(if: true) { __typename }",
                            "{ __typename @deprecated }"],
    "UniqueDirectivesPerLocationRule": ["{ __typename @skip(if: true) @skip(if: false) }"],
    "DeferStreamDirectiveOnRootField": [],
    "DeferStreamDirectiveOnValidOperationsRule": [],
    "DeferStreamDirectiveLabel": [],
    "StreamDirectiveOnListField": [],
    "KnownArgumentNamesRule": ["{ orders(frst: 1) { totalCount } }", "{ __typename @skip(if: true, unless: false) }"],
    "UniqueArgumentNamesRule": ["{ orders(first: 1, first: 2) { totalCount } }"],
    "LiteralsRule": [
        *(f"{{ orders(first: {value}) {{ totalCount }} }}" for value in ("true", "1.5", '"x"', "X", "[1]", "{a: 1}",
                                                                       "2147483648", "-1e400")),
        *(f"{{ order(id: {value}) {{ id }} }}" for value in ("null", "true", "1.5", "X", "[null]", "{a: null}")),
        *(f"{{ orders(filter: {{{part}}}) {{ totalCount }} }}" for part in (
            "nope: true", "and: [null]", "and: 5", "status: {in: [null, true]}", 'status: {eq: "x"}',
            "dueAt: {gt: true}", "dueAt: {gt: [null]}", 'dueAt: {gt: "0000-00-00T00:00:00Z"}', "total: {gt: {a: true}}",
            "dueAt: {isNull: 1}", "total: {gt: 1e400}", "tags: {hasAny: [{}]}", "search: false")),
        "query ($a: ClientFilter = {and: [null, 5], nope: None}) { clients(filter: $a) { totalCount } }",
        "mutation { createClient(input: {name: null, email: true, metadata: true, tags: null}) { client { id } } }",
        "mutation { createService(input: {name: {}, price: {}, currency: null}) { service { id } } }",
        'mutation { createService(input: {name: "x", price: 1, currency: "EU R"}) { service { id } } }',
        "{ __typename @skip(if: null) }",
        "{ __typename @skip(if: None) }",
    ],
    "ProvidedRequiredArgumentsRule": ["{ order { id } }", "{ __typename @skip }", "{ nodes { id } }"],
    "VariablesRule": ["query ($a: Int) { orders(first: 1, filter: {dueAt: {gt: $a}}) { totalCount } }",
                                       "query ($a: ID) { order(id: $a) { id } }",
                                       "query ($a: [Int]) { orders(first: $a) { totalCount } }"],
    "FieldsCanBeMergedRule": ['{ a: order(id: "x") { id } a: orders { totalCount } }',
                              "{ orders(first: 1) { totalCount } orders(first: null) { totalCount } }",
                              '{ order(id: "x") { a: id client { id } } order(id: "x") { client { id: name } } }'],
    "UniqueInputFieldNamesRule": ['{ orders(filter: {search: "a", search: "b"}) { totalCount } }'],
    "MaxIntrospectionDepthRule": [
        "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }"],
    "NoSchemaIntrospectionCustomRule": ["{ __schema { queryType { name } } }", '{ __type(name: "Order") { name } }'],
}  # fmt: skip
# What is no document at all.
MALFORMED = [
    "{", "}", "{ a(b: \"\n\") }", "{ a\x07 }", '{ a(b: "\\q") }', '{ a(b: "\\u{110000}") }', '{ a(b: "\\uD800") }',
    "{ a(b: 01) }", "{ a(b: 1x) }", "{ a(b: 1.) }", "{ a(b: 1e) }", "{ a(b: -) }", "{ a(b: {c: true false}) }",
    "query A", "query ($a) { b }", "query ($a: Int = $b) { c }", "fragment on on Order { id }", "{ ... on }",
    "{ a(: 1) }",
    "{ a(b: ...) }", "{ a(b: None, c: nul }", "None", "true { a }", "{ a } extend", '"""', "{ a: }", "{ a(b: [1, }",
    "\N{ZERO WIDTH SPACE}{ a }", "{ a(b: $) }", "{ a(b: \u201cx\u201d) }", "{ é }", "type", "{ a @ }",
    "{ a(b: \"\ud83d\ude00\\ud83d\") }".encode("utf-16", "surrogatepass").decode("utf-16"),
]  # fmt: skip
_FOREIGN = re.compile(
    r"\b(None|True|False|Undefined|NoneType|dict|tuple|str|int|frozenset|bytes|coroutine|Traceback|Strawberry\w*"
    r"|Input should be)\b|0x[0-9a-f]|object at|<(?!EOF>)|Error\("
)


def says_nothing_foreign(errors: list[dict[str, Any]], written: str = "") -> None:
    """The errors' messages say nothing in Python, but what the caller wrote."""
    assert errors
    for error in errors:
        foreign = _FOREIGN.search(error["message"])
        assert foreign is None or foreign[0] in written, error


@pytest.fixture(scope="module")
def rules() -> dict[str, Any]:
    """Every rule by which documents are validated, by its name."""
    return {rule.__name__: rule for rule in Engine(introspection=False).executor.documents.rules}


def test_the_rules_are_all_that_documents_are_validated_by(rules: dict[str, Any]) -> None:
    assert set(REFUSED) == set(rules)
    # The graph has neither @defer nor @stream.
    assert not {directive.name for directive in CORE.directives} & {"defer", "stream"}


@pytest.mark.parametrize("rule", [name for name, texts in REFUSED.items() if texts])
async def test_a_document_that_is_not_valid_is_told_so_in_words_of_graphql(
    acme: Org, rules: dict[str, Any], rule: str
) -> None:
    for text in REFUSED[rule]:
        found = validate(CORE, parse(text), [rules[rule]])
        assert found, text
        says_nothing_foreign([{"message": error.message} for error in found], text)
        assert all(error.locations for error in found), text
        # Introspection is on in development, and an operation must be named.
        answer = (await acme.graphql(text)).json()
        if rule != "NoSchemaIntrospectionCustomRule":
            says_nothing_foreign(answer["errors"], text)


@pytest.mark.parametrize("text", MALFORMED, ids=lambda text: ascii(text)[:40])
async def test_what_is_no_document_is_told_so_in_words_of_graphql(acme: Org, text: str) -> None:
    answer = await acme.graphql(text)
    assert {error["extensions"]["code"] for error in answer.json()["errors"]} <= {
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
    }
    says_nothing_foreign(answer.json()["errors"], text)


_LISTED = "query ($v: %s) { orders(filter: {%s}) { totalCount } }"
_CHANGED = "mutation ($v: %s) { %s }"
# A document for each type that a variable may have.
USES = [
    "query ($v: Int) { orders(first: $v) { totalCount } }",
    "query ($v: Int!) { orders(first: $v) { totalCount } }",
    "query ($v: ID!) { order(id: $v) { id } }",
    "query ($v: [ID!]!) { nodes(ids: $v) { id } }",
    "query ($v: Boolean!) { __typename @skip(if: $v) }",
    "query ($v: Boolean! = true) { health { status @skip(if: $v) } }",
    "query ($v: Boolean = true) { health { status @skip(if: $v) } }",
    "query ($v: OrderFilter) { orders(filter: $v) { totalCount } }",
    "query ($v: [OrderOrder!]) { orders(orderBy: $v) { totalCount } }",
    _LISTED % ("String", "search: $v"),
    _LISTED % ("DateTime", "dueAt: {gt: $v}"),
    _LISTED % ("MinorUnits", "total: {gt: $v}"),
    _LISTED % ("OrderStatus", "status: {eq: $v}"),
    _LISTED % ("[OrderStatus!]", "status: {in: $v}"),
    _LISTED % ("[String!]", "tags: {hasAny: $v}"),
    _CHANGED % ("CreateClientInput!", "createClient(input: $v) { client { id } }"),
    _CHANGED % ("UpdateOrderInput!", "updateOrder(input: $v) { order { id } }"),
    _CHANGED % ("CreateServiceInput!", "createService(input: $v) { service { id } }"),
    _CHANGED % ("Currency", 'createService(input: {name: "x", price: 1, currency: $v}) { service { id } }'),
    _CHANGED % ("JSON", 'createClient(input: {name: "x", email: "a@b.example", metadata: $v}) { client { id } }'),
]
VALUES: list[Any] = [None, True, 1, 1.5, 2**70, -0.0, "x", "", "\x00", [], [None], [[True]], {}, {"a": None},
                     {"name": None, "email": True, "metadata": None, "status": "x", "price": True, "currency": False},
                     {"id": None, "formData": [None], "dueAt": True, "tags": [None, True, {}], "version": None},
                     {"and": [None], "status": {"in": [None]}, "total": {"gt": True}}]  # fmt: skip


async def test_a_wrong_variable_is_told_so_in_words_of_graphql(acme: Org) -> None:
    count = 0
    for text in USES:
        for value in VALUES:
            answer = (await acme.graphql(text, v=value)).json()
            says_nothing_foreign(answer.get("errors") or [{"message": ""}])
            # What fits its type may be refused by the field that takes it.
            if "errors" in answer and "data" not in answer:
                count += 1
                for error in answer["errors"]:
                    assert error["message"].startswith("Variable '$v' has invalid value"), error
                    assert (error["extensions"]["variable"], error["locations"][0]["line"]) == ("v", 1)
    assert count > 150


async def test_a_value_that_cannot_be_shown_is_our_mistake(acme: Org) -> None:
    order = (await new_order(acme))["publicId"]
    await acme.rows("update orders set number = $1 where id = $2", 2**40, decode("order", order))
    answer = (await acme.graphql("query ($id: ID!) { order(id: $id) { number } }", id=order)).json()
    assert answer["data"] == {"order": None}
    [error] = answer["errors"]
    assert (error["message"], error["path"]) == ("Something went wrong on our side.", ["order", "number"])
    assert (error["extensions"]["code"], error["extensions"]["status"]) == ("INTERNAL", 500)
