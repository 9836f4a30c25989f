"""Browsers of other origins: what their GraphQL clients send is let through, and what they should read is exposed."""

from collections.abc import Iterable

from starlette.middleware.cors import CORSMiddleware

from rest_shim.http import App

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
# A browser asks again after as long; no browser keeps an answer for longer than two hours.
MAX_AGE_S = 7200
OURS = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "X-Request-Id")
TRACING = ("traceparent", "tracestate", "baggage", "sentry-trace")
# Apollo's clients (web, Kotlin, iOS), and what the network layers that Relay, urql and graphql-request are given add.
CLIENTS = (
    "apollo-require-preflight", "apollographql-client-name", "apollographql-client-version", "x-apollo-operation-id",
    "x-apollo-operation-name", "x-apollo-operation-type", "graphql-require-preflight", "x-requested-with",
    "cache-control", "pragma", "last-event-id",
)  # fmt: skip
EXPOSED = (
    "Allow", "Deprecation", "ETag", "Idempotent-Replayed", "Location", "RateLimit", "RateLimit-Policy", "Retry-After",
    "Server-Timing", "Sunset", "WWW-Authenticate", "X-GraphQL-Operation", "X-Request-Id",
)  # fmt: skip


def cross_origin(app: App, origins: Iterable[str]) -> App:
    """The application, open to browsers of these origins."""
    return CORSMiddleware(
        app,
        allow_origins=[*origins],
        allow_methods=[*METHODS],
        allow_headers=[*OURS, *TRACING, *CLIENTS],
        expose_headers=[*EXPOSED],
        max_age=MAX_AGE_S,
    )
