"""Errors as a client sees them: a message, a path, a code; the unknown is masked and logged."""

import structlog
from graphql import GraphQLError, Node, SourceLocation, get_location

from resolvers.errors import ErrorView, Refusal, Refusals, forget_frames, internal, shown_refusal

log = structlog.get_logger()


def too_deep() -> Refusal:
    """Return the refusal of an operation in which Python would recurse too deeply."""
    return Refusal("TOO_COMPLEX", "The operation is nested too deeply.")


def shown_error(error: GraphQLError, request_id: str, code: str | None = None) -> list[ErrorView]:
    """Return one error of the execution, or several of one input. ``code`` is for errors without a cause of ours."""
    shown = _shown(error, request_id, code)
    forget_frames(error)
    return shown


def _shown(error: GraphQLError, request_id: str, code: str | None) -> list[ErrorView]:
    cause = error.original_error
    if isinstance(cause, Refusals):
        return [shown_refusal(refusal, request_id, error.path) for refusal in cause.refusals]
    if isinstance(cause, Refusal):
        return [shown_refusal(cause, request_id, error.path)]
    if isinstance(cause, RecursionError):
        return [shown_refusal(too_deep(), request_id, error.path)]
    extensions = dict(error.extensions or {})
    if code is None and "reason" not in extensions:
        # Nothing that was checked fails so: a value that cannot be shown, or a resolver that failed.
        log.error("unexpected error", request_id=request_id, path=error.path, exc_info=cause or error)
        return [shown_refusal(internal(), request_id, error.path)]
    refusal = Refusal(code or "BAD_INPUT", error.message, **extensions)
    refusal.locations = [_location(place) for place in error.locations or ()] or None
    return [shown_refusal(refusal, request_id, error.path)]


def locations_of(node: Node) -> list[dict[str, int]] | None:
    """Return where a node begins in its document."""
    loc = node.loc
    return None if loc is None else [_location(get_location(loc.source, loc.start))]


def _location(place: SourceLocation) -> dict[str, int]:
    return {"line": place.line, "column": place.column}
