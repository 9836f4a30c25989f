"""The REST API's documentation: the OpenAPI document, and a page of it that loads nothing."""

import asyncio
import hashlib
from functools import cache

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route as HttpRoute

from rest_shim.openapi import printed_openapi
from rest_shim.page import CSP, page


def reference() -> list[HttpRoute]:
    """The routes of the document and of the page."""
    pages = (("/api/openapi.json", _openapi), ("/api/docs", _docs))
    return [HttpRoute(path + slash, answer) for path, answer in pages for slash in ("", "/")]


@cache
def _document() -> tuple[bytes, str]:
    """The document's bytes and their ETag."""
    text = printed_openapi().encode()
    return text, f'"{hashlib.sha256(text).hexdigest()[:32]}"'


async def _openapi(request: Request) -> Response:
    text, tag = await asyncio.to_thread(_document)
    # It changes with each release: kept, but asked for anew.
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    known = [part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")]
    if tag in known or known == ["*"]:
        return Response(status_code=304, headers=headers)
    return Response(text, media_type="application/json", headers=headers)


async def _docs(request: Request) -> Response:
    return HTMLResponse(await asyncio.to_thread(page), headers={"Content-Security-Policy": CSP})
