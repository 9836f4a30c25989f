"""The application, wired: pools, keys, engine, both doors."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from execution.judge import Limits
from resolvers.errors import Refusal
from resolvers.keys import Keys
from resolvers.runtime import AWAY, Runtime
from rest_shim.app import ANY, Door, routes
from rest_shim.problems import problem
from rest_shim.reference import reference
from schema.engine import Engine
from schema.errors import shown_refusal
from server.authentication import Authentication
from server.buckets import PATIENCE_S, Buckets
from server.edge import MASKED, App, Edge, masked
from server.graphql import GraphQL
from server.pages import GRAPHIQL
from server.settings import Settings
from server.wiring import running
from workers.wake import Waker

log = structlog.get_logger()
NOTE_SECONDS = 30.0
Endpoint = Callable[[Request], Awaitable[Response]]


async def _note_uses(keys: Keys) -> None:
    """Write when keys were used, every half minute and once more at the end."""
    try:
        while True:
            await asyncio.sleep(NOTE_SECONDS)
            await _note(keys)
    finally:
        await _note(keys)


async def _note(keys: Keys) -> None:
    try:
        await keys.note_uses()
    except Refusal as refused:
        log.warning("lastUsedAt not written", error=refused.message)


async def _health(request: Request) -> Response:
    return JSONResponse({"status": "ok"}, headers={"X-GraphQL-Operation": "Health"})


async def _missing(request: Request, error: Exception) -> Response:
    refused = Refusal("NOT_FOUND", "There is no such route.")
    return problem([shown_refusal(refused, request.state.request_id)], str)


async def _wrong_method(request: Request, error: Exception) -> Response:
    allowed = dict(getattr(error, "headers", None) or {})
    refused = Refusal("METHOD_NOT_ALLOWED", f"This path answers {allowed.get('Allow', 'other methods')}.")
    return problem([shown_refusal(refused, request.state.request_id)], str, allowed)


async def _broken(request: Request, error: Exception) -> Response:
    # The edge logs it: Starlette raises it again once this has been sent.
    status, media, body = masked(Refusal("INTERNAL", MASKED), request.state.request_id, request.url.path)
    return Response(body, status, media_type=media)


HANDLERS: Any = {404: _missing, 405: _wrong_method, 500: _broken}


def _ready(runtime: Runtime) -> Endpoint:
    async def ready(request: Request) -> Response:
        try:
            async with runtime.connection() as connection:
                await connection.fetchval("select 1")
        except (Refusal, *AWAY) as error:
            log.warning("not ready", error=repr(error))
            return JSONResponse({"status": "unavailable"}, 503, {"Retry-After": "1"})
        return JSONResponse({"status": "ok"})

    return ready


def create_app(settings: Settings, *, compare: bool = False) -> App:
    """The ASGI application of one API process. Its pools open at its start and close at its end.

    ``compare``, for tests, runs each query by graphql-core too and fails where the answers differ.
    """
    engine = Engine(
        Limits(cost=settings.cost_limit),
        introspection=settings.introspection,
        suggestions=settings.suggestions,
        compare=compare,
    )
    app = Starlette(lifespan=lambda app: _lifespan(app, settings, engine), exception_handlers=HANDLERS)
    app.router.redirect_slashes = False
    wrapped: Any = app
    if settings.cors_origins:
        wrapped = CORSMiddleware(
            app,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match"],
            expose_headers=["ETag", "Location", "X-Request-Id", "X-GraphQL-Operation", "Idempotent-Replayed"],
        )
    return Edge(wrapped, seconds=settings.request_timeout_s, timing=settings.server_timing)


@asynccontextmanager
async def _lifespan(app: Starlette, settings: Settings, engine: Engine) -> AsyncIterator[None]:
    async with running(settings) as runtime:
        waker = Waker(settings.redis_url)
        runtime.wake = waker.wake
        keys = Keys(runtime)
        authentication = Authentication(keys, settings.auth_failures_per_minute, settings.trusted_proxies)
        redis = Redis.from_url(settings.redis_url, socket_connect_timeout=PATIENCE_S)
        buckets = Buckets(redis, settings.rate_bucket, settings.rate_refill)
        door = Door(runtime, engine, authentication, buckets.spend, settings.body_limit_bytes, settings.body_timeout_s)
        graphql = GraphQL(door, GRAPHIQL if settings.graphiql else None)
        app.router.routes.extend(
            [
                *(Route(f"/graphql{slash}", graphql.answer, methods=ANY) for slash in ("", "/")),
                *(Route(f"/api/health{slash}", _health) for slash in ("", "/")),
                *(Route(f"/api/ready{slash}", _ready(runtime)) for slash in ("", "/")),
                *reference(),
                *routes(door, settings.webhook_parents),
            ]
        )
        noting = asyncio.create_task(_note_uses(keys))
        yield
        noting.cancel()
        with suppress(asyncio.CancelledError):
            await noting
        await waker.close()
        await redis.aclose()
