"""The ``webhooks`` section of the OpenAPI document: what an endpoint is sent, event by event."""

from typing import Any

from graphql import get_named_type

from models.names import pascal
from models.resources import Resource, events
from models.webhooks import API_VERSION
from rest_shim.examples import OBJECTS
from rest_shim.openapi_schemas import Components
from schema.declaration.json_schema import JsonSchema, root_type
from schema.graph import CORE
from schema.operations import OPERATIONS

_HEADERS = {
    "webhook-id": (
        "ID of the event: the same at every attempt, so that duplicates can be recognized.",
        "^event_[0-9a-z]{26}$",
    ),
    "webhook-timestamp": ("Time of this attempt, in seconds since 1970.", r"^\d+$"),
    "webhook-signature": ("One or two signatures, separated by a space (Standard Webhooks).", "^v1,"),
}


def webhooks(components: Components) -> dict[str, Any]:
    """Return the section. The schemas that it needs are added to the components."""
    return {name: {"post": _event(name, of, meaning, components)} for name, of, meaning in events()}


def _event(event: str, of: Resource, meaning: str, components: Components) -> dict[str, Any]:
    name = pascal(event.replace(".", "_"))
    data, shown = _data(of, components)
    example = {
        "type": event,
        "timestamp": "2026-11-25T09:30:00.000Z",
        "apiVersion": API_VERSION,
        "data": shown,
    }
    return {
        "operationId": f"on{name}",
        "summary": event,
        "description": meaning,
        "tags": ["events"],
        "security": [],
        "parameters": [
            {
                "name": header,
                "in": "header",
                "required": True,
                "description": description,
                "schema": {"type": "string", "pattern": pattern},
            }
            for header, (description, pattern) in _HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": components.named(f"{name}Event", _payload(event, meaning, data)),
                    "example": example,
                }
            },
        },
        "responses": {
            "2XX": {"description": "The event was accepted."},
            "410": {"description": "The endpoint is gone. It is disabled and receives no more events."},
            "default": {"description": "The event was not accepted. It is sent again later."},
        },
    }


def _payload(event: str, meaning: str, data: JsonSchema) -> JsonSchema:
    return {
        "type": "object",
        "description": meaning,
        "required": ["type", "timestamp", "apiVersion", "data"],
        "properties": {
            "type": {"type": "string", "const": event, "description": "Type of the event."},
            "timestamp": {"type": "string", "format": "date-time", "description": "Time of the event."},
            "apiVersion": {"type": "string", "description": f"Version of the payload format, such as {API_VERSION}."},
            "data": data,
        },
    }


def _data(of: Resource, components: Components) -> tuple[JsonSchema, dict[str, Any]]:
    """Return the object as the operation shows it that renders it, and an example of it."""
    operation = OPERATIONS[of.rendered_by]
    type_, node = root_type(CORE, operation)
    on: Any = get_named_type(type_)
    shown = components.selected(on, node, operation)
    example = {name: value for name, value in OBJECTS[of.singular].items() if name in shown["properties"]}
    return components.named(on.name if of.rendered_by == of.get_operation else of.rendered_by, shown), example
