"""The schema as text tells what the engine charges: in the directives of IBM's specification of costs."""

from functools import cache
from typing import Any

import pytest
from graphql import (
    DirectiveLocation,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
    print_ast,
)

from execution import parse_operation
from execution.guard.cost import analyze_cost
from schema.graph import CORE, RULES
from schema.operations import OPERATIONS
from schema.requests.printed import printed_schema
from tests.support.api import Org
from tests.support.told_costs import ToldCosts


@cache
def costs() -> ToldCosts:
    """The costs that our schema tells, read by the process that runs these tests and no other."""
    return ToldCosts(printed_schema())


def objects() -> list[GraphQLObjectType]:
    """Its types of objects, without those of introspection."""
    types = costs().schema.type_map.values()
    return [type_ for type_ in types if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__")]


def charged(text: str, **variables: Any) -> int:
    """What the engine charges."""
    return analyze_cost(CORE, parse_operation(text, None), variables, RULES).cost


def test_the_directives_are_those_of_the_specification() -> None:
    cost, size = costs().schema.get_directive("cost"), costs().schema.get_directive("listSize")
    assert cost is not None
    assert size is not None
    assert {name: str(each.type) for name, each in cost.args.items()} == {"weight": "String!"}
    assert {*cost.locations} == {
        DirectiveLocation.ARGUMENT_DEFINITION, DirectiveLocation.ENUM, DirectiveLocation.FIELD_DEFINITION,
        DirectiveLocation.INPUT_FIELD_DEFINITION, DirectiveLocation.OBJECT, DirectiveLocation.SCALAR,
    }  # fmt: skip
    assert {name: str(each.type) for name, each in size.args.items()} == {
        "assumedSize": "Int", "slicingArguments": "[String!]", "sizedFields": "[String!]",
        "requireOneSlicingArgument": "Boolean",
    }  # fmt: skip
    assert "requireOneSlicingArgument: Boolean = true" in printed_schema()
    assert [*size.locations] == [DirectiveLocation.FIELD_DEFINITION]
    assert not cost.is_repeatable
    assert not size.is_repeatable


def test_they_stand_where_the_specification_lets_them() -> None:
    for type_ in costs().schema.type_map.values():
        if isinstance(type_, GraphQLInterfaceType):
            assert [name for name, each in type_.fields.items() if costs().weight(each.ast_node) is not None] == []
        elif isinstance(type_, GraphQLInputObjectType):
            assert costs().weight(type_.ast_node) is None
    sliced = 0
    for type_ in objects():
        for field in type_.fields.values():
            size = costs().directive("listSize", field.ast_node)
            if size is None:
                continue
            sized = size.get("sizedFields") or []
            held: Any = get_named_type(field.type)
            assert sized or is_list_type(get_nullable_type(field.type))
            assert all(is_list_type(get_nullable_type(held.fields[name].type)) for name in sized)
            given = [field.args[name] for name in size.get("slicingArguments") or []]
            assert {str(each.type) for each in given} <= {"Int"}
            # So that it is clear which of both counts.
            assert not given or not size["requireOneSlicingArgument"]
            sliced += bool(given)
    assert sliced > 30


def test_every_field_of_every_type_costs_what_is_told() -> None:
    wrong = []
    for type_ in objects():
        for name, field in type_.fields.items():
            # A count is charged to the connection, and the IDs that there are to `nodes`: below.
            if name == "totalCount" or (type_.name, name) == ("Query", "nodes"):
                continue
            held = " { __typename }" if is_composite_type(get_named_type(field.type)) else ""
            text = f"{{ ...F }} fragment F on {type_.name} {{ {name}{held} }}"
            if costs().cost(text) != charged(text):
                wrong.append(f"{type_.name}.{name}: {costs().cost(text)}, not {charged(text)}")
    assert wrong == []


# Its filter has a branch.
BRANCHES = {"ListSubmissions": 1}


def test_every_named_operation_costs_what_is_told() -> None:
    for name, operation in OPERATIONS.items():
        text = print_ast(operation.document)
        variables = {"counted": False, "first": 7}
        found = analyze_cost(CORE, operation, variables, RULES)
        assert costs().cost(text, variables) == found.cost - BRANCHES.get(name, 0), name


DOCUMENTS = (
    "{ clients(first: 50) { nodes { orders(last: 10) { edges { node { client { name } service { name } } } } } } }",
    "{ orders { nodes { id assignees { name } availableTransitions { to } messages(first: 3) { nodes { body } } } } }",
    "{ invoices(first: 2) { totalCount nodes { lines { description } payments { amount } client { metadata } } } }",
    "{ a: orders(first: 1, orderBy: [{field: TOTAL}]) { nodes { number } pageInfo { endCursor } } health { status } }",
    '{ node(id: "order_x") { id ... on Order { tags invoice { total } tickets { totalCount } } } }',
    "{ orderCounts { status count } invoiceTotals { currency } health { status } }",
    'mutation { createClient(input: {name: "A", email: "a@example.com"}) { client { id orders { totalCount } } } }',
    "mutation { exportAuditLog(input: {}) { auditExport { id } } }",
    "subscription { orderUpdated { id client { name } } }",
)


@pytest.mark.parametrize("text", DOCUMENTS)
def test_a_document_costs_what_is_told(text: str) -> None:
    assert costs().cost(text) == charged(text) > 0


async def test_an_answer_says_what_is_told(acme: Org) -> None:
    for text in DOCUMENTS:
        if text.startswith("{"):
            cost = (await acme.graphql(text)).json()["extensions"]["cost"]["requested"]
            assert costs().cost(text) == cost, text


HEAD = "query($f: ClientFilter) { clients(first: 3, filter: $f)"
EXACT: tuple[tuple[dict[str, Any] | None, int], ...] = (
    (None, 0),
    ({}, 0),
    ({"status": {"eq": "LEAD", "in": ["LEAD"]}, "name": None, "tags": {"has": None}}, 2),
    ({"search": "ada", "createdAt": {"gt": "2026-01-01T00:00:00Z", "lt": "2027-01-01T00:00:00Z"}}, 5 + 2),
    ({"orders": {"some": {"total": {"gt": 5, "lt": 9}}}}, 10 + 1 + 2),
    ({"orders": {"some": {"client": {"orders": {"none": {}}}}, "none": {}}}, 2 * 10 + 2 + 10 + 10 + 1),
    ({"not": {"orders": {"some": {"service": {"price": {"gt": 1}}}}}}, 1 + 10 + 1 + 10 + 1),
)


@pytest.mark.parametrize(("filter_", "price"), EXACT)
def test_a_page_with_a_filter_costs_what_is_told(filter_: dict[str, Any] | None, price: int) -> None:
    text = f"{HEAD} {{ nodes {{ id }} }} }}"
    assert costs().cost(text, {"f": filter_}) == charged(text, f=filter_) == 2 + 3 + price


# The filter of a page, what a tool makes of it, and what it costs: what no weight can say.
BEYOND: tuple[tuple[str, str, dict[str, Any], int, int], ...] = (
    ("each further word", "{ nodes { id } }", {"search": "ada b c"}, 5 + 5, 5 + 15),
    ("each ten values", "{ nodes { id } }", {"status": {"in": ["LEAD"] * 25}}, 5 + 1, 5 + 3),
    ("each branch", "{ nodes { id } }", {"or": [{"status": {"eq": "LEAD"}}] * 3}, 5 + 4, 5 + 7),
    ("a count of what a filter matches", "{ totalCount }", {"status": {"eq": "LEAD"}}, 2 + 1 + 2, 2 + 1 + 2 + 5),
)


@pytest.mark.parametrize(("what", "selection", "filter_", "told", "cost"), BEYOND)
def test_what_no_weight_can_say_costs_more(
    what: str, selection: str, filter_: dict[str, Any], told: int, cost: int
) -> None:
    text = f"{HEAD} {selection} }}"
    assert (costs().cost(text, {"f": filter_}), charged(text, f=filter_)) == (told, cost), what


def test_groups_cost_more_and_nodes_as_many_as_there_are_ids() -> None:
    text = "query($f: OrderFilter) { orderCounts(filter: $f) { count } }"
    assert (costs().cost(text, {"f": {"total": {"gt": 1}}}), charged(text, f={"total": {"gt": 1}})) == (4 + 1, 4 + 6)
    text = 'query { nodes(ids: ["order_x", "order_y"]) { id } }'
    assert (costs().cost(text), charged(text)) == (100, 2)
    many = " ".join(f"a{number}: number" for number in range(104))
    text = f'{{ order(id: "order_x") {{ {many} }} }}'
    assert (costs().cost(text), charged(text)) == (1, 1 + (105 - 100) // 5)
