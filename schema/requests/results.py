"""Results: the data, the errors and the cost of an operation, before they are written for one of the APIs."""

from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import GraphQLError

from execution import DocumentError, DocumentLimitError, DocumentSyntaxError, Operation, Outcome
from models.actors import Source
from resolvers.changes.recorded_changes import RecordedChanges
from resolvers.context import Context
from resolvers.errors import ErrorView, Refusal, Refusals, forget_frames, shown_refusal
from schema.requests.errors import locations_of, shown_error
from schema.requests.places import variable_at

# What a response has of errors at most, and how much of the first one is said where there are more.
MAX_ERRORS, MAX_ERROR_BYTES, MOST_OF_FIRST = 1_000, 1024 * 1024, 500


@dataclass(slots=True)
class OperationResult:
    """What an operation gave. ``ran`` is false for one that was refused before anything ran.

    ``recorded`` is what each of its root fields would have changed, by response key, in a dry run.
    ``dry_root_fields`` is what the caller is shown of that, by root field, None where it was no dry run.
    ``cost`` is what was asked, ``actual`` what the objects that came cost, None where none was counted.
    """

    data: dict[str, Any] | None
    errors: list[ErrorView] = field(default_factory=list)
    ran: bool = True
    cost: int = 0
    actual: int | None = None
    remaining: int | None = None
    recorded: dict[str, RecordedChanges] = field(default_factory=dict)
    dry_root_fields: list[dict[str, Any]] | None = None

    @property
    def extensions(self) -> dict[str, Any]:
        """Return what an answer says beside its data and its errors."""
        # What graphql-core ran was not counted: it cost what was asked.
        actual = self.cost if self.actual is None else self.actual
        cost = {"requested": self.cost, "actual": actual, "remaining": self.remaining}
        dry = self.dry_run
        return {"cost": cost} if dry is None else {"cost": cost, "dryRun": dry | {"rootFields": self.dry_root_fields}}

    @property
    def dry_run(self) -> dict[str, Any] | None:
        """Return the events and the changes of all root fields, None where it was no dry run."""
        if self.dry_root_fields is None:
            return None
        return {name: [part for each in self.dry_root_fields for part in each[name]] for name in ("events", "changes")}

    @property
    def bare(self) -> bool:
        """Return whether no root field has a value."""
        return not self.data or all(part is None for part in self.data.values())

    @property
    def status(self) -> int:
        """Return the HTTP status of the first error; 200 without one."""
        first: int = self.errors[0]["extensions"]["status"] if self.errors else 200
        return first


def result_of(ctx: Context, operation: Operation, outcome: Outcome) -> OperationResult:
    """Return the result of an operation that ran."""
    return OperationResult(
        outcome.data, errors_of(ctx, operation, outcome) if outcome.errors else [], actual=outcome.cost
    )


def errors_of(ctx: Context, operation: Operation, outcome: Outcome) -> list[ErrorView]:
    """Return the errors of an outcome as a client sees them; a value that a variable gave is named by it too.

    REST's callers never see the operation, so that its variables are not named to them. Raises Refusal TOO_COMPLEX for
    more than ``MAX_ERRORS``, or ``MAX_ERROR_BYTES`` of them: each has its path.
    """
    found: list[ErrorView] = []
    size = 0
    for error in outcome.errors or ():
        shown = shown_error(error, ctx.request_id)
        if ctx.source is not Source.REST:
            for each in shown:
                _name_variable(operation, error, each)
        found += shown
        size += len(orjson.dumps(shown))
        if size > MAX_ERROR_BYTES or len(found) > MAX_ERRORS:
            raise _too_many(ctx, outcome, found[0]["message"])
    return found


def _too_many(ctx: Context, outcome: Outcome, first: str) -> Refusal:
    for error in outcome.errors or ():
        forget_frames(error)
    if ctx.loaded is not None:
        ctx.loaded.note_refused()
    most = f"{MAX_ERRORS:,} errors or {MAX_ERROR_BYTES // 1024 // 1024} MiB of them"
    return Refusal("TOO_COMPLEX", f"The response would have more than {most}. The first: {first[:MOST_OF_FIRST]}")


def _name_variable(operation: Operation, error: GraphQLError, shown: ErrorView) -> None:
    name = variable_at(error.nodes, shown["extensions"].get("field"))
    for defined in operation.definition.variable_definitions or ():
        if defined.variable.name.value == name:
            shown["extensions"]["variable"] = name
            shown["locations"] = locations_of(defined)


def code_of(error: DocumentError) -> str:
    """Return the error code of a document that cannot run."""
    if isinstance(error, DocumentLimitError):
        return "TOO_COMPLEX"
    return "GRAPHQL_PARSE_FAILED" if isinstance(error, DocumentSyntaxError) else "GRAPHQL_VALIDATION_FAILED"


def refused_result(error: Refusal | Refusals | DocumentError, request_id: str) -> OperationResult:
    """Return the result of what was refused before it ran."""
    if isinstance(error, DocumentError):
        errors = [shown for each in error.errors for shown in shown_error(each, request_id, code_of(error))]
    elif isinstance(error, Refusals):
        errors = [shown_refusal(refusal, request_id) for refusal in error.refusals]
    else:
        errors = [shown_refusal(error, request_id)]
    return OperationResult(None, errors, ran=False)
