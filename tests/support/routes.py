"""Every route of the REST API: what is sent to it, to which rows, and its operation over the graph."""

import json
import re
from collections.abc import Mapping
from typing import Any

from rest_shim.routes import ROUTES, Kind, Route
from schema.operations import OPERATIONS
from tests.support.api import Org, new_client, new_order, new_service

BY_NAME = {f"{route.method} {route.path}": route for route in ROUTES}
LISTS = [name for name, route in BY_NAME.items() if route.kind is Kind.LIST]
GETS = [name for name, route in BY_NAME.items() if route.kind is Kind.GET]
CHANGES = [name for name, route in BY_NAME.items() if route.kind not in (Kind.LIST, Kind.GET)]

# Ids, times and secrets differ between two organizations; everything else must not.
_MASKS = (
    (re.compile(r"\b[a-z]+_[0-9a-hjkmnp-tv-z]{26}\b"), "<id>"),
    (re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z"), "<time>"),
    (re.compile(r"whsec_[A-Za-z0-9+/=]+"), "<secret>"),
)
BODIES: Mapping[str, dict[str, Any]] = {
    "CreateClient": {"name": "Zoë", "email": "zoe@example.com", "tags": ["a", "b"], "metadata": {"crm": "7"}},
    "UpdateClient": {"company": "ACME", "phone": None, "status": "ACTIVE"},
    "CreateService": {"name": "Film", "price": 99_00, "status": "ACTIVE", "deliveryDays": 3},
    "UpdateService": {"description": "Moving pictures", "price": 120_00},
    "CreateOrder": {"quantity": 2, "notes": "Soon"},
    "UpdateOrder": {"notes": "Later", "status": "SUBMITTED"},
    "CreateWebhook": {"url": "https://93.184.216.34/hook", "events": ["*"], "description": "All"},
}
WRONG: Mapping[str, dict[str, Any]] = {
    "CreateClient": {"name": " ", "email": "nobody"},
    "UpdateClient": {"email": "nobody"},
    "CreateService": {"name": "", "price": -1},
    "UpdateService": {"price": -1},
    "CreateOrder": {"quantity": 0},
    "UpdateOrder": {"tags": [""]},
    "CreateWebhook": {"url": "not a url", "events": ["nothing.happened"]},
}


def masked(value: Any) -> Any:
    """A JSON value without what differs between two organizations."""
    text = json.dumps(value, sort_keys=True, default=str)
    for pattern, word in _MASKS:
        text = pattern.sub(word, text)
    return json.loads(text)


async def furnish(org: Org) -> dict[str, str]:
    """The same rows in each organization; the id of one object of each resource. Nothing was ordered of ``idle``."""
    hook = await org.http.post("/api/v1/webhooks", json={"url": "https://93.184.216.34/all", "events": ["*"]})
    assert hook.status_code == 201, hook.text
    client = await new_client(org, name="Ada", email="ada@example.com")
    service, idle = await new_service(org), await new_service(org, name="Idle")
    orders = [await new_order(org, client["publicId"], service["publicId"]) for _ in range(3)]
    for index in range(3):
        await new_client(org, name=f"Other {index}", email=f"other{index}@example.com")
    return {
        "client": client["publicId"],
        "service": service["publicId"],
        "idle": idle["publicId"],
        "order": orders[0]["publicId"],
        "webhook": hook.json()["data"]["publicId"],
    }


async def operation(org: Org, route: Route, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of a route's operation over /graphql."""
    body = {"query": OPERATIONS[route.operation].text, "operationName": route.operation, "variables": variables}
    answer = await org.http.post("/graphql", json=body)
    found: dict[str, Any] = answer.json()
    return found


def body_of(route: Route, ids: Mapping[str, str], bodies: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The body of a change; one of an order names its client and service."""
    of = {"clientId": ids["client"], "serviceId": ids["service"]} if route.operation == "CreateOrder" else {}
    return of | bodies.get(route.operation, {})


def subject_of(route: Route, ids: Mapping[str, str]) -> str:
    """The id of what a change is made to."""
    return ids["idle" if route.operation == "DeleteService" else route.resource]


async def rest_change(org: Org, route: Route, ids: Mapping[str, str], body: dict[str, Any]) -> Any:
    """A change over REST."""
    path = route.path.replace("{publicId}", subject_of(route, ids))
    return await org.http.request(route.method, path, json=None if route.kind is Kind.DELETE else body)
