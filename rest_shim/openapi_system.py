"""The routes of the server's state in the OpenAPI document, and the tags of what is no resource."""

from typing import Any

from rest_shim.openapi_shared import curl_sample, header

# The tags of what is no route of a resource.
OTHER_TAGS = {
    "events": "The events that are sent to endpoints. The guide explains under *Webhooks* how to receive them.",
    "system": "State of the server. Needs no API key.",
}
_ALIVE = """Whether the process is running: always 200 while it is, whatever its database does. It reads nothing and is
answered even while the server is busy: what restarts a server that fails asks this route, and not `/api/ready`.

No scope is needed."""
_READY = """Whether requests can be answered: the database is there, takes changes, and has been migrated for this
version. What sends requests only to servers that can answer them, such as a load balancer, asks this route. Otherwise
it is a 503, with `reason` where an operator has to act; without it the database cannot be reached, and may soon be.

No scope is needed."""
_NOT_MIGRATED = "the database is not migrated: run `counterfoil migrate`"
_REASON = {"type": "string", "description": "Action that the operator has to take."}


def _state(shown: dict[str, str], **more: Any) -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": ["status"],
        "properties": {"status": {"type": "string", "const": shown["status"]}} | more,
    }
    return {"application/json": {"schema": schema, "example": shown}}


def _system(path: str, name: str, summary: str, description: str, responses: dict[str, Any]) -> dict[str, Any]:
    operation = {
        "operationId": name,
        "summary": summary,
        "description": description,
        "tags": ["system"],
        "x-codeSamples": curl_sample(f'curl -s "$URL{path}"'),
        "security": [],
        "responses": responses,
    }
    return {path: {"get": operation}}


SYSTEM: dict[str, Any] = _system(
    "/api/health",
    "Health",
    "Check whether the server is running",
    _ALIVE,
    {
        "200": {
            "description": "The server is running.",
            "headers": {"X-GraphQL-Operation": header("X-GraphQL-Operation")},
            "content": _state({"status": "ok"}),
        }
    },
) | _system(
    "/api/ready",
    "Ready",
    "Check whether the server can reach its migrated database",
    _READY,
    {
        "200": {"description": "The server can reach its migrated database.", "content": _state({"status": "ok"})},
        "503": {
            "description": "The server cannot reach its migrated database: see `reason`.",
            "headers": {"Retry-After": header("Retry-After")},
            "content": _state({"status": "unavailable", "reason": _NOT_MIGRATED}, reason=_REASON),
        },
    },
)
