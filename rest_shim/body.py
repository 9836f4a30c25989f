"""A request's body: its type, its size, its JSON. Used by both doors."""

import asyncio
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request

from resolvers.errors import Refusal


async def read_json(request: Request, limit: int, seconds: float) -> dict[str, Any]:
    """The JSON object in a body. Raises Refusal UNSUPPORTED_MEDIA_TYPE, TOO_LARGE or BAD_INPUT, in this order."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json" and not (media.startswith("application/") and media.endswith("+json")):
        raise Refusal("UNSUPPORTED_MEDIA_TYPE", "The body must be application/json.")
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise _too_large(limit)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                size += len(part)
                if size > limit:
                    raise _too_large(limit)
                parts.append(part)
    except TimeoutError:
        raise Refusal("BAD_INPUT", f"The body did not arrive within {seconds:g} s.", field="body") from None
    except ClientDisconnect:
        raise Refusal("BAD_INPUT", "The body ended early.", field="body") from None
    if not size:
        raise Refusal("BAD_INPUT", "The body is empty.", field="body")
    try:
        value = orjson.loads(b"".join(parts))
    except orjson.JSONDecodeError as error:
        raise Refusal("BAD_INPUT", f"The body is not JSON: {error}.", field="body") from None
    if not isinstance(value, dict):
        raise Refusal("BAD_INPUT", "The body must be a JSON object.", field="body")
    return value


def _too_large(limit: int) -> Refusal:
    return Refusal("TOO_LARGE", f"The body may have {limit} bytes at most.")
