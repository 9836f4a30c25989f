"""What is kept of documents has bounds that hold to the one, whatever and however many are sent."""

import gc
import tracemalloc
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from graphql import FieldNode, Token

from execution import CostCheck, DocumentCache, DocumentError, Operation, Variables, parse_operation, variables_of
from execution.guard.cost_cache import COST_BYTES, DECISION_BYTES, MAX_COSTS
from execution.guard.document_cache import MAX_BYTES
from execution.guard.documents import TOKEN_BYTES
from execution.plan.compiler import FIELD_BYTES, MAX_PLANS, Plan, plan_of
from execution.plan.nodes import FieldPlan, SelectionPlan
from execution.plan.serializer import _serializer_of
from resolvers.errors import Refusal
from schema.graph import CORE
from schema.requests.engine import Engine
from tests.support.hostile_documents import many

pytestmark = pytest.mark.usefixtures("settled_heap")

KEPT = 100


def alive() -> Counter[str]:
    """How many operations, plans and verdicts there are in the process."""
    gc.collect()
    kinds = (Operation, Plan, CostCheck)
    return Counter(type(each).__name__ for each in gc.get_objects() if type(each) in kinds)


def asked(engine: Engine, text: str, name: str | None = None, variables: Mapping[str, Any] | None = None) -> Operation:
    """A document, met, met again once it is known, and planned."""
    given = variables or {}
    engine.validate(engine.measure(text, name, given), name)
    operation = engine.measure(text, name, given).operation
    coerced = variables_of(CORE, operation, given)
    assert isinstance(coerced, Variables), text
    assert isinstance(plan_of(engine.executor.settings, operation, coerced), Plan)
    return operation


def test_twenty_times_as_many_documents_leave_as_many_as_are_kept() -> None:
    engine = Engine()
    # By which rules they are valid has no part in what is kept of them, and takes most of the time.
    engine.executor.documents = DocumentCache(CORE, [], KEPT)
    before = alive()
    for number in range(20 * KEPT):
        asked(engine, f"{{ a{number}: health {{ status }} }}")
    assert len(engine.executor.documents) == KEPT
    assert alive() - before == {"Operation": KEPT, "Plan": KEPT, "CostCheck": KEPT}
    asked(engine, f"{{ a{20 * KEPT - 1}: health {{ status }} }}")
    assert alive() - before == {"Operation": KEPT, "Plan": KEPT, "CostCheck": KEPT}


def test_one_document_keeps_few_plans_and_verdicts_whatever_its_variables() -> None:
    engine = Engine()
    names = [f"v{index}" for index in range(8)]
    text = (
        f"query({', '.join(f'${name}: Boolean!' for name in names)}, $first: Int, $after: String) {{"
        + " ".join(f"health @include(if: ${name}) {{ {name}: status }}" for name in names)
        + " clients(first: $first, after: $after) { totalCount } }"
    )
    before = alive()
    operation = None
    for number in range(256):
        chosen: dict[str, Any] = {name: bool(number >> index & 1) for index, name in enumerate(names)}
        operation = asked(engine, text, None, chosen | {"first": number + 1, "after": f"{number}"})
    assert operation is not None
    assert (len(operation.plans), len(operation.costs.checks)) == (MAX_PLANS, MAX_COSTS)
    assert alive() - before == {"Operation": 1, "Plan": MAX_PLANS, "CostCheck": MAX_COSTS}


def test_each_operation_of_a_document_is_kept_by_its_name_and_no_other() -> None:
    engine = Engine()
    text = " ".join(f"query q{number} {{ __typename }}" for number in range(40))
    before = alive()
    for number in range(40):
        asked(engine, text, f"q{number}")
    for name in ("q40", "", None):
        with pytest.raises(DocumentError):
            asked(engine, text, name)
    assert len(engine.executor.documents) == 40
    assert alive() - before == {"Operation": 40, "Plan": 40, "CostCheck": 40}


def test_large_documents_are_kept_by_their_bytes() -> None:
    engine = Engine()
    engine.executor.documents = documents = DocumentCache(CORE, [], KEPT, 20 * 2**20)
    weights = []
    for number in range(30):
        weights.append(asked(engine, f"{{ a{number}: __typename clients {{ nodes {{ {'id ' * 900} }} }} }}").weight)
        assert documents.weight == sum(each.weight for each, _ in documents._operations.values()) <= documents.most
    assert min(weights) > 900 * TOKEN_BYTES
    assert len(documents) == documents.most // weights[-1]
    for number in range(KEPT):
        asked(engine, f"{{ a{number}: __typename }}")
    assert len(documents) == KEPT
    assert documents.weight == sum(each.weight for each, _ in documents._operations.values())
    assert Engine().executor.documents.most == MAX_BYTES


def test_plans_and_verdicts_of_a_kept_document_count_and_push_others_out() -> None:
    engine = Engine()
    engine.executor.documents = documents = DocumentCache(CORE, [], KEPT, 6 * 2**20)
    for number in range(5):
        asked(engine, f"{{ a{number}: __typename clients {{ nodes {{ {'id ' * 900} }} }} }}")
    before, weight = len(documents), parse_operation(WIDE, None).weight
    met = []
    for number in range(2**8):
        chosen = {f"v{index}": bool(number >> index & 1) for index in range(8)}
        operation = asked(engine, WIDE, None, chosen)
        assert documents.weight <= documents.most
        # What was replaced counts no more.
        fields = sum(plan.size for plan in operation.plans.values())
        verdicts = len(operation.costs.checks) * (COST_BYTES + DECISION_BYTES * len(operation.costs.decisions))
        assert operation.weight == weight + FIELD_BYTES * fields + verdicts
        met.append((operation, len(operation.plans), len(operation.costs.checks), fields))
    assert {id(each[0]) for each in met} == {id(met[0][0])}
    assert met[-1][1:3] == (MAX_PLANS, MAX_COSTS)
    assert met[-1][3] > 1_500
    assert len(documents) < before


def test_what_is_no_longer_kept_is_gone_without_the_garbage_collector() -> None:
    engine = Engine()
    engine.executor.documents = DocumentCache(CORE, [], 5)
    before = alive()
    kinds = (Operation, Plan, FieldPlan, SelectionPlan, CostCheck, FieldNode, Token)
    gc.collect()
    gc.disable()
    try:
        for number in range(20):
            text = WIDE.replace("{", f"{{ z{number}: __typename ", 1)
            for choice in range(20):
                asked(engine, text, None, {f"v{index}": bool(choice >> index & 1) for index in range(8)})
        held = Counter(type(each) for each in gc.get_objects() if type(each) in kinds)
        assert alive() - before == {"Operation": 5, "Plan": 5 * MAX_PLANS, "CostCheck": 5 * MAX_COSTS}
        assert held == Counter(type(each) for each in gc.get_objects() if type(each) in kinds)
    finally:
        gc.enable()


SCALARS = "number quantity unitPrice total currency status dueAt notes tags metadata createdAt updatedAt version"
ORDERS = f"orders(first: 1) {{ nodes {{ id {SCALARS} client {{ id name email }} service {{ id name }} }} }}"
WIDE = (
    f"query({', '.join(f'$v{index}: Boolean!' for index in range(8))}) {{"
    + " ".join(f"a{index}: clients @include(if: $v{index}) {{ nodes {{ ...C }} }}" for index in range(8))
    + f" clients {{ nodes {{ ...C b: {ORDERS} }} }} }} fragment C on Client {{ id name email {ORDERS} }}"
)
WEIGHED = {
    "comments": "{ health { status } " + "#\n" * 1_900 + " }",
    "letters": '{ client(id: "' + "\U0001f468" * 15_900 + '") { id } }',
    "a comment": "{ health { status } } #" + "\U0001f468" * 15_900,
    "ids": "{ nodes(ids: [" + '"x" ' * 900 + "]) { id } }",
    "filters": "{ clients(filter: {or: [" + '{name: {eq: "x"}} ' * 200 + "]}) { totalCount } }",
    "fragments": "{ clients { nodes { " + many("...f#", 90) + " } } } " + many("fragment f# on Client { id }", 90),
    "fields": "{ clients { nodes { " + "id name " * 450 + " } } }",
    "pages": "{ " + many("a#: orders(first: 1) { totalCount }", 19) + " }",
    "plans": WIDE,
}


@pytest.mark.parametrize("name", WEIGHED)
def test_what_is_kept_takes_no_more_bytes_than_it_is_weighed(name: str) -> None:
    engine, text = Engine(), WEIGHED[name]
    engine.executor.documents = documents = DocumentCache(CORE, [])
    # What is made once for the process, whatever the document, is made here.
    _planned(engine, text.replace("{", "{ z: __typename ", 1), 1)
    gc.collect()
    tracemalloc.start()
    try:
        weight, before = documents.weight, tracemalloc.get_traced_memory()[0]
        for number in range(3):
            _planned(engine, text.replace("{", f"{{ z{number}: __typename ", 1), 9)
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert taken < documents.weight - weight < 8 * taken


def _planned(engine: Engine, text: str, choices: int) -> None:
    """A document, met with some choices of its conditions, with all that writes its objects."""
    for number in range(choices):
        chosen = {f"v{index}": bool(number >> index & 1) for index in range(8)} if "$v0" in text else {}
        operation = asked(engine, text, None, chosen)
        left = [plan.root for plan in operation.plans.values()]
        while left:
            selection = left.pop()
            for field in selection.fields.values():
                left += field.selections.values()
                if field.shape.item is not None and not field.is_leaf:
                    for inner in field.selections.values():
                        inner.serializers.setdefault(True, _serializer_of(inner, unpacked=True))


def test_what_is_refused_is_not_kept() -> None:
    engine = Engine()
    before = alive()
    for number in range(200):
        for text, error in (
            (f"{{ a{number} }}", DocumentError),
            (f"{{ a{number}: health {{", DocumentError),
            (f"{{ {' '.join(f'a{place}: __typename' for place in range(21 + number))} }}", Refusal),
        ):
            with pytest.raises(error):
                engine.validate(engine.measure(text, None, {}), None)
    assert len(engine.executor.documents) == 0
    assert alive() - before == {}
