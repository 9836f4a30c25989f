"""Browsers of other origins: what their GraphQL clients send is let through, and what they should read is exposed."""

from collections.abc import Awaitable, Iterable
from functools import partial

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware

from web.http import App, Header, Message, Receive, Scope, Send

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
# A browser asks again after as long; no browser keeps an answer for longer than two hours.
MAX_AGE_S = 7200
OURS = ("Authorization", "Content-Type", "Dry-Run", "Idempotency-Key", "If-Match", "If-None-Match", "X-Request-Id")
TRACING = ("traceparent", "tracestate", "baggage", "sentry-trace")
# Apollo's clients (web, Kotlin, iOS), and what the network layers that Relay, urql and graphql-request are given add.
CLIENTS = (
    "apollo-require-preflight", "apollographql-client-name", "apollographql-client-version", "x-apollo-operation-id",
    "x-apollo-operation-name", "x-apollo-operation-type", "graphql-client-name", "graphql-client-version",
    "x-graphql-client-name", "x-graphql-client-version", "graphql-require-preflight", "x-requested-with",
    "cache-control", "pragma", "last-event-id",
)  # fmt: skip
MCP = ("Mcp-Protocol-Version", "Mcp-Method", "Mcp-Name", "Mcp-Session-Id")
EXPOSED = (
    "Allow", "Content-Disposition", "Deprecation", "Dry-Run", "ETag", "Idempotent-Replayed", "Location", "RateLimit",
    "RateLimit-Policy", "Retry-After", "Server-Timing", "Sunset", "WWW-Authenticate", "X-GraphQL-Operation",
    "X-Request-Id",
)  # fmt: skip


class CrossOrigin(CORSMiddleware):
    """The application, open to browsers of some origins."""

    def readable(self, scope: Scope, send: Send) -> Send:
        """Return a ``send`` for what is refused before the application: its head has the headers that CORS asks for."""
        return partial(self.send, send=send, request_headers=Headers(raw=scope["headers"]))


def cross_origin(app: App, origins: Iterable[str]) -> CrossOrigin:
    """Open the application to browsers of these origins."""
    return CrossOrigin(
        app,
        allow_origins=[*origins],
        allow_methods=[*METHODS],
        allow_headers=[*OURS, *TRACING, *CLIENTS, *MCP],
        expose_headers=[*EXPOSED],
        max_age=MAX_AGE_S,
    )


# Below it the public submits forms, from any page there is. No other path is open to every origin.
OPEN_PATH = "/api/forms/"
_OPEN: tuple[Header, ...] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"Dry-Run, Retry-After, X-GraphQL-Operation, X-Request-Id"),
)
_PREFLIGHT: tuple[Header, ...] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"*"),
    (b"access-control-max-age", b"%d" % MAX_AGE_S),
)


class CorsMiddleware:
    """The application, whose open path every origin may call, and the rest of it those of ``opened``, if there are."""

    def __init__(self, app: App, opened: CrossOrigin | None) -> None:
        self.app, self.opened = app, opened
        self.others: App = app if opened is None else opened

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Return the answering of one request."""
        if scope["type"] == "http" and scope["path"].startswith(OPEN_PATH):
            return self.app(scope, receive, self.readable(scope, send))
        return self.others(scope, receive, send)

    def readable(self, scope: Scope, send: Send) -> Send:
        """Return a ``send`` whose head has the headers that CORS asks for: what is refused elsewhere needs them too."""
        if scope["path"].startswith(OPEN_PATH):
            also = _PREFLIGHT if scope["method"] == "OPTIONS" else _OPEN
            return partial(_send_with, also, send)
        return send if self.opened is None else self.opened.readable(scope, send)


async def _send_with(also: Iterable[Header], send: Send, message: Message) -> None:
    if message["type"] == "http.response.start":
        message["headers"] = [*message["headers"], *also]
    await send(message)
