"""The REST API's reference: the OpenAPI document, and a plain page of it that loads nothing."""

import base64
import hashlib
import json
from collections.abc import Iterator
from functools import cache
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route as HttpRoute

from rest_shim.openapi import document, printed_openapi

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b}
h2{border-top:1px solid #ccc;padding-top:1rem;margin-top:2.5rem}h3{margin:2rem 0 .25rem}
code,pre{font:14px/1.45 ui-monospace,monospace}pre{background:#f5f5f5;padding:1rem;overflow:auto}
table{border-collapse:collapse;width:100%;margin:.5rem 0}
td,th{border:1px solid #ddd;padding:.25rem .5rem;text-align:left}
.method{display:inline-block;min-width:4.5rem;font-weight:bold}p{white-space:pre-line}
@media (prefers-color-scheme:dark){body{background:#161616;color:#e6e6e6}a{color:#8ab4f8}pre{background:#222}
td,th{border-color:#444}}
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CSP = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def reference() -> list[HttpRoute]:
    """The routes of the document and of the page."""
    pages = (("/api/openapi.json", _openapi), ("/api/docs", _docs))
    return [HttpRoute(path + slash, answer) for path, answer in pages for slash in ("", "/")]


async def _openapi(request: Request) -> Response:
    return Response(printed_openapi(), media_type="application/json")


async def _docs(request: Request) -> Response:
    return HTMLResponse(page(), headers={"Content-Security-Policy": CSP})


@cache
def page() -> str:
    """The whole page: every route, then every schema."""
    api = document()
    parts = [f"<!doctype html><html lang=en><meta charset=utf-8><title>Counterfoil API</title><style>{STYLE}</style>"]
    parts += ["<meta name=viewport content='width=device-width'><h1>Counterfoil: the REST API</h1>"]
    parts += [
        f"<p>{_said(api['info']['description'])}</p><p><a href=/api/openapi.json>OpenAPI 3.1 document</a></p><ul>"
    ]
    parts += [f"<li><a href='#{tag['name']}'>{tag['name']}</a></li>" for tag in api["tags"]]
    parts.append("<li><a href='#schemas'>schemas</a></li></ul>")
    for tag in api["tags"]:
        parts.append(f"<h2 id='{tag['name']}'>{tag['name']}</h2>")
        for path, methods in api["paths"].items():
            for method, operation in methods.items():
                if tag["name"] in operation["tags"]:
                    parts += _operation(path, method, operation)
    parts.append("<h2 id=schemas>schemas</h2>")
    for name, schema in api["components"]["schemas"].items():
        parts.append(f"<h3 id='schema-{name}'>{name}</h3><p>{_said(schema.get('description', ''))}</p>")
        parts += _fields(schema)
    return "\n".join(parts) + "</html>\n"


def _operation(path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    name = operation["operationId"]
    yield f"<h3 id='{name}'><code><span class=method>{method.upper()}</span> {escape(path)}</code></h3>"
    yield f"<p><b>{escape(operation['summary'])}.</b> {_said(operation.get('description', ''))}</p>"
    rows = [
        (part["name"], part["in"], _type(part["schema"]), part["description"])
        for part in operation.get("parameters", ())
    ]
    if rows:
        yield _table(("Parameter", "In", "Type", "Meaning"), rows)
    if "requestBody" in operation:
        yield f"<p>Body: {_type(operation['requestBody']['content']['application/json']['schema'])}</p>"
    answers = []
    for status, answer in operation["responses"].items():
        schemas = [_type(media["schema"]) for media in answer.get("content", {}).values()]
        answers.append((status, answer["description"], "".join(schemas), ", ".join(answer.get("headers", ()))))
    yield _table(("Status", "When", "Answer", "Headers"), [(a, c, b, d) for a, b, c, d in answers], second=True)


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    required = schema.get("required", ())
    rows = [
        (
            name,
            "always" if name in required else "read-only" if field.get("readOnly") else "optional",
            _type(field),
            said,
        )
        for name, field in schema.get("properties", {}).items()
        for said in [field.get("description") or ""]
    ]
    if rows:
        yield _table(("Field", "Given", "Type", "Meaning"), rows)


def _table(head: tuple[str, ...], rows: list[tuple[str, str, str, str]], *, second: bool = False) -> str:
    """A table; its type column, the third (or the second), holds markup already."""
    markup = 1 if second else 2
    names = [head[0], head[2], head[1], head[3]] if second else list(head)
    made = ["<table><tr>", *(f"<th>{name}" for name in names)]
    for row in rows:
        cells = [cell if index == markup else escape(cell) for index, cell in enumerate(row)]
        made += ["<tr>", *(f"<td>{cell}" for cell in cells)]
    return "".join([*made, "</table>"])


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"<a href='#schema-{name}'>{name}</a>"
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    kinds = schema.get("type", "any")
    if schema.get("type") == "array" or (isinstance(kinds, list) and "array" in kinds):
        return f"array of {_type(schema['items'])}"
    if schema.get("properties"):
        parts = (f"{name}: {_type(part)}" for name, part in schema["properties"].items())
        return "{" + ", ".join(parts) + "}"
    text = kinds if isinstance(kinds, str) else " or ".join(kinds)
    bounds = {
        name: schema[name]
        for name in ("const", "format", "minimum", "maximum", "minLength", "maxLength", "pattern", "default")
        if name in schema
    }
    return escape(text + "".join(f", {name} {json.dumps(value)}" for name, value in bounds.items()))


def _said(text: str) -> str:
    """A description: escaped, its `code` shown as such."""
    pieces = escape(text).split("`")
    return "".join(f"<code>{piece}</code>" if index % 2 else piece for index, piece in enumerate(pieces))
