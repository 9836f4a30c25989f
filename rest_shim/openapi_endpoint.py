"""The OpenAPI document, as the API serves it."""

import asyncio
import hashlib
from functools import cache

from rest_shim.openapi import printed_openapi
from web.etags import not_modified
from web.http import JSON, Reply, Request, reply


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
