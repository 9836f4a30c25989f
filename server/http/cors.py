"""Browsers of other origins: what their GraphQL clients send is let through, and what they should read is exposed."""

from collections.abc import Iterable
from functools import partial

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware

from web.http import App, Scope, Send

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
# A browser asks again after as long; no browser keeps an answer for longer than two hours.
MAX_AGE_S = 7200
OURS = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "X-Request-Id")
TRACING = ("traceparent", "tracestate", "baggage", "sentry-trace")
# Apollo's clients (web, Kotlin, iOS), and what the network layers that Relay, urql and graphql-request are given add.
CLIENTS = (
    "apollo-require-preflight", "apollographql-client-name", "apollographql-client-version", "x-apollo-operation-id",
    "x-apollo-operation-name", "x-apollo-operation-type", "graphql-client-name", "graphql-client-version",
    "x-graphql-client-name", "x-graphql-client-version", "graphql-require-preflight", "x-requested-with",
    "cache-control", "pragma", "last-event-id",
)  # fmt: skip
EXPOSED = (
    "Allow", "Content-Disposition", "Deprecation", "ETag", "Idempotent-Replayed", "Location", "RateLimit",
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
        allow_headers=[*OURS, *TRACING, *CLIENTS],
        expose_headers=[*EXPOSED],
        max_age=MAX_AGE_S,
    )
