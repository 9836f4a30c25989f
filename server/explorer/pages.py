"""What a browser gets at `/graphql`: GraphiQL, or how to build it; and the files that the page loads."""

import asyncio

from resolvers.errors import Refusal, shown_refusal
from server.explorer.files import Built, File
from server.http.compression import LEAST, VARY, coding_for
from web.http import HTML, Reply, Request, reply
from web.problems import problem

# What the editor needs, and nothing from another host: it makes its workers of our files and its styles as it goes.
CSP = (
    b"default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; "
    b"img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    b"frame-ancestors 'none'"
)
_MISSING_CSP = b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# `make dev` builds it in the background, in some 20 s.
RETRY_S = 5
_MISSING = f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="{RETRY_S}">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>GraphiQL is not built</title>
<h1>GraphiQL is not built yet</h1>
<p><code>make dev</code> builds it in the background; this page reloads by itself. If you did not start it with
<code>make dev</code>, run <code>make explorer</code> in the checkout. An installed wheel has it.</p>
<p>The GraphQL API answers <code>POST /graphql</code> meanwhile.</p></html>
""".encode()
# Their names change with what is in them.
_FOR_EVER = (b"cache-control", b"public, max-age=31536000, immutable")


class Explorer:
    """The page and its files."""

    def __init__(self, built: Built) -> None:
        self._built = built

    async def page(self, request: Request) -> Reply:
        """Answer with GraphiQL; with 503 and how to build it where it is not built."""
        file = await asyncio.to_thread(self._built.get, "index.html")
        if file is None:
            headers = [(b"retry-after", b"%d" % RETRY_S), (b"content-security-policy", _MISSING_CSP)]
            return reply(503, _MISSING, HTML, headers)
        return _reply(request, file, HTML, (b"content-security-policy", CSP), (b"cache-control", b"no-cache"))

    async def asset(self, request: Request) -> Reply:
        """Answer with a file that the page loads, which a browser keeps for ever."""
        file = await asyncio.to_thread(self._built.get, request.params["name"])
        if file is None:
            refused = Refusal("NOT_FOUND", "There is no such file.")
            return problem([shown_refusal(refused, request.request_id)], str)
        return _reply(request, file, file.media, _FOR_EVER)


def _reply(request: Request, file: File, media: bytes, *headers: tuple[bytes, bytes]) -> Reply:
    """Return a file as the client takes it: one that takes another coding than gzip gets it from the router."""
    if file.gzip is not None and coding_for(request.whole(b"accept-encoding")) == b"gzip":
        return reply(200, file.gzip, media, [*headers, (b"content-encoding", b"gzip"), VARY])
    # The router names the header too of what it would compress.
    varied = [VARY] if file.gzip is not None and len(file.plain) < LEAST else []
    return reply(200, file.plain, media, [*headers, *varied])
