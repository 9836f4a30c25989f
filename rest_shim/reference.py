"""The REST API's documentation: the OpenAPI document, and a page of it that loads nothing."""

import asyncio
import hashlib
from functools import cache

from rest_shim.openapi import printed_openapi
from rest_shim.page import CSP, page
from web.etags import not_modified
from web.http import HTML, JSON, Reply, Request, reply


@cache
def _document() -> tuple[bytes, bytes]:
    """Return the document's bytes and their ETag."""
    text = printed_openapi().encode()
    return text, b'"%s"' % hashlib.sha256(text).hexdigest()[:32].encode()


async def openapi(request: Request) -> Reply:
    """Answer with the OpenAPI document."""
    text, tag = await asyncio.to_thread(_document)
    # It changes with each release: kept, but asked for anew.
    headers = [(b"etag", tag), (b"cache-control", b"no-cache")]
    return reply(304 if not_modified(request, tag) else 200, text, JSON, headers)


async def docs(_request: Request) -> Reply:
    """Answer with the page."""
    text = await asyncio.to_thread(page)
    return reply(200, text.encode(), HTML, [(b"content-security-policy", CSP.encode())])
