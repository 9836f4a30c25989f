"""The start page, and what it may load."""

import base64
import hashlib
from html import escape
from shlex import quote

# As the README shows it.
FIRST_QUERY = """curl -s {base}/graphql -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' -d '{{
  "query": "{{ clients(first: 2) {{ totalCount nodes {{ id name orders(first: 1) {{ nodes {{ number status service {{ name }} }} }} }} }} }}"
}}'"""  # noqa: E501
_STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.55 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}
pre{font:14px/1.45 ui-monospace,monospace;overflow:auto;padding:.75rem 1rem;border:1px solid #8888;border-radius:4px}
li{margin:.5rem 0}
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
LANDING_CSP = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def landing(base: str, *, graphiql: bool, demo_key: str | None) -> str:
    """Return the start page: where everything is, and a first query.

    ``demo_key`` is the file of a development server's key; it is not read here.
    """
    links = [
        ("/api/docs", "REST API", "the guide, and every route with examples, to try in the page"),
        ("/api/openapi.json", "OpenAPI 3.1 document", "for client generators and other tools"),
    ]
    if graphiql:
        links.insert(0, ("/graphql", "GraphiQL", "the GraphQL API in the browser: write queries, read the schema"))
    key = "export KEY=sk_live_…" if demo_key is None else f"KEY=$(cat {quote(demo_key)})"
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>Counterfoil</title>",
        f"<meta name=viewport content='width=device-width,initial-scale=1'><style>{_STYLE}</style>",
        "<h1>Counterfoil</h1><p>The back office of a service business: clients, services, orders, invoices, tickets,",
        "subscriptions, forms, reports, and AI agents whose changes a person approves. It is one GraphQL API at",
        "<code>/graphql</code>, with a REST API on top of it, the same operations as tools for other agents (MCP) at",
        "<code>/mcp</code>, and signed webhooks.</p><ul>",
        *(f"<li><a href={path}>{name}</a>: {said}</li>" for path, name, said in links),
        "</ul><h2>A first query</h2><p>Every request carries an API key as a bearer token.</p>",
        f"<pre>{escape(key)}\n\n{escape(FIRST_QUERY.format(base=base))}</pre></html>\n",
    ]
    return "\n".join(parts)
