"""The rules that documents are validated by: the standard's, two of them in words and with exceptions of our own."""

from typing import Any

from graphql import ValuesOfCorrectTypeRule, VariablesInAllowedPositionRule

from execution import RULES
from schema.requests.literals import LiteralsRule
from schema.requests.older_documents import VariablesRule

_OURS: dict[Any, Any] = {ValuesOfCorrectTypeRule: LiteralsRule, VariablesInAllowedPositionRule: VariablesRule}
CHECKS: tuple[Any, ...] = tuple(_OURS.get(rule, rule) for rule in RULES)
