"""The outermost layer, in plain ASGI: request id, deadline, security headers, one log line for each request."""

import asyncio
import copy
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import orjson
import structlog

from models.typeid import new_number
from resolvers.context import Context
from resolvers.database.runtime import outcome_unknown
from resolvers.errors import Refusal, internal, shown_refusal
from server.mcp.refusals import PATH as MCP_PATH
from server.mcp.refusals import refused as refused_message
from server.monitoring.logs import REQUEST_ID, access
from server.monitoring.metrics import Metrics
from web.deadlines import Deadlines
from web.http import ARRIVED, App, Header, Message, Receive, Reply, Scope, Send, reply, send_reply
from web.problems import problem

log = structlog.get_logger()
# A caller's id must not look like one that the command line, a job or a task of ours has: these stand in the audit log.
_REQUEST_ID = re.compile(rb"(?!(?i:cli|job|task)[._-])[A-Za-z0-9._-]{1,64}")
_ALWAYS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
)
# Each where the response does not say otherwise itself.
_DEFAULTS: dict[bytes, bytes] = {
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
}
STRICT: tuple[Header, ...] = (*_ALWAYS, *_DEFAULTS.items())
# Why a request was given up.
LATE, STOPPING = "The request took too long", "The server is stopping"
Readable = Callable[[Scope, Send], Send]


class EdgeMiddleware:
    """Wraps the application. ``timing`` adds the number of SQL statements in a Server-Timing header; ``readable`` makes
    what is refused here readable for browsers of other origins."""

    def __init__(
        self, app: App, metrics: Metrics, *, seconds: float, timing: bool, readable: Readable | None = None
    ) -> None:
        self.app = app
        self.readable = readable
        self.metrics = metrics
        self.deadlines = Deadlines(seconds)
        self.timing = timing

    def refusing(self, refusal: Refusal, *, problem: bool = False) -> "EdgeMiddleware":
        """Return the same application, refusing every request with a refusal: a ``problem`` whatever the path, or in
        the shape of the path's API."""

        async def refuse(scope: Scope, _receive: Receive, send: Send) -> None:
            await self._refuse(scope, send, refusal, "" if problem else scope["path"])

        edge = copy.copy(self)
        edge.app = refuse
        return edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what goes wrong on our side is a masked 500, what takes too long a 503."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0
        identity = _request_id(scope["headers"])
        request_id = identity.decode()
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id
        state["deadlines"] = self.deadlines

        def send_head(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"]
                message["headers"] = made = [*headers, (b"x-request-id", identity), *_security(headers)]
                if self.timing:
                    made.append((b"server-timing", b'sql;desc="%d"' % state.get("statements", 0)))
            return send(message)

        token = REQUEST_ID.set(request_id)
        task, late = self.deadlines.start(), False
        try:
            try:
                await self.app(scope, receive, send_head)
            finally:
                late = self.deadlines.end(task)
        except asyncio.CancelledError:
            # Without a deadline that has passed: the process stops, and does not wait for it any longer.
            if status and not late:
                raise
            if not status:  # once the head has left, the connection's end tells
                refusal = late_refusal(state.get("ctx"), LATE if late else STOPPING)
                await self._refuse(scope, send_head, refusal, scope["path"])
        except Refusal as refused:
            if not status:
                await self._refuse(scope, send_head, refused, scope["path"])
        except Exception:
            log.exception("unexpected error")
            if not status:
                await self._refuse(scope, send_head, internal(), scope["path"])
        # Until its connection's next request the scope stays: what the request has read need not.
        state.pop("ctx", None)
        state.pop(ARRIVED, None)
        seconds, statements = time.perf_counter() - started, state.get("statements", 0)
        self.metrics.note(state.get("api", "other"), state.get("operation_type", "none"), status, seconds, statements)
        access(request_id, scope["method"], scope["path"], status, seconds, statements)
        REQUEST_ID.reset(token)

    async def _refuse(self, scope: Scope, send: Send, refusal: Refusal, path: str) -> None:
        if self.readable is not None:
            send = self.readable(scope, send)
        state = scope["state"]
        await send_reply(masked(refusal, state["request_id"], path, state.get("always", ())), send)


def late_refusal(ctx: Context | None, why: str = LATE) -> Refusal:
    """Return the refusal of a request that took too long: after a commit, its change may be there."""
    if ctx is not None and ctx.committed:
        return outcome_unknown(keyed=ctx.idempotency_key is not None)
    return Refusal("UNAVAILABLE", f"{why}; retry it.", retryAfter=1)


def _security(headers: Iterable[Header]) -> tuple[Header, ...]:
    """Return what every response carries; a page brings a policy of its own, and what may be kept says so."""
    for name, _ in headers:
        if name in _DEFAULTS:
            own = {name for name, _ in headers}
            return (*_ALWAYS, *(item for item in _DEFAULTS.items() if item[0] not in own))
    return STRICT


def _request_id(headers: Iterable[Header]) -> bytes:
    """Return the caller's id when it is a plain one, else one of ours."""
    for name, value in headers:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return value
    return b"%032x" % new_number()


def masked(refusal: Refusal, request_id: str, path: str, always: Iterable[Header] = ()) -> Reply:
    """Return a refusal in the shape of the path's API; a problem with the headers that its route ``always`` has."""
    if path.rstrip("/") == MCP_PATH:
        return refused_message(refusal, request_id)
    shown = shown_refusal(refusal, request_id)
    if not path.startswith("/graphql"):
        return problem([shown], str, always)
    headers = [(b"retry-after", b"%d" % refusal.extra["retryAfter"])] if "retryAfter" in refusal.extra else []
    return reply(refusal.status, orjson.dumps({"errors": [shown]}), b"application/json", headers)
