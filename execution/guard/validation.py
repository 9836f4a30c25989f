"""The rules that a document is validated by: the standard's, one of them held to less work."""

from typing import Any

from graphql import OverlappingFieldsCanBeMergedRule, ValidationContext, specified_rules
from graphql.validation.validate import ValidationAbortedError

from execution.guard.errors import DocumentLimitError

# Comparing fields can be quadratic; an operation that a person or a tool wrote needs some hundred comparisons.
MAX_COMPARISONS = 10_000


class FieldsCanBeMergedRule(OverlappingFieldsCanBeMergedRule):
    """FieldKinds of one name can be merged; finding that out takes no longer than ``MAX_COMPARISONS``."""

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
