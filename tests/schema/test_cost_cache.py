"""Verdicts are kept with their operation: judged once for what the variables decide, and never another's."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest

from execution import DocumentError, Limits
from execution.guard import cost_cache
from execution.guard.cost import analyze_cost
from execution.guard.cost_cache import MAX_COSTS
from resolvers.errors import Refusal
from schema.graph import CORE, RULES
from schema.operations import OPERATIONS
from schema.requests.engine import Engine

SHAPED = """query($n: Int = 90, $f: ClientFilter = {}, $ids: [ID!]!, $s: Boolean! = false, $i: Boolean!, $c: String) {
  clients(first: $n, filter: $f, after: $c) @include(if: $i) { ...C }
  last: clients(last: $n, filter: {tags: {has: $c}, and: [$f]}) { nodes { id } }
  nodes(ids: $ids) { __typename ... on Order @skip(if: $s) { client { id ...D } } }
}
fragment C on ClientConnection { nodes { id orders(first: $n) { nodes { id } } } }
fragment D on Client { messages: orders(first: 7) @skip(if: $s) { nodes { id } } }"""
FILTERS: list[Any] = [None, {}, {"orders": {}}, {"and": [{"orders": {"service": {}}}]}, {"or": 7}, [], "orders"]
IDS: list[Any] = [[], ["order_x", "client_y"], "service_z", [None, 5], {}]
VALUES: list[Any] = ["a", "b", 5, None, [[]]]


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Any]]:
    """The variables of each time that an operation was really judged."""
    found: list[Mapping[str, Any]] = []

    def counted(schema: Any, operation: Any, variables: Mapping[str, Any], rules: Any) -> Any:
        found.append(variables)
        return analyze_cost(schema, operation, variables, rules)

    monkeypatch.setattr(cost_cache, "analyze_cost", counted)
    return found


def _known(engine: Engine, text: str, variables: Mapping[str, Any]) -> Any:
    prepared = engine.measure(text, None, variables)
    engine.validate(prepared, None)
    return prepared.operation


def test_a_known_operation_is_judged_once_whatever_its_other_variables(judged: list[Any]) -> None:
    engine = Engine()
    text = "query($id: ID!, $after: String) { client(id: $id) { orders(first: 3, after: $after) { nodes { id } } } }"
    operation = _known(engine, text, {"id": "a"})
    judged.clear()
    found = [engine.measure(text, None, {"id": each, "after": each}) for each in VALUES]
    assert len(judged) == 1
    assert {id(each.measure) for each in found} == {id(found[0].measure)}
    assert [each.operation is operation for each in found] == [True] * 5
    assert found[0].measure.cost == 1 + 2 + 3


def test_a_document_that_is_not_known_to_be_valid_is_judged_each_time(judged: list[Any]) -> None:
    engine = Engine()
    for _ in range(3):
        prepared = engine.measure("{ nothing }", None, {})
        with pytest.raises(DocumentError):
            engine.validate(prepared, None)
        assert prepared.operation.costs is None
    assert (len(judged), len(engine.executor.documents)) == (3, 0)


def test_what_is_kept_is_what_would_be_judged() -> None:
    engine = Engine(Limits(cost=10**9))
    _known(engine, SHAPED, {})
    seen = set()
    for n, filter_, s, i in product([None, 1, 7.0, "x", True, -5, 2**40], FILTERS, [True, False, 1], [True, False]):
        for ids in IDS:
            given = {"n": n, "f": filter_, "ids": ids, "s": s, "i": i, "c": n}
            prepared = engine.measure(SHAPED, None, given)
            assert prepared.measure == analyze_cost(CORE, prepared.operation, given, RULES), given
            seen.add((prepared.measure.cost, tuple(prepared.measure.requirements)))
            assert len(prepared.operation.costs.checks) <= MAX_COSTS
    assert len(seen) == 196
    bare = engine.measure(SHAPED, None, {})
    assert bare.measure == analyze_cost(CORE, bare.operation, {}, RULES)


def test_a_page_s_size_is_what_it_is_judged_by(judged: list[Any]) -> None:
    engine = Engine()
    text = "query($n: Int = 30) { clients(first: $n) { nodes { id } } }"
    _known(engine, text, {})
    judged.clear()
    costs = [engine.measure(text, None, {"n": each}).measure.cost for each in (10, 10.0, None, 20, "x")]
    assert costs == [12, 12, 22, 22, 22]
    assert engine.measure(text, None, {}).measure.cost == 32
    assert len(judged) == 3
    for size in range(1, 101):
        assert engine.measure(text, None, {"n": size}).measure.cost == 2 + size
    assert len(engine.executor.documents.operation(text, None).costs.checks) == MAX_COSTS


def test_what_is_too_much_is_kept_too(judged: list[Any]) -> None:
    engine = Engine()
    text = "query($n: Int!) { clients(first: $n) { nodes { orders(first: $n) { nodes { id } } } } }"
    _known(engine, text, {"n": 5})
    judged.clear()
    for _ in range(3):
        with pytest.raises(Refusal, match="costs 10302; 5000 is allowed") as refused:
            engine.measure(text, None, {"n": 100})
        assert refused.value.code == "TOO_COMPLEX"
    assert judged == [{"n": 100}]
    assert engine.measure(text, None, {"n": 5}).measure.cost == 2 + 5 * (1 + 2 + 5)


def test_our_own_operations_are_not_refused_and_judged_once(judged: list[Any]) -> None:
    engine = Engine(Limits(cost=1, depth=1))
    operation = OPERATIONS["ListClients"]
    operation.costs = None
    given: dict[str, Any] = {"first": 50, "counted": True, "filter": {"search": "a"}, "after": "b"}
    prepared = engine.prepared(operation, given)
    assert (prepared.operation, prepared.variables) == (operation, given)
    assert prepared.measure == analyze_cost(CORE, operation, given, RULES)
    assert engine.prepared(operation, given | {"filter": {"search": "c"}, "after": "d"}).measure is prepared.measure
    always = engine.prepared(operation, {})
    assert always.measure.requirements["clients:read"] == ("clients",)
    assert engine.prepared(operation, {}).measure is always.measure
    assert len(judged) == 2


def test_limits_of_one_engine_are_not_another_s() -> None:
    operation = OPERATIONS["ListClients"]
    strict, lax = Engine(Limits(cost=1)), Engine(Limits(cost=200))
    for _ in range(2):
        assert strict.executor.cost(operation).excess == "The operation costs 104; 1 is allowed. Ask for smaller pages."
        assert lax.executor.cost(operation).excess is None
