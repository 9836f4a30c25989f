"""The parts of the OpenAPI document that no route table tells: the problem, the pagination, headers."""

from http import HTTPStatus
from typing import Any

from models.machines import Guard
from resolvers.errors import CONFLICTS, REASONS
from rest_shim.guide import ADVICE
from web.problems import MEDIA_TYPE, title_of

# What is refused before its cost is known says nothing of what is left.
UNPAID = frozenset({401, 408, 413, 415, 500})
# Nor of whether a change was only to be tried.
WITHOUT_DRY_RUN = UNPAID - {500} | {429}

# What else speaks against a value than what is wrong with it by itself, and the conflicts.
_MORE_CODES = ("INVALID_CURSOR", "INVALID_TRANSITION", "VERSION_MISMATCH", "FORBIDDEN")
# The members of a problem itself, not of one value.
_OF_THE_WHOLE = ("allowed", "limit", "scope", "currentVersion", "blockedBy", "until", "retryAfter")


def problem() -> dict[str, Any]:
    """Return the schema of a problem, whose errors have the conflicts of all domains among their codes."""
    codes = [*REASONS, *sorted(CONFLICTS), *_MORE_CODES]
    members = _members()
    return {
        "type": "object",
        "description": "Problem details (RFC 9457). A member that is not required is present only with some codes.",
        "required": ["type", "title", "status", "detail", "code", "errors", "requestId"],
        "properties": {
            "type": {"type": "string", "description": "URN that identifies the code."},
            "title": {"type": "string", "description": "Reason phrase of the status."},
            "status": {"type": "integer", "description": "HTTP status."},
            "detail": {"type": "string", "description": "Explanation for a person."},
            "code": {"type": "string", "enum": sorted(ADVICE), "description": "Error code, for programs."},
            "errors": {
                "type": "array",
                "description": "The invalid values of the request.",
                "items": {
                    "type": "object",
                    "required": ["field", "code", "message"],
                    "properties": {
                        "field": {
                            "type": "string",
                            "description": "Location of the value, such as `body.email` or `query.limit`.",
                        },
                        "code": {"type": "string", "enum": codes, "description": "Why the value is invalid."},
                        "message": {"type": "string", "description": "Explanation for a person."},
                        **members,
                    },
                },
            },
            "requestId": {"type": "string", "description": "ID of the request, as in `X-Request-Id`."},
            "reason": {
                "type": "string",
                "enum": sorted(CONFLICTS),
                "description": "Why it is a `CONFLICT`.",
            },
            **{name: members[name] for name in _OF_THE_WHOLE},
        },
    }


def _members() -> dict[str, Any]:
    """Return the schemas of what helps a program to go on, each of which only some refusals have."""
    bound: dict[str, Any] = {"type": ["number", "string"]}
    return {
        "allowed": {
            "type": "array",
            "items": {"type": "string"},
            "description": "The allowed values, with `NOT_ONE_OF`; the possible statuses, with `INVALID_TRANSITION`.",
        },
        "label": {"type": "string", "description": "Label of the field, with values of forms."},
        "limit": {
            "type": "integer",
            "description": "The limit that the value or the request exceeds, such as with `TOO_LONG`.",
        },
        "minimum": bound | {"description": "The smallest or earliest allowed value, with `OUT_OF_RANGE`."},
        "maximum": bound | {"description": "The largest or latest allowed value, with `OUT_OF_RANGE`."},
        "scope": {"type": "string", "description": "The scope that the API key lacks, with `FORBIDDEN`."},
        "currentVersion": {"type": "integer", "description": "Version of the object, with `VERSION_MISMATCH`."},
        "blockedBy": {
            "type": "string",
            "enum": [each.value for each in Guard],
            "description": "The rule that blocks the transition, with `INVALID_TRANSITION`.",
        },
        "until": {
            "type": "string",
            "format": "date-time",
            "description": "Time until which the transition was possible, with `INVALID_TRANSITION`.",
        },
        "retryAfter": {
            "type": "integer",
            "minimum": 0,
            "description": "Seconds to wait before a retry, as in `Retry-After`.",
        },
    }


PAGINATION: dict[str, Any] = {
    "type": "object",
    "description": "Position of a page in its list.",
    "required": ["limit", "hasMore", "nextCursor"],
    "properties": {
        "limit": {"type": "integer", "description": "Maximum number of objects on a page."},
        "hasMore": {"type": "boolean", "description": "Whether there are more objects after this page."},
        "nextCursor": {
            "type": ["string", "null"],
            "description": "The `cursor` of the next page; null on the last page.",
        },
        "page": {"type": "integer", "description": "Number of the page. Only if the request has `page`."},
        "total": {
            "type": "integer",
            "description": "Total number of objects in the list. Only if the request has `page`.",
        },
        "totalPages": {"type": "integer", "description": "Total number of pages. Only if the request has `page`."},
    },
}

# Every event and change that a dry run shows.
DRY_RUN_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "The changes that the request would make to objects that the API key may read. Only in a dry run.",
    "required": ["events", "changes"],
    "properties": {
        "events": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Types of the events that would follow, such as `order.updated`.",
        },
        "changes": {
            "type": "array",
            "description": "The fields that would change.",
            "items": {
                "type": "object",
                "required": ["target", "field", "before", "after"],
                "properties": {
                    "target": {"type": "string", "description": "ID of the object. That of a new one is provisional."},
                    "field": {"type": "string", "description": "Name of the field."},
                    "before": {"description": "Its value before; null where the object would be new."},
                    "after": {"description": "Its value after; null where the object would be gone."},
                },
            },
        },
    },
}


def _header(description: str, type_: str = "string") -> dict[str, Any]:
    return {"description": description, "schema": {"type": type_}}


_NOT_ALWAYS = "Absent if the request is refused before its cost is known, such as for a missing scope."
HEADERS: dict[str, Any] = {
    "Dry-Run": _header(
        "`true` if this is the response to a dry run. Absent if the request is refused before it is tried."
    ),
    "ETag": _header("Version of the object, quoted, for `If-Match` and `If-None-Match`."),
    "Idempotent-Replayed": _header(
        "`true` if this is the response to an earlier request with the same `Idempotency-Key`."
    ),
    "Location": _header("Path of the new object."),
    "RateLimit": _header(
        f"Remaining budget of the organization, as cost, and the seconds until it is full. {_NOT_ALWAYS}"
    ),
    "RateLimit-Policy": _header(
        f"Budget of an organization, as cost, and the seconds in which it refills. {_NOT_ALWAYS}"
    ),
    "Retry-After": _header("Seconds to wait before a retry.", "integer"),
    "WWW-Authenticate": _header("`Bearer`."),
    "X-GraphQL-Operation": _header("Name of the GraphQL operation of the route."),
    "X-Request-Id": _header("ID of the request: the one that was sent, or a generated one."),
}


def header(name: str) -> dict[str, str]:
    """Return a reference to a header of a response."""
    return {"$ref": f"#/components/headers/{name}"}


def curl_sample(command: str) -> list[dict[str, str]]:
    """Return the samples of an operation, as tools that show the document take them: a request to paste."""
    return [{"lang": "shell", "label": "curl", "source": command}]


def problem_response(
    status: int, codes: list[str], *, named: bool = True, paid: bool = True, dry_run: bool = False
) -> dict[str, Any]:
    """Return the response of a status, for one of some codes; ``named``: it names the route's operation; ``paid``: it
    says what the organization may still spend; ``dry_run``: it says whether a change was only tried."""
    headers = {name: header(name) for name in ("X-Request-Id", *(["X-GraphQL-Operation"] if named else []))}
    if paid and status not in UNPAID:
        headers |= {name: header(name) for name in ("RateLimit", "RateLimit-Policy")}
    if dry_run and status not in WITHOUT_DRY_RUN:
        headers["Dry-Run"] = header("Dry-Run")
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE) or "IDEMPOTENCY_IN_FLIGHT" in codes:
        headers["Retry-After"] = header("Retry-After")
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = header("WWW-Authenticate")
    text = f"{title_of(status)}: {', '.join(codes)}."
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": text, "headers": headers, "content": {MEDIA_TYPE: {"schema": schema}}}
