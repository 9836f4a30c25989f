"""GraphiQL at `/graphql` and the reference at `/api/docs`, or how to build them; and the files that they load."""

import asyncio
from dataclasses import replace

from resolvers.errors import Refusal, shown_refusal
from server.explorer.files import Built, StaticFile
from server.http.compression import LEAST, VARY, coding_for
from web.http import HTML, TEXT, Reply, Request, reply
from web.problems import problem

_NOTHING = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# What both pages need, and nothing from another host: they make styles as they go.
_NEEDED = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'"
)
REFERENCE_CSP = f"{_NEEDED}; {_NOTHING}".encode()
# GraphiQL's editor makes workers of our files.
GRAPHIQL_CSP = f"{_NEEDED}; worker-src 'self'; {_NOTHING}".encode()
_MISSING_CSP = f"default-src 'none'; {_NOTHING}".encode()
# `make dev` builds both in the background, in some 30 s.
RETRY_S = 5
# Names of the built files.
GRAPHIQL, REFERENCE = "index.html", "reference.html"
# What the reference reads off its page: that there is a GraphiQL to link to.
HAS_GRAPHIQL = b" data-graphiql"
# The licences of what is built into the pages, by the name to which they link.
LICENCES = "THIRD-PARTY-LICENSES.txt"
# The names of the other files change with what is in them.
_FOR_EVER = (b"cache-control", b"public, max-age=31536000, immutable")
_CHECKED = (b"cache-control", b"no-cache")


_YET = """<p><code>make dev</code> builds it in the background; this page reloads by itself. If you did not start it
with <code>make dev</code>, run <code>make explorer</code> in the checkout. An installed wheel has it.</p>"""
_FAILED = """<p>The last build failed. Run <code>make explorer</code> in the checkout: it builds again and prints what
is wrong. <code>make dev</code> names the file that has what its build printed. The usual reasons are that the
registries of npm and PyPI cannot be reached, or that no space is left. This page reloads by itself.</p>"""


def _missing(name: str, meanwhile: str, *, failed: bool) -> bytes:
    said = f"{name} {'could not be built' if failed else 'is not built yet'}"
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="{RETRY_S}">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>{said}</title>
<h1>{said}</h1>
{_FAILED if failed else _YET}
<p>{meanwhile}</p></html>
""".encode()


_MEANWHILE = {
    "GraphiQL": "The GraphQL API answers <code>POST /graphql</code> meanwhile.",
    "The API reference": (
        'All that it shows is in the <a href="/api/openapi.json">OpenAPI document</a>, which starts with the guide.'
    ),
}
_PAGES = {
    (name, failed): _missing(name, meanwhile, failed=failed)
    for name, meanwhile in _MEANWHILE.items()
    for failed in (False, True)
}


class Explorer:
    """The pages and their files. ``graphiql``: whether the reference links to GraphiQL."""

    def __init__(self, built: Built, *, graphiql: bool) -> None:
        self._built = built
        self._graphiql = graphiql

    async def graphiql(self, request: Request) -> Reply:
        """Answer with GraphiQL; with 503 where it is not built: how to build it, or that this failed."""
        file = await asyncio.to_thread(self._built.get, GRAPHIQL)
        return await self._unbuilt("GraphiQL") if file is None else _page(request, file, GRAPHIQL_CSP)

    async def reference(self, request: Request) -> Reply:
        """Answer with the reference; with 503 where it is not built: how to build it, or that this failed."""
        file = await asyncio.to_thread(self._built.get, REFERENCE)
        if file is None:
            return await self._unbuilt("The API reference")
        if not self._graphiql:
            file = replace(file, plain=file.plain.replace(HAS_GRAPHIQL, b""), gzip=None)
        return _page(request, file, REFERENCE_CSP)

    async def asset(self, request: Request) -> Reply:
        """Answer with a file that a page loads, which a browser keeps for ever, or with the licences."""
        name = request.params["name"]
        file = await asyncio.to_thread(self._built.get, name)
        if file is None:
            refused = Refusal("NOT_FOUND", "There is no such file.")
            return problem([shown_refusal(refused, request.request_id)], str)
        if name == LICENCES:
            return _reply(request, file, TEXT, _CHECKED)
        return _reply(request, file, file.media, _FOR_EVER)

    async def _unbuilt(self, name: str) -> Reply:
        page = _PAGES[name, await asyncio.to_thread(lambda: self._built.failed)]
        return reply(503, page, HTML, [(b"retry-after", b"%d" % RETRY_S), (b"content-security-policy", _MISSING_CSP)])


def _page(request: Request, file: StaticFile, policy: bytes) -> Reply:
    return _reply(request, file, HTML, (b"content-security-policy", policy), _CHECKED)


def _reply(request: Request, file: StaticFile, media: bytes, *headers: tuple[bytes, bytes]) -> Reply:
    """Return a file as the client takes it: one that takes another coding than gzip gets it from the router."""
    if file.gzip is not None and coding_for(request.whole(b"accept-encoding")) == b"gzip":
        return reply(200, file.gzip, media, [*headers, (b"content-encoding", b"gzip"), VARY])
    # The router names the header too of what it would compress.
    varied = [VARY] if file.gzip is not None and len(file.plain) < LEAST else []
    return reply(200, file.plain, media, [*headers, *varied])
