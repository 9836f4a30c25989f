"""The span of an operation: its type and its name, and never its text or its variables."""

import sys

from execution import Operation
from resolvers.tracing import Span, Tracing
from schema.requests.results import OperationResult

# A name is the caller's, and may be as long as a document.
NAME_LENGTH = 100


def begin_operation(tracing: Tracing, operation: Operation) -> Span:
    """Begin the span of an operation."""
    attributes = {"graphql.operation.type": operation.operation_type}
    if operation.definition.name is not None:
        attributes["graphql.operation.name"] = operation.definition.name.value[:NAME_LENGTH]
    return tracing.begin(operation.operation_type, attributes=attributes)


def end_operation(span: Span, result: OperationResult | None) -> None:
    """End the span of an operation, with the code of its first error; without a result what is raised ended it."""
    error = sys.exception()
    if result is not None and result.errors:
        span.fail(result.errors[0]["extensions"]["code"])
    elif result is None and error is not None:
        span.fail(type(error).__name__)
    span.end()
