"""Errors as RFC 9457 problem details."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

import orjson

from resolvers.errors import ErrorView
from web.http import Header, Reply, reply

MEDIA_TYPE = "application/problem+json"
_MEDIA = MEDIA_TYPE.encode()
_OURS = frozenset({"code", "status", "field", "requestId", "path"})

# Of RFC 9110; before Python 3.13 the standard library has older words for them.
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}


def title_of(status: int) -> str:
    """Return what a status is called, the same on every Python."""
    return _TITLES.get(status) or HTTPStatus(status).phrase


def problem(errors: list[ErrorView], place: Callable[[str], str], headers: Iterable[Header] = ()) -> Reply:
    """Return the problem of one refusal, or of several of one input; ``place`` names a field as the request does."""
    first = errors[0]["extensions"]
    status, code = first["status"], first["code"]
    body: dict[str, Any] = {
        "type": f"urn:counterfoil:problem:{code.lower().replace('_', '-')}",
        "title": title_of(status),
        "status": status,
        "detail": errors[0]["message"] if len(errors) == 1 else f"{len(errors)} values are invalid.",
        "code": code,
        "errors": [_part(error, place) for error in errors if "field" in error["extensions"]],
        "requestId": first["requestId"],
    }
    if code != "BAD_INPUT":
        body |= {name: value for name, value in first.items() if name not in _OURS}
    sent = [*headers]
    if "retryAfter" in first:
        sent.append((b"retry-after", b"%d" % first["retryAfter"]))
    if status == HTTPStatus.UNAUTHORIZED:
        sent.append((b"www-authenticate", b"Bearer"))
    return reply(status, orjson.dumps(body), _MEDIA, sent)


def _part(error: ErrorView, place: Callable[[str], str]) -> dict[str, Any]:
    """Return one wrong value: its code is the error's reason, where it has one."""
    extensions = error["extensions"]
    part = {
        "field": place(extensions["field"]),
        "code": extensions.get("reason", extensions["code"]),
        "message": error["message"],
    }
    return part | {name: value for name, value in extensions.items() if name not in _OURS and name != "reason"}
