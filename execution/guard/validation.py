"""The rules that a document is validated by: the standard's, one of them held to less work."""

from collections.abc import Callable, Collection
from functools import cache, lru_cache
from typing import Any

from graphql import (
    BREAK,
    SKIP,
    ASTValidationRule,
    Node,
    OverlappingFieldsCanBeMergedRule,
    ValidationContext,
    ValidationRule,
    specified_rules,
)
from graphql.language.visitor import EnterLeaveVisitor
from graphql.validation.validate import ValidationAbortedError

from execution.guard.errors import DocumentLimitError

# Comparing fields can be quadratic; an operation that a person or a tool wrote needs some hundred comparisons.
MAX_COMPARISONS = 10_000


class FieldsCanBeMergedRule(OverlappingFieldsCanBeMergedRule):
    """Fields of one name can be merged; finding that out takes no longer than ``MAX_COMPARISONS``."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = MAX_COMPARISONS

    def enter_selection_set(self, *node: Any) -> None:
        """Compare the fields of a selection. Raises DocumentLimitError where that takes too long."""
        try:
            super().enter_selection_set(*node)
        except ValidationAbortedError:
            raise DocumentLimitError("The document asks for the same fields in too many places.") from None


RULES = tuple(FieldsCanBeMergedRule if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules)


@lru_cache(maxsize=16)
def joined(rules: tuple[type[ASTValidationRule], ...]) -> type[ASTValidationRule]:
    """Return one rule that holds a document to all of these.

    Which of them a kind of node concerns is found once for the process. Of rules beside each other graphql-core finds
    it for each document anew, which takes most of the time that a short one needs.
    """

    @cache
    def concerned(kind: str) -> tuple[tuple[int, str | None, str | None], ...]:
        found = ((at, _method(rule, "enter", kind), _method(rule, "leave", kind)) for at, rule in enumerate(rules))
        return tuple(each for each in found if each[1] or each[2])

    class JoinedRule(ValidationRule):
        """These rules beside each other, as ``ParallelVisitor`` has them; none of them edits the document."""

        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            self._rules = [rule(context) for rule in rules]
            # The node in which each of the rules has nothing to do, or BREAK.
            self._skipped: list[Any] = [None] * len(rules)

        def get_enter_leave_for_kind(self, kind: str) -> EnterLeaveVisitor:
            """Return what calls the methods of the rules that have some for a kind of node."""
            found = self.enter_leave_map.get(kind)
            if found is None:
                found = self.enter_leave_map[kind] = self._of_kind(kind)
            return found

        def _of_kind(self, kind: str) -> EnterLeaveVisitor:
            methods: list[tuple[int, Any, Any]] = [
                (at, enter and getattr(self._rules[at], enter), leave and getattr(self._rules[at], leave))
                for at, enter, leave in concerned(kind)
            ]
            if not methods:
                return EnterLeaveVisitor(None, None)
            return EnterLeaveVisitor(
                _entering([(at, enter) for at, enter, _ in methods if enter], self._skipped),
                _leaving([(at, leave) for at, _, leave in methods], self._skipped),
            )

    return JoinedRule


def _method(rule: type[ASTValidationRule], name: str, kind: str) -> str | None:
    return next((each for each in (f"{name}_{kind}", name) if getattr(rule, each, None)), None)


def _entering(methods: Collection[tuple[int, Callable[..., Any]]], skipped: list[Any]) -> Callable[..., None]:
    def enter(node: Node, *args: Any) -> None:
        for at, method in methods:
            if skipped[at] is None:
                result = method(node, *args)
                if result is SKIP or result is False:
                    skipped[at] = node
                elif result is BREAK or result is True:
                    skipped[at] = BREAK

    return enter


def _leaving(methods: Collection[tuple[int, Callable[..., Any] | None]], skipped: list[Any]) -> Callable[..., None]:
    def leave(node: Node, *args: Any) -> None:
        for at, method in methods:
            if skipped[at] is None:
                result = None if method is None else method(node, *args)
                if result is BREAK or result is True:
                    skipped[at] = BREAK
            elif skipped[at] is node:
                skipped[at] = None

    return leave
