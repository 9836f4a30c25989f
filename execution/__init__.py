"""Executes GraphQL operations over a schema level by level: analyzed, compiled once, and batched.

See ``README.md`` for an example. Everything that a user of the package needs is exported here.
"""

from execution.executor import Executor
from execution.guard.arguments import root_of
from execution.guard.cost import FIELDS_FOR_ONE, FREE_FIELDS, CostAnalysis, FieldRule, Limits
from execution.guard.cost_cache import CostCheck
from execution.guard.document_cache import DocumentCache
from execution.guard.documents import MAX_TOKENS, Operation, parse_operation
from execution.guard.effort import Effort, EffortLimitError
from execution.guard.errors import DocumentError, DocumentLimitError, DocumentSyntaxError, DocumentValidationError
from execution.guard.introspection import introspection_rules, introspects_too_much
from execution.guard.validation import RULES
from execution.plan.field_kinds import (
    RESOLVER_FIELD,
    Args,
    BatchField,
    ColumnReader,
    FieldKind,
    FieldKinds,
    ReadField,
    ResolverField,
    resolver_fields,
)
from execution.plan.lookahead import collect_fields, columns_of, is_included
from execution.plan.settings import Serializers
from execution.plan.shapes import INT_HIGH, INT_LOW, inline_int, usual_int
from execution.plan.variables import Variables, declared, plain_variables, variables_of
from execution.run.observation import ObserveLevel
from execution.run.runner import Outcome
from execution.run.serialization import BrokenPromiseError

__all__ = [
    "FIELDS_FOR_ONE",
    "FREE_FIELDS",
    "INT_HIGH",
    "INT_LOW",
    "MAX_TOKENS",
    "RESOLVER_FIELD",
    "RULES",
    "Args",
    "BatchField",
    "BrokenPromiseError",
    "ColumnReader",
    "CostAnalysis",
    "CostCheck",
    "DocumentCache",
    "DocumentError",
    "DocumentLimitError",
    "DocumentSyntaxError",
    "DocumentValidationError",
    "Effort",
    "EffortLimitError",
    "Executor",
    "FieldKind",
    "FieldKinds",
    "FieldRule",
    "Limits",
    "ObserveLevel",
    "Operation",
    "Outcome",
    "ReadField",
    "ResolverField",
    "Serializers",
    "Variables",
    "collect_fields",
    "columns_of",
    "declared",
    "inline_int",
    "introspection_rules",
    "introspects_too_much",
    "is_included",
    "parse_operation",
    "plain_variables",
    "resolver_fields",
    "root_of",
    "usual_int",
    "variables_of",
]
