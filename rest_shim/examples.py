"""An example of each route: a request to paste, and its response. A test sends them all and compares."""

import json
from shlex import quote
from typing import Any

from models.webhooks import API_VERSION
from resolvers.lists.page_window import DEFAULT_PAGE
from rest_shim.bound import bound
from rest_shim.routes import Route, Shows

_AT = "2026-11-25T09:30:00.000Z"
_LATER = "2026-11-25T10:15:00.000Z"

CLIENT: dict[str, Any] = {
    "publicId": "client_01kaxq7v1ge2srcjh15cmt4fdk",
    "name": "Ada Lovelace",
    "email": "ada@example.com",
    "company": "Analytical Engines Ltd",
    "phone": None,
    "address": None,
    "taxId": None,
    "status": "LEAD",
    "tags": ["vip"],
    "source": None,
    "notes": None,
    "metadata": {"crmId": "4711"},
    "createdAt": _AT,
    "updatedAt": _AT,
    "version": 1,
}
SERVICE: dict[str, Any] = {
    "publicId": "service_01kaxq7v1hfpss49h2h6ttdpqe",
    "name": "Logo design",
    "description": "Three drafts, two rounds of revision.",
    "price": 15000,
    "currency": "EUR",
    "billing": "ONE_TIME",
    "interval": None,
    "deliveryDays": 5,
    "status": "ACTIVE",
    "tags": [],
    "metadata": {},
    "createdAt": _AT,
    "updatedAt": _AT,
    "version": 1,
}
ORDER: dict[str, Any] = {
    "publicId": "order_01kaxq7v1jfnrsm5s6cqbrjxr1",
    "number": 1001,
    "clientId": CLIENT["publicId"],
    "serviceId": SERVICE["publicId"],
    "quantity": 2,
    "unitPrice": 15000,
    "total": 30000,
    "currency": "EUR",
    "deliveryDays": 5,
    "status": "PENDING",
    "dueAt": None,
    "startedAt": None,
    "heldAt": None,
    "deliveredAt": None,
    "completedAt": None,
    "cancelledReason": None,
    "revisions": 0,
    "notes": "In blue, please.",
    "formData": None,
    "tags": [],
    "metadata": {},
    "createdAt": _AT,
    "updatedAt": _AT,
    "version": 1,
}
MESSAGE: dict[str, Any] = {
    "publicId": "message_01kaxq7v1me0pth0yq3t6z5p6e",
    "orderId": ORDER["publicId"],
    "author": {"kind": "STAFF", "name": "server"},
    "body": "The first draft is on its way.",
    "visibility": "PUBLIC",
    "attachments": [],
    "createdAt": _AT,
    "updatedAt": _AT,
    "version": 1,
}
WEBHOOK: dict[str, Any] = {
    "publicId": "webhook_01kaxq7v1kf92va7svz1n0v2x3",
    "url": "https://example.com/hooks/counterfoil",
    "events": ["client.created", "order.status_changed"],
    "description": "The accounting system",
    "apiVersion": API_VERSION,
    "status": "ENABLED",
    "disabledReason": None,
    "failingSince": None,
    "lastSuccessAt": None,
    "lastFailureAt": None,
    "circuit": "CLOSED",
    "pausedUntil": None,
    "createdAt": _AT,
    "updatedAt": _AT,
    "version": 1,
}
API_KEY: dict[str, Any] = {
    "publicId": "apikey_01kaxq7v1mfz2s8q4w6t9k3hnc",
    "name": "Shop",
    "prefix": "sk_live_01kaxq7v1mfz2s8q4w6t9k3hnc",
    "lastFour": "7q2m",
    "scopes": ["clients:read", "orders:write"],
    "status": "ACTIVE",
    "expiresAt": None,
    "previousUntil": None,
    "lastUsedAt": None,
    "revokedAt": None,
    "createdBy": "server",
    "createdByKeyId": "apikey_01kaxq7v1ne5m2c0r8x4j6v9tb",
    "createdAt": _AT,
    "updatedAt": _AT,
    "version": 1,
}
OBJECTS: dict[str, dict[str, Any]] = {
    "client": CLIENT,
    "service": SERVICE,
    "order": ORDER,
    "webhook": WEBHOOK,
    "api_key": API_KEY,
}

# The bodies, by operation.
BODIES: dict[str, dict[str, Any]] = {
    "CreateClient": {
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "company": "Analytical Engines Ltd",
        "tags": ["vip"],
        "metadata": {"crmId": "4711"},
    },
    "UpdateClient": {"status": "ACTIVE", "phone": "+44 20 7946 0000"},
    "CreateService": {
        "name": "Logo design",
        "description": "Three drafts, two rounds of revision.",
        "price": 15000,
        "deliveryDays": 5,
        "status": "ACTIVE",
    },
    "UpdateService": {"price": 18000},
    "CreateOrder": {
        "clientId": CLIENT["publicId"],
        "serviceId": SERVICE["publicId"],
        "quantity": 2,
        "notes": "In blue, please.",
    },
    "UpdateOrder": {"status": "SUBMITTED", "notes": "In dark blue, please."},
    "CreateWebhook": {
        "url": "https://example.com/hooks/counterfoil",
        "events": ["client.created", "order.status_changed"],
        "description": "The accounting system",
    },
    "CreateApiKey": {"name": "Shop", "scopes": ["clients:read", "orders:write"]},
}
# What an operation without a body changes.
CHANGED: dict[str, dict[str, Any]] = {"RevokeApiKey": {"status": "REVOKED", "revokedAt": _LATER}}
QUERIES: dict[str, str] = {
    "ListClients": "status=LEAD,ACTIVE&tag=vip&sort=name",
    "ListServices": "status=ACTIVE&priceMax=20000&sort=price",
    "ListOrders": "status=PENDING,SUBMITTED&totalMin=10000&sort=-total",
    "ListWebhooks": "status=ENABLED",
    "ListApiKeys": f"ids={API_KEY['publicId']}&status=ACTIVE",
}
# What is shown beside the object.
_BESIDE: dict[str, Any] = {
    "secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    "rawKey": f"{API_KEY['prefix']}5m0c7x1d9v3w8k2n6p4r0t5y1b7h3f9j2g6z8s4e0q5a1c7d3w9v6xk7q2m",
    "disabledWebhookIds": [],
    "alsoRevoked": 0,
}


def body_of(route: Route) -> dict[str, Any] | None:
    """The body that the example sends; None without one."""
    return BODIES.get(route.operation)


def response_of(route: Route) -> dict[str, Any] | None:
    """The body of the example's response; None without one."""
    if route.shows is Shows.NOTHING:
        return None
    shown = OBJECTS[route.resource.singular]
    if route.shows is Shows.PAGE:
        return {"data": [shown], "pagination": {"limit": DEFAULT_PAGE, "hasMore": False, "nextCursor": None}}
    changed = BODIES[route.operation] if route.merges else CHANGED.get(route.operation)
    if changed is not None:
        shown = shown | changed | {"updatedAt": _LATER, "version": 2}
    return {"data": shown | {name: _BESIDE[name] for name in route.beside}}


def curl_of(route: Route) -> str:
    """The example's request as a command of the shell."""
    made, path = bound(route), route.path
    for name, _ in made.path:
        path = path.replace(f"{{{name}}}", OBJECTS[route.resource.singular]["publicId"])
    query = f"?{QUERIES[route.operation]}" if made.parameters else ""
    body = body_of(route)
    # What curl sends by itself: a POST where there is a body, else a GET.
    method = "" if route.method == ("GET" if body is None else "POST") else f"-X {route.method} "
    key = "" if route.public else ' -H "Authorization: Bearer $KEY"'
    lines = [f'curl -s {method}"$URL{path}{query}"{key}']
    if made.versioned:
        lines[0] += " -H 'If-Match: \"1\"'"
    if body is not None:
        lines += ["-H 'Content-Type: application/json'", f"-d {quote(json.dumps(body, ensure_ascii=False))}"]
    return " \\\n  ".join(lines)
