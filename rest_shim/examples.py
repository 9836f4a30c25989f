"""An example of each route: a request to paste, and its response. A test sends them all and compares."""

import json
from shlex import quote
from typing import Any

from models.resources import RESOURCES
from models.webhooks import API_VERSION
from resolvers.lists.page_window import DEFAULT_PAGE
from rest_shim.bound import bound
from rest_shim.domain_texts import EXAMPLES
from rest_shim.route import Route, Shows

_LATER = "2026-11-25T10:15:00.000Z"


def _parsed(part: str) -> dict[str, dict[str, Any]]:
    return {name: json.loads(text.replace("{{api_version}}", API_VERSION)) for name, text in EXAMPLES[part].items()}


# The objects by their resources; then by the operation what is sent, what it changes, and what is shown beside.
OBJECTS = _parsed("object")
BODIES = _parsed("body")
QUERIES = dict(EXAMPLES["query"])
CHANGED = _parsed("changes")
PAYLOADS = _parsed("payload")


def body_of(route: Route) -> dict[str, Any] | None:
    """Return the body that the example sends; None without one."""
    return BODIES.get(route.operation)


def response_of(route: Route) -> dict[str, Any] | None:
    """Return the body of the example's response; None without one."""
    if route.shows is Shows.NOTHING:
        return None
    shown = OBJECTS[route.resource.singular]
    if route.public:
        # The public learns its id, and nothing else.
        shown = {"publicId": shown["publicId"]}
    if route.shows is Shows.PAGE:
        return {"data": [shown], "pagination": {"limit": DEFAULT_PAGE, "hasMore": False, "nextCursor": None}}
    changed = (BODIES[route.operation] if route.merges else {}) | CHANGED.get(route.operation, {})
    if changed:
        later = {} if route.makes or route.method == "GET" else {"updatedAt": _LATER, "version": 2}
        shown = shown | changed | later
    return {"data": shown | {name: PAYLOADS[route.operation][name] for name in route.payload_fields}}


def ids_of(route: Route) -> dict[str, str]:
    """Return the example's values in the path, by their names."""
    found = {}
    for name, _ in bound(route).path:
        # A list within an object has the id of this one in its path.
        parent = next(each for each in RESOURCES.values() if f"/{each.path}/{{{name}}}" in route.path)
        found[name] = OBJECTS[parent.singular]["publicId"]
    return found


def curl_of(route: Route) -> str:
    """Return the example's request as a command of the shell."""
    made, path = bound(route), route.path
    for name, value in ids_of(route).items():
        path = path.replace(f"{{{name}}}", value)
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
