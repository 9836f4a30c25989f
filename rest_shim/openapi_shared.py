"""The parts of the OpenAPI document that no route table tells: the problem, the pagination, headers, health."""

from typing import Any

from resolvers.errors import CONFLICTS, REASONS
from rest_shim.guide import ADVICE

TAGS = {
    "clients": "The people and companies that the organization works for.",
    "services": "The catalogue: what can be ordered, and for how much.",
    "orders": "What clients ordered, and where it stands.",
    "webhooks": "The endpoints that are sent events.",
    "events": "What endpoints are sent. Receiving is explained in the guide, under *Webhooks*.",
    "system": "The state of the service itself. Needs no key.",
}
# The codes of single values: what is wrong with one by itself, then what else speaks against it.
FIELD_CODES = [
    *REASONS,
    *CONFLICTS,
    *("INVALID_CURSOR", "INVALID_TRANSITION", "VERSION_MISMATCH", "FORBIDDEN"),
]
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "What went wrong (RFC 9457). Some codes add members of their own, such as `currentVersion`.",
    "required": ["type", "title", "status", "detail", "code", "errors", "requestId"],
    "properties": {
        "type": {"type": "string", "description": "A URN made of the code."},
        "title": {"type": "string", "description": "The status in words."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "detail": {"type": "string", "description": "A sentence for a person."},
        "code": {"type": "string", "enum": sorted(ADVICE), "description": "What a program should look at."},
        "errors": {
            "type": "array",
            "description": "Each wrong value of the request.",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {
                    "field": {"type": "string", "description": "Where it was, such as body.email or query.limit."},
                    "code": {"type": "string", "enum": FIELD_CODES, "description": "Why it is wrong."},
                    "message": {"type": "string", "description": "A sentence for a person."},
                    "allowed": {
                        "type": "array",
                        "items": {"type": "string"},
                        "description": "With NOT_ONE_OF and INVALID_TRANSITION: what may stand there.",
                    },
                    "limit": {"type": "integer", "description": "With TOO_SHORT and TOO_LONG: the bound."},
                    "minimum": {"type": "integer", "description": "With OUT_OF_RANGE: the least."},
                    "maximum": {
                        "type": ["integer", "string"],
                        "description": "With OUT_OF_RANGE: the greatest, or the latest.",
                    },
                },
            },
        },
        "requestId": {"type": "string", "description": "The request's id, as in X-Request-Id."},
    },
}

PAGINATION: dict[str, Any] = {
    "type": "object",
    "description": "Where a page stands in its list.",
    "required": ["limit", "hasMore", "nextCursor"],
    "properties": {
        "limit": {"type": "integer", "description": "How many rows a page has."},
        "hasMore": {"type": "boolean", "description": "Whether more comes after this page."},
        "nextCursor": {"type": ["string", "null"], "description": "The `cursor` of the next page; null on the last."},
        "page": {"type": "integer", "description": "The page's number, when `page` was asked for."},
        "total": {"type": "integer", "description": "How many rows there are, when `page` was asked for."},
        "totalPages": {"type": "integer", "description": "How many pages there are, when `page` was asked for."},
    },
}


def _header(description: str, kind: str = "string") -> dict[str, Any]:
    return {"description": description, "schema": {"type": kind}}


HEADERS: dict[str, Any] = {
    "ETag": _header("The object's version, quoted, for If-Match and If-None-Match."),
    "Idempotent-Replayed": _header("`true` when the answer is that of an earlier request with the Idempotency-Key."),
    "Location": _header("Where the new object is."),
    "RateLimit": _header("The cost that is left to the organization, and in how many seconds it is full again."),
    "RateLimit-Policy": _header("The cost that an organization may spend at once, and in how many seconds it refills."),
    "Retry-After": _header("Wait for so many seconds.", "integer"),
    "WWW-Authenticate": _header("`Bearer`."),
    "X-GraphQL-Operation": _header("The GraphQL operation that answered."),
    "X-Request-Id": _header("The request's id: yours, or one of ours."),
}


def _state(word: str, **more: Any) -> dict[str, Any]:
    return {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["status"],
                "properties": {"status": {"type": "string", "const": word}} | more,
            }
        }
    }


def _system(name: str, summary: str, responses: dict[str, Any]) -> dict[str, Any]:
    return {
        "get": {"operationId": name, "summary": summary, "tags": ["system"], "security": [], "responses": responses}
    }


SYSTEM: dict[str, Any] = {
    "/api/health": _system(
        "Health",
        "Whether the process lives",
        {
            "200": {
                "description": "It does.",
                "headers": {"X-GraphQL-Operation": {"$ref": "#/components/headers/X-GraphQL-Operation"}},
                "content": _state("ok"),
            }
        },
    ),
    "/api/ready": _system(
        "Ready",
        "Whether the process reaches its database, and finds it migrated",
        {
            "200": {"description": "It does.", "content": _state("ok")},
            "503": {
                "description": "It does not.",
                "headers": {"Retry-After": {"$ref": "#/components/headers/Retry-After"}},
                "content": _state(
                    "unavailable", reason={"type": "string", "description": "What an operator has to do about it."}
                ),
            },
        },
    ),
}
