"""All rules as one find what graphql-core finds by them beside each other, in the same order."""

from collections.abc import Callable
from typing import Any

import pytest
from graphql import (
    BREAK,
    SKIP,
    ASTValidationRule,
    GraphQLError,
    Node,
    ValidationContext,
    ValidationRule,
    parse,
    validate,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from execution.guard.validation import joined
from schema.graph import CORE
from schema.requests.checks import CHECKS
from tests.support.refused_documents import DOCUMENTS

TEXT = """
    query q($id: ID = "x") { client(id: $id) { ...c orders(first: 2) { nodes { id @skip(if: 0) } } } health { status } }
    fragment c on Client { name tags orders(filter: {and: [{total: {gt: "1"}}]}) { totalCount } }
"""
KINDS = (
    "document",
    "operation_definition",
    "selection_set",
    "field",
    "argument",
    "object_value",
    "fragment_definition",
)
# What a method of a rule may return.
RESULTS = (None, SKIP, False, BREAK, True)


def _found(rules: Any, text: str, most: int = 5) -> list[tuple[str, Any, Any]]:
    errors = validate(CORE, parse(text), rules, max_errors=most, hide_suggestions=True)
    return [(error.message, error.locations, error.path) for error in errors]


def _parsed(text: str) -> bool:
    try:
        parse(text)
    except (GraphQLError, RecursionError):
        return False
    return True


PARSED = [(name, text) for name, text, _ in DOCUMENTS if len(text) < 3_000 and _parsed(text)]


@pytest.mark.parametrize("text", [text for _, text in PARSED], ids=[name for name, _ in PARSED])
def test_what_is_wrong_is_found_alike(text: str) -> None:
    for most in (1, 5, 100):
        assert _found([joined(CHECKS)], text, most) == _found(CHECKS, text, most)


def test_some_of_these_are_wrong_and_some_are_not() -> None:
    found = [bool(_found(CHECKS, text)) for _, text in PARSED]
    assert min(found.count(True), found.count(False)) > 10


def _rule(number: int, methods: list[tuple[str, Any]], met: list[tuple[int, str, Any]]) -> type[ASTValidationRule]:
    """A rule with these methods, which notes each call of one, and returns what is given."""

    def method(name: str, result: Any) -> Callable[..., Any]:
        def called(self: ValidationRule, node: Node, *_: Any) -> Any:
            met.append((number, name, node.loc))
            self.context.report_error(GraphQLError(f"{number} {name}", node))
            return result

        return called

    return type(f"R{number}", (ValidationRule,), {name: method(name, result) for name, result in methods})


_METHODS = st.lists(
    st.tuples(
        st.sampled_from(["enter", "leave", *(f"{way}_{kind}" for way in ("enter", "leave") for kind in KINDS)]),
        st.sampled_from(RESULTS),
    ),
    max_size=4,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_METHODS, max_size=4))
def test_rules_are_called_alike_whatever_they_return(made: list[list[tuple[str, Any]]]) -> None:
    met: list[tuple[int, str, Any]] = []
    rules = [_rule(number, methods, met) for number, methods in enumerate(made)]
    expected = _found(rules, TEXT, 10_000), met.copy()
    met.clear()
    assert (_found([joined(tuple(rules))], TEXT, 10_000), met) == expected


def test_a_rule_is_asked_for_its_methods_once_and_made_for_each_document() -> None:
    made: list[ValidationContext] = []

    class Counted(ValidationRule):
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            made.append(context)

    assert joined((Counted,)) is joined((Counted,))
    for _ in range(2):
        assert _found([joined((Counted,))], TEXT) == []
    assert len({id(each) for each in made}) == 2
