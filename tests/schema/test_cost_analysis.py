"""The analyze_cost by itself: linear work, exact counts, defaults that count as what they stand for."""

from typing import Any

import pytest

from execution import MAX_TOKENS, DocumentLimitError, DocumentValidationError, Limits, parse_operation
from execution.guard import cost as costing
from execution.guard.cost import analyze_cost, limit_exceeded
from schema.graph import CORE, RULES
from tests.support.refused_documents import CREATE, FRAGMENTS


def _measure(text: str, **variables: Any) -> costing.CostAnalysis:
    return analyze_cost(CORE, parse_operation(text, None), variables, RULES)


def test_exponential_fragments_are_measured_in_linear_work(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0
    real = costing._Analyzer.selection

    def counted(self: Any, node: Any, parent: Any) -> costing.CostAnalysis:
        nonlocal calls
        calls += 1
        return real(self, node, parent)

    monkeypatch.setattr(costing._Analyzer, "selection", counted)
    found = _measure("{ ...f0 } " + FRAGMENTS + " fragment f60 on Query { health { status } }")
    assert calls == 1 + 61 + 1
    assert (found.fields, found.expanded) == (1, 2 * 2**60)
    several = "fields, each fragment counted at each spread"
    assert limit_exceeded(found, "query", Limits()) == f"The operation has 1000000000 {several}; 1000 are allowed."


@pytest.mark.parametrize(
    ("selections", "keys"),
    [
        (" ".join(f"...P{number}" for number in range(30)) * 2 + "... { health { status } }", 1),
        ("a: health { status } b: health { status } health { status } ... on Query { b: health { status } }", 3),
        ("health { status } ...P0 @skip(if: $yes) ... @include(if: $no) { b: health { status } }", 1),
        ("b: health { status } ...P0 @skip(if: $yes) ...P0", 2),
    ],
)
def test_a_root_field_that_is_asked_for_in_several_places_is_one(selections: str, keys: int) -> None:
    fragments = " ".join(f"fragment P{number} on Query {{ health {{ status }} }}" for number in range(30))
    text = f"query($yes: Boolean = true, $no: Boolean!) {{ {selections} }} {fragments}"
    assert _measure(text, no=False).fields == keys


@pytest.mark.parametrize(
    ("selection", "aliases", "repeats"),
    [
        ("nodes { a: id b: createdAt c: status d: tags e: __typename }", 5, 0),
        ("nodes { a: notes b: metadata }", 2, 2),
        ("a: nodes { b: id }", 2, 1),
        ("nodes { ...F ...F } edges { node { ...F } }", 3, 3),
    ],
)
def test_an_alias_repeats_what_is_counted_when_it_is_loaded(selection: str, aliases: int, repeats: int) -> None:
    fragment = "fragment F on Client { a: notes }" if "...F" in selection else ""
    found = _measure(f"{{ clients {{ {selection} }} }} {fragment}")
    assert (found.aliases, found.repeats) == (aliases, repeats)


@pytest.mark.parametrize(
    "text",
    [
        "{ auditEntries { nodes { a: changes } } }",
        "{ forms { nodes { a: jsonSchema } } }",
        "{ forms { nodes { fields { a: options } } } }",
        "{ messages { nodes { attachments { a: url } } } }",
    ],
)
def test_an_alias_repeats_what_is_no_column_and_may_be_long(text: str) -> None:
    assert (_measure(text).aliases, _measure(text).repeats) == (1, 1)


def test_what_is_made_of_long_columns_costs_as_they_do() -> None:
    one = 'node(id: "form_x") { ... on Form { %s } }'
    costs = [_measure(f"{{ {one % text} }}").cost for text in ("id", "fields { label }", "jsonSchema")]
    assert costs == [1, 1 + 4, 1 + 4]


def test_what_is_counted() -> None:
    found = _measure(
        "{ a: clients(first: 7) @include(if: true) { nodes { id orders(first: 3) { nodes { number } } } } }"
    )
    assert (found.depth, found.aliases, found.directives, found.fields) == (5, 1, 1, 1)
    assert found.cost == 2 + 7 * (1 + 2 + 3 * 1)
    assert found.requirements == {"clients:read": ("a",), "orders:read": ("a", "nodes", "orders")}
    assert not found.unrestricted
    assert _measure("{ health { status } __typename }").unrestricted
    assert _measure("{ clients @skip(if: true) { nodes { id } } health { status } }").requirements == {}
    assert _measure('{ node(id: "order_x") { id } }').requirements == {"orders:read": ("node",)}
    assert _measure("mutation { " + CREATE + " }").cost >= 10


@pytest.mark.parametrize(
    ("found", "operation_type", "sentence"),
    [
        (costing.CostAnalysis(depth=16), "query", "The operation has 16 levels; 15 are allowed."),
        (costing.CostAnalysis(aliases=101), "query", "The operation has 101 aliases; 100 are allowed."),
        (costing.CostAnalysis(directives=51), "query", "The operation has 51 directives; 50 are allowed."),
        (costing.CostAnalysis(fields=21), "query", "The operation has 21 root fields; 20 are allowed."),
        (costing.CostAnalysis(fields=6), "mutation", "The operation has 6 root fields; 5 are allowed."),
        (
            costing.CostAnalysis(cost=5_001),
            "query",
            "The operation costs 5001; 5000 is allowed. Ask for smaller pages.",
        ),
        (costing.CostAnalysis(15, 30, 50, 20, 5_000), "query", None),
        (costing.CostAnalysis(fields=5), "mutation", None),
    ],
)
def test_the_limits_hold_to_the_one(found: costing.CostAnalysis, operation_type: str, sentence: str | None) -> None:
    assert limit_exceeded(found, operation_type, Limits()) == sentence


def test_a_document_is_looked_over_before_it_is_parsed() -> None:
    with pytest.raises(DocumentLimitError, match="tokens"):
        parse_operation("{ " + "a " * MAX_TOKENS + "}", None)
    with pytest.raises(DocumentValidationError, match="no such operation"):
        parse_operation("query a { health { status } }", "b")
    assert parse_operation("query a { x } query b { y }", "b").operation_type == "query"


def test_a_default_counts_as_what_it_stands_for() -> None:
    page = "query($n: Int = 90) { clients(first: $n) { nodes { id } } }"
    assert _measure(page).cost == 2 + 90
    assert _measure(page, n=10).cost == 2 + 10
    assert _measure(page, n=10.0).cost == 2 + 10
    assert _measure(page, n=None).cost == 2 + 20
    assert _measure('query($id: ID! = "order_x") { node(id: $id) { id } }').requirements == {"orders:read": ("node",)}
    assert _measure("query($s: Boolean! = true) { clients @skip(if: $s) { totalCount } }").requirements == {}
