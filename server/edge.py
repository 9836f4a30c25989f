"""The outermost layer, in plain ASGI: request id, deadline, security headers, one log line for each request."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import quote

import orjson
import structlog

from models.typeid import new_uuid
from resolvers.errors import Refusal
from rest_shim.problems import MEDIA_TYPE, problem
from schema.errors import shown_refusal

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = structlog.get_logger()
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]
MASKED = "Something went wrong on our side."
STRICT_CSP = b"default-src 'none'; frame-ancestors 'none'"


class Edge:
    """Wraps the application. ``timing`` adds the number of SQL statements in a Server-Timing header."""

    def __init__(self, app: App, *, seconds: float, timing: bool) -> None:
        self.app = app
        self.seconds = seconds
        self.timing = timing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what goes wrong on our side is a masked 500, what takes too long a 503."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        started, status = time.perf_counter(), 0

        async def send_head(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *self._headers(message, state, request_id)]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                async with asyncio.timeout(self.seconds):
                    await self.app(scope, receive, send_head)
            except TimeoutError:
                late = Refusal("UNAVAILABLE", "It took too long. Try again.", retryAfter=1)
                await _fail(status, send_head, late, request_id, scope["path"])
            except Exception:
                log.exception("unexpected error")
                await _fail(status, send_head, Refusal("INTERNAL", MASKED), request_id, scope["path"])
            log.info(
                "request",
                method=scope["method"],
                # Percent-encoded: a control character must not reach a terminal.
                path=quote(scope["path"]),
                status=status,
                ms=round((time.perf_counter() - started) * 1000, 2),
                statements=state.get("statements", 0),
            )

    def _headers(self, message: Message, state: Any, request_id: str) -> list[tuple[bytes, bytes]]:
        added = [(b"x-request-id", request_id.encode()), *SECURITY_HEADERS]
        if not any(name == b"content-security-policy" for name, _ in message["headers"]):
            added.append((b"content-security-policy", STRICT_CSP))
        if self.timing:
            added.append((b"server-timing", f'sql;desc="{state.get("statements", 0)}"'.encode()))
        return added


def _request_id(scope: Scope) -> str:
    """The caller's id when it is a plain one, else one of ours."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            text: str = value.decode()
            return text
    return new_uuid().hex


def masked(refusal: Refusal, request_id: str, path: str) -> tuple[int, str, bytes]:
    """Status, media type and body of an answer in the shape of the path's door."""
    shown = shown_refusal(refusal, request_id)
    if path.startswith("/graphql"):
        return refusal.status, "application/json", orjson.dumps({"errors": [shown]})
    response = problem([shown], str)
    return refusal.status, MEDIA_TYPE, bytes(response.body)


async def _fail(status: int, send: Send, refusal: Refusal, request_id: str, path: str) -> None:
    if status:
        return  # the head has left: the connection's end tells
    code, media, body = masked(refusal, request_id, path)
    headers = [(b"content-type", media.encode()), (b"content-length", str(len(body)).encode())]
    if "retryAfter" in refusal.extra:
        headers.append((b"retry-after", str(refusal.extra["retryAfter"]).encode()))
    await send({"type": "http.response.start", "status": code, "headers": headers})
    await send({"type": "http.response.body", "body": body})
