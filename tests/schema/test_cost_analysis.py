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
    assert found.fields == 2**60
    assert limit_exceeded(found, "query", Limits()) == "The operation has 1000000000 root fields; 20 are allowed."


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
