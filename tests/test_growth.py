"""What is kept of documents has bounds that hold to the one, whatever and however many are sent."""

import gc
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from execution.documents import MOST_KEPT, Documents, Operation, UnfitDocument
from execution.plan import MOST_PLANS, Plan, plan_of
from execution.variables import Variables, variables_of
from execution.verdicts import MOST_VERDICTS, Verdict
from resolvers.errors import Refusal
from schema.engine import Engine
from schema.graph import CORE, FIELDS

KEPT = 500


def alive() -> Counter[str]:
    """How many operations, plans and verdicts there are in the process."""
    gc.collect()
    kinds = (Operation, Plan, Verdict)
    return Counter(type(each).__name__ for each in gc.get_objects() if type(each) in kinds)


def asked(engine: Engine, text: str, name: str | None = None, variables: Mapping[str, Any] | None = None) -> Operation:
    """A document, met, met again once it is known, and planned."""
    given = variables or {}
    engine.validate(engine.measure(text, name, given), name)
    operation = engine.measure(text, name, given).operation
    coerced = variables_of(CORE, operation, given)
    assert isinstance(coerced, Variables), text
    assert plan_of(CORE, operation, coerced, FIELDS) is not None
    return operation


def test_ten_thousand_documents_leave_as_many_as_are_kept() -> None:
    engine = Engine()
    # By which rules they are valid has no part in what is kept of them, and takes most of the time.
    engine.documents = Documents(CORE, [], KEPT)
    before = alive()
    for number in range(10_000):
        asked(engine, f"{{ a{number}: health {{ status }} }}")
    assert len(engine.documents) == KEPT
    assert alive() - before == {"Operation": KEPT, "Plan": KEPT, "Verdict": KEPT}
    asked(engine, "{ a9999: health { status } }")
    assert alive() - before == {"Operation": KEPT, "Plan": KEPT, "Verdict": KEPT}


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
    assert (len(operation.plans), len(operation.verdicts.kept)) == (MOST_PLANS, MOST_VERDICTS)
    assert alive() - before == {"Operation": 1, "Plan": MOST_PLANS, "Verdict": MOST_VERDICTS}


def test_each_operation_of_a_document_is_kept_by_its_name_and_no_other() -> None:
    engine = Engine()
    text = " ".join(f"query q{number} {{ __typename }}" for number in range(40))
    before = alive()
    for number in range(40):
        asked(engine, text, f"q{number}")
    for name in ("q40", "", None):
        with pytest.raises(UnfitDocument):
            asked(engine, text, name)
    assert len(engine.documents) == 40
    assert alive() - before == {"Operation": 40, "Plan": 40, "Verdict": 40}


def test_large_documents_are_kept_by_their_tokens() -> None:
    engine = Engine()
    engine.documents = Documents(CORE, [], KEPT, 20_000)
    for number in range(13):
        operation = asked(engine, f"{{ a{number}: __typename clients {{ nodes {{ {'id ' * 1_900} }} }} }}")
        assert operation.tokens == 1_911
    assert (len(engine.documents), engine.documents.tokens) == (10, 10 * 1_911)
    for number in range(KEPT):
        asked(engine, f"{{ a{number}: __typename }}")
    assert (len(engine.documents), engine.documents.tokens) == (KEPT, KEPT * 5)
    assert Engine().documents.most == MOST_KEPT


def test_what_is_refused_is_not_kept() -> None:
    engine = Engine()
    before = alive()
    for number in range(200):
        for text, error in (
            (f"{{ a{number} }}", UnfitDocument),
            (f"{{ a{number}: health {{", UnfitDocument),
            (f"{{ {'a: __typename ' * (21 + number)} }}", Refusal),
        ):
            with pytest.raises(error):
                engine.validate(engine.measure(text, None, {}), None)
    assert len(engine.documents) == 0
    assert alive() - before == {}
