"""Answers: the data, the errors and the cost of an operation, before they are written for one of the APIs."""

from dataclasses import dataclass, field
from typing import Any

from execution import DocumentError, DocumentLimitError, DocumentSyntaxError, Outcome
from resolvers.context import Context
from resolvers.errors import ErrorView, Refusal, Refusals, shown_refusal
from schema.errors import shown_error


@dataclass(slots=True)
class Answer:
    """What an operation gave. ``ran`` is false for one that was refused before anything ran.

    ``cost`` is what was asked, ``actual`` what the objects that came cost, None where none was counted.
    """

    data: dict[str, Any] | None
    errors: list[ErrorView] = field(default_factory=list)
    ran: bool = True
    cost: int = 0
    actual: int | None = None
    remaining: int | None = None

    @property
    def bare(self) -> bool:
        """Whether no root field was answered."""
        return not self.data or all(part is None for part in self.data.values())

    @property
    def status(self) -> int:
        """The HTTP status of the first error; 200 without one."""
        first: int = self.errors[0]["extensions"]["status"] if self.errors else 200
        return first


def answered(ctx: Context, result: Outcome) -> Answer:
    """Return the answer of an operation that ran."""
    return Answer(result.data, errors_of(ctx, result) if result.errors else [], actual=result.cost)


def errors_of(ctx: Context, result: Outcome) -> list[ErrorView]:
    """Return the errors of an outcome as a client sees them."""
    return [shown for error in result.errors or () for shown in shown_error(error, ctx.request_id)]


def code_of(error: DocumentError) -> str:
    """Return the error code of a document that cannot run."""
    if isinstance(error, DocumentLimitError):
        return "TOO_COMPLEX"
    return "GRAPHQL_PARSE_FAILED" if isinstance(error, DocumentSyntaxError) else "GRAPHQL_VALIDATION_FAILED"


def refused_answer(error: Refusal | Refusals | DocumentError, request_id: str) -> Answer:
    """The answer to what was refused before it ran."""
    if isinstance(error, DocumentError):
        errors = [shown for each in error.errors for shown in shown_error(each, request_id, code_of(error))]
    elif isinstance(error, Refusals):
        errors = [shown_refusal(refusal, request_id) for refusal in error.refusals]
    else:
        errors = [shown_refusal(error, request_id)]
    return Answer(None, errors, ran=False)
