"""The page of the OpenAPI document: its Markdown rendered, every route with its example, every schema."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from itertools import pairwise
from typing import Any

from markdown_it import MarkdownIt

from rest_shim.openapi import document

STYLE = """
:root{color-scheme:light dark;--ink:#1b1b1b;--paper:#fff;--line:#d9d9d9;--soft:#f5f5f5;--link:#0b57d0;--shade:#999}
@media (prefers-color-scheme:dark){:root{--ink:#e6e6e6;--paper:#161616;--line:#444;--soft:#222;--link:#8ab4f8;
--shade:#777}}
*{box-sizing:border-box}
body{font:16px/1.55 system-ui,sans-serif;margin:0;color:var(--ink);background:var(--paper);overflow-wrap:break-word}
.page{display:grid;grid-template-columns:minmax(0,1fr);max-width:80rem;margin:0 auto;padding:0 1rem}
main{min-width:0;max-width:52rem}
nav{font-size:14px;padding:1rem 0}nav ul{list-style:none;margin:0;padding:0 0 0 .75rem}nav>ul{padding:0}
@media (min-width:64rem){.page{grid-template-columns:17rem minmax(0,1fr);gap:2.5rem}
nav{grid-column:1;grid-row:1;position:sticky;top:0;max-height:100vh;overflow:auto}main{grid-column:2;grid-row:1}
.jump{display:none}}
a{color:var(--link)}nav a{text-decoration:none}
h1{margin:1.5rem 0 .5rem}h2{border-top:1px solid var(--line);padding-top:1rem;margin-top:2.5rem}
h3{margin:2rem 0 .25rem}h4{margin:1rem 0 .25rem}
code,pre{font:14px/1.45 ui-monospace,monospace}code{background:var(--soft);padding:.1em .25em;border-radius:3px}
pre{background:var(--soft);padding:.75rem 1rem;overflow:auto;border-radius:4px}pre code{padding:0;background:none}
.scroll{overflow-x:auto;background:
linear-gradient(90deg,var(--paper) 35%,transparent) 0 0/2.5rem 100% no-repeat local,
linear-gradient(270deg,var(--paper) 35%,transparent) 100% 0/2.5rem 100% no-repeat local,
linear-gradient(90deg,var(--shade),transparent) 0 0/1rem 100% no-repeat scroll,
linear-gradient(270deg,var(--shade),transparent) 100% 0/1rem 100% no-repeat scroll}
table{border-collapse:collapse;min-width:100%;margin:.5rem 0}
td,th{border:1px solid var(--line);padding:.25rem .5rem;text-align:left;vertical-align:top}td>p{margin:0}
.method{font-weight:bold}
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CSP = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_NO_WORD = re.compile(r"[^a-z0-9]+")


@cache
def page() -> str:
    """Return the whole page: the guide, every route, every event, every schema."""
    api = document()
    guide, sections = _guide(api["info"]["description"])
    main = ["<main><h1>Counterfoil: the REST API</h1><p class=jump><a href='#contents'>Contents</a></p>", guide]
    for tag in api["tags"]:
        name = tag["name"]
        main.append(f"<h2 id='{_slug(name)}'>{_title(name)}</h2>{_rendered(tag['description'])}")
        for path, method, operation in _operations(api):
            if name in operation["tags"]:
                main += _operation(path, method, operation)
    main.append("<h2 id=schemas>Schemas</h2>")
    for name, schema in api["components"]["schemas"].items():
        main.append(f"<h3 id='schema-{name}'>{name}</h3>{_rendered(schema.get('description', ''))}")
        main += _fields(schema)
    main.append("</main>")
    head = (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Counterfoil: the REST API</title>"
        f"<meta name=viewport content='width=device-width,initial-scale=1'><style>{STYLE}</style>"
    )
    return "\n".join([head, "<div class=page>", *main, *_contents(api, sections), "</div></html>\n"])


def _operations(api: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each operation with its path, an event with its name."""
    for place in ("paths", "webhooks"):
        for path, methods in api[place].items():
            for method, operation in methods.items():
                yield path, method, operation


def _contents(api: dict[str, Any], sections: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield "<nav id=contents aria-label=Contents><ul><li>Guide<ul>"
    yield from (f"<li><a href='#{slug}'>{escape(title)}</a>" for slug, title in sections)
    yield "</ul>"
    for tag in api["tags"]:
        yield f"<li><a href='#{_slug(tag['name'])}'>{_title(tag['name'])}</a><ul>"
        for _, method, operation in _operations(api):
            # PATCH does what PUT does: one entry stands for both.
            if tag["name"] in operation["tags"] and method != "patch":
                also = " (PUT or PATCH)" if method == "put" else ""
                yield f"<li><a href='#{operation['operationId']}'>{escape(operation['summary'])}{also}</a>"
        yield "</ul>"
    yield "<li><a href=#schemas>Schemas</a><li><a href=/api/openapi.json>OpenAPI 3.1 document</a>"
    yield "<li><a href=/>Start page</a></ul></nav>"


def _guide(text: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the guide rendered, and the address and title of each of its sections."""
    tokens = _MARKDOWN.parse(text)
    sections = []
    for token, inline in pairwise(tokens):
        if token.type == "heading_open":
            slug = f"guide-{_slug(inline.content)}"
            token.attrSet("id", slug)
            if token.tag == "h2":
                sections.append((slug, inline.content))
    return _scrolling(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})), sections


def _slug(text: str) -> str:
    return _NO_WORD.sub("-", text.lower()).strip("-")


def _title(name: str) -> str:
    return name[:1].upper() + name[1:]


def _rendered(text: str) -> str:
    """Markdown as HTML; markup in it is text."""
    return _scrolling(_MARKDOWN.render(text))


def _scrolling(html: str) -> str:
    """Wide tables scroll by themselves, so that the page does not on a telephone."""
    return html.replace("<table>", "<div class=scroll><table>").replace("</table>", "</table></div>")


def _operation(path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    name = operation["operationId"]
    yield f"<h3 id='{name}'>{escape(operation['summary'])}</h3>"
    yield f"<p><code><span class=method>{method.upper()}</span> {escape(path)}</code></p>"
    yield _rendered(operation.get("description", ""))
    rows = [
        (part["name"], part["in"], _type(part["schema"]), part["description"])
        for part in operation.get("parameters", ())
    ]
    if rows:
        yield _table(("Parameter", "In", "Type", "Meaning"), rows)
    if "requestBody" in operation:
        content = operation["requestBody"]["content"]["application/json"]
        yield f"<h4>Body: {_type(content['schema'])}</h4>"
        if not path.startswith("/"):
            yield _json(content["example"])
    responses = []
    for status, response in operation["responses"].items():
        # A file has a media type, and no schema.
        content = response.get("content", {})
        schemas = [_type(media["schema"]) if "schema" in media else escape(name) for name, media in content.items()]
        responses.append((status, response["description"], "".join(schemas), ", ".join(response.get("headers", ()))))
        for media in content.values():
            if "example" in media:
                yield f"<h4>Response: {status}</h4>{_json(media['example'])}"
    yield _table(("Status", "When", "Body", "Headers"), responses)


def _json(value: Any) -> str:
    return f"<pre><code>{escape(json.dumps(value, indent=2, ensure_ascii=False))}</code></pre>"


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    required = schema.get("required", ())
    rows = [
        (
            name,
            "always" if name in required else "read-only" if field.get("readOnly") else "optional",
            _type(field),
            field.get("description") or "",
        )
        for name, field in schema.get("properties", {}).items()
    ]
    if rows:
        yield _table(("Field", "Given", "Type", "Meaning"), rows)


def _table(head: Sequence[str], rows: Sequence[tuple[str, str, str, str]]) -> str:
    """Return a table of four columns: names, words, types (which are markup already), Markdown."""
    made = ["<div class=scroll><table><tr>", *(f"<th>{name}" for name in head)]
    for name, word, type_, said in rows:
        made += [f"<tr><td><code>{escape(name)}</code><td>{_inline(word)}<td>{type_}<td>{_inline(said)}"]
    return "".join([*made, "</table></div>"])


def _inline(text: str) -> str:
    """Markdown of one line."""
    html: str = _MARKDOWN.renderInline(text)
    return html


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
    if "enum" in schema:
        return ", ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    bounds = {
        name: schema[name]
        for name in ("const", "format", "minimum", "maximum", "minLength", "maxLength", "default")
        if name in schema
    }
    return escape(text + "".join(f", {name} {json.dumps(value)}" for name, value in bounds.items()))
