"""Refusals: every error that a caller can meet has a code, and every code has one HTTP status."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from models.names import camel

ErrorView = dict[str, Any]
S = TypeVar("S")
T = TypeVar("T")

STATUS: dict[str, int] = {
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "BAD_INPUT": 400,
    "INVALID_CURSOR": 400,
    "INVALID_TRANSITION": 409,
    "CONFLICT": 409,
    "VERSION_MISMATCH": 412,
    "IDEMPOTENCY_IN_FLIGHT": 409,
    "IDEMPOTENCY_KEY_REUSED": 422,
    "TOO_LARGE": 413,
    "HEADERS_TOO_LARGE": 431,
    "REQUEST_TIMEOUT": 408,
    "NOT_IMPLEMENTED": 501,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "METHOD_NOT_ALLOWED": 405,
    "TOO_COMPLEX": 400,
    "QUERY_TOO_SLOW": 400,
    "OUT_OF_RANGE": 400,
    "EVENT_EXPIRED": 410,
    "SLOW_READER": 503,
    "RATE_LIMITED": 429,
    "UNAVAILABLE": 503,
    "OUTCOME_UNKNOWN": 503,
    "INTERNAL": 500,
    "PERSISTED_QUERY_NOT_FOUND": 400,
    "PERSISTED_QUERY_HASH_MISMATCH": 400,
    "DOCUMENT_NOT_FOUND": 404,
    "DOCUMENT_HASH_MISMATCH": 400,
    "GRAPHQL_PARSE_FAILED": 400,
    "GRAPHQL_VALIDATION_FAILED": 400,
}
# So many characters of what a client sent stand in one text of an error.
MAX_TEXT = 1_000
# Why one value is refused: the ``reason`` of a BAD_INPUT, and the code of a field in a REST response.
REASONS: dict[str, str] = {
    "REQUIRED": "The value is missing, or null where one is required.",
    "UNKNOWN_FIELD": "There is no such field.",
    "UNKNOWN_PARAMETER": "There is no such parameter.",
    "REPEATED": "It takes one value and was sent more than once.",
    "WRONG_TYPE": "The value has the wrong type, such as a number instead of a string.",
    "INVALID_FORMAT": "The value has the wrong format, such as an email address without an @.",
    "NOT_ONE_OF": "The value is none of those in `allowed`.",
    "TOO_SHORT": "The value has fewer characters or items than `limit`.",
    "TOO_LONG": "The value has more characters, items or bytes than `limit`.",
    "OUT_OF_RANGE": "The value is less than `minimum` or greater than `maximum`.",
    "NOT_FOUND": "The value refers to an object that does not exist.",
    "NOT_ALLOWED": "The value conflicts with another one, or with the state of the object that it refers to.",
    "INVALID": "The value is invalid for the reason in the message.",
}
# Why a CONFLICT is one, by its ``reason``: the conflicts that the domains declare.
CONFLICTS: dict[str, str] = {}


class Refusal(Exception):
    """One refusal: a code of ``STATUS``, a sentence for a person, the input's path, and what else helps.

    ``field`` is relative to the operation's arguments: ``first``, ``id``. In a mutation's resolver it is relative to
    the input, with names as Python writes them: ``client_id``; ``within`` is the path within it, of names that are the
    caller's own.
    """

    def __init__(self, code: str, message: str, *, field: str | None = None, **extra: Any) -> None:
        super().__init__(message)
        self.code = code
        self.status = STATUS[code]
        self.message = message
        self.field = field
        self.extra = extra
        self.within = ""
        self.placed = False
        # Where it is in the document and in the response, as far as that is known when nothing has run.
        self.locations: list[dict[str, int]] | None = None
        self.path: list[str] | None = None

    def place_in(self, argument: str) -> None:
        """Make the field, which is relative to an argument, one of the operation; once."""
        if self.field is not None and not self.placed:
            self.field, self.placed = f"{argument}.{camel(self.field)}{self.within and '.'}{self.within}", True

    def extensions(self) -> dict[str, Any]:
        """Return what goes beside the message: code, status, field and the code's own members."""
        known: dict[str, Any] = {"code": self.code, "status": self.status}
        if self.field is not None:
            known["field"] = self.field
        return known | self.extra


class Conflict:
    """What stands against a change whose input is right: the ``reason`` of a CONFLICT, and its meaning in a sentence.

    Raises ValueError for a reason that has another meaning already.
    """

    def __init__(self, reason: str, meaning: str) -> None:
        if CONFLICTS.setdefault(reason, meaning) != meaning:
            raise ValueError(f"the conflict {reason} means already: {CONFLICTS[reason]}")
        self.reason, self.meaning = reason, meaning

    def refusal(self, field: str | None = None, message: str | None = None, **extra: Any) -> Refusal:
        """Return the refusal of a change; ``message`` says more of this one than the meaning does."""
        return Refusal("CONFLICT", message or self.meaning, field=field, reason=self.reason, **extra)


IN_USE = Conflict("IN_USE", "Other objects refer to the object.")
EMAIL_TAKEN = Conflict("EMAIL_TAKEN", "Another object of the same type has this email address.")


class Refusals(Exception):
    """All that is wrong with one input, each an error of its own."""

    def __init__(self, refusals: list[Refusal]) -> None:
        super().__init__("; ".join(refusal.message for refusal in refusals))
        self.refusals = refusals


def refuse(wrong: Iterable[Refusal]) -> None:
    """Raise Refusals with all that is wrong with an input, if anything is."""
    if refusals := list(wrong):
        raise Refusals(refusals)


def both(first: Callable[[], S], second: Callable[[], T]) -> tuple[S, T]:
    """Return what two functions return. Raises Refusals with the wrong input of the second beside that of the first."""
    try:
        found = first()
    except Refusals as several:
        try:
            second()
        except Refusal as other:
            if other.status == STATUS["BAD_INPUT"]:
                raise Refusals([*several.refusals, other]) from None
            raise
        raise
    return found, second()


@contextmanager
def placed_in(argument: str) -> Iterator[None]:
    """Let the fields of refusals in a block begin with the argument that they are part of."""
    try:
        yield
    except Refusal as refusal:
        refusal.place_in(argument)
        raise
    except Refusals as several:
        for each in several.refusals:
            each.place_in(argument)
        raise


def cut(text: str) -> str:
    """Return a text that may hold what a client sent, at most ``MAX_TEXT`` characters of it."""
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"


def shown_refusal(refusal: Refusal, request_id: str, path: Sequence[Any] | None = None) -> ErrorView:
    """Return a refusal as a client sees it, in the form of a GraphQL error. Its texts are cut."""
    shown: ErrorView = {"message": cut(refusal.message)}
    path = refusal.path if path is None else path
    if path is not None:
        shown["path"] = list(path)
    if refusal.locations is not None:
        shown["locations"] = refusal.locations
    extensions = refusal.extensions()
    shown["extensions"] = {name: cut(value) if isinstance(value, str) else value for name, value in extensions.items()}
    shown["extensions"]["requestId"] = request_id
    forget_frames(refusal)
    return shown


def forget_frames(error: BaseException) -> None:
    """Drop the tracebacks of an error that was reported, and of those that it came of. Their frames hold errors in
    turn, and what a request sent: all of it would wait for the garbage collector."""
    left: list[BaseException | None] = [error]
    while left:
        each = left.pop()
        if each is not None and each.__traceback__ is not None:
            each.__traceback__ = None
            left += [each.__cause__, each.__context__, getattr(each, "original_error", None)]


def internal() -> Refusal:
    """Return the refusal for an error of the server, of which a client learns nothing else."""
    return Refusal("INTERNAL", "Something went wrong on our side.")


def not_found(label: str, field: str = "id") -> Refusal:
    """Return the refusal for an object that is missing, or another organization's: they look alike."""
    return Refusal("NOT_FOUND", f"There is no such {label}.", field=field)


def version_mismatch(label: str, current: int) -> Refusal:
    """Return the refusal for an object that has another version than the one, or than those, that a change expects."""
    message = f"The current version of the {label} is {current}; the request expects another one."
    return Refusal("VERSION_MISMATCH", message, field="expected_version", currentVersion=current)


def bad_input(field: str, message: str, reason: str = "INVALID", **extra: Any) -> Refusal:
    """Return the refusal for a wrong value of an input: ``field`` says which, ``reason`` (of ``REASONS``) why."""
    return Refusal("BAD_INPUT", message, field=field, reason=reason, **extra)


def query_too_slow(milliseconds: int) -> Refusal:
    """Return the refusal for a statement that its time-out stopped, and would stop again."""
    return Refusal(
        "QUERY_TOO_SLOW",
        f"The query was stopped after {milliseconds / 1000:g} s. Narrow its filter, for example by an id, a status or a"
        " range of createdAt, or do not ask for a total.",
    )


def too_many_checked() -> Refusal:
    """Return the refusal for a page whose order leads past too many rows that do not match its filter."""
    return Refusal(
        "QUERY_TOO_SLOW",
        "Too few of the items that come first in this order match the filter. Sort by something else, or narrow the"
        " filter: by an ID, a status, a longer search term or a range of what the list is sorted by.",
    )
