"""The application, wired: pools, keys, engine, both doors."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
from prometheus_client import CONTENT_TYPE_LATEST
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from execution import Limits
from resolvers.api_keys.verification import Keys
from resolvers.database.connection_errors import AWAY, first_line
from resolvers.database.runtime import Runtime
from resolvers.errors import Refusal, internal, shown_refusal
from rest_shim.app import endpoints
from rest_shim.reference import reference
from schema.requests.engine import Engine
from server.access.anonymous import Anonymous
from server.access.authentication import Authentication
from server.access.buckets import PATIENCE_S, Buckets
from server.database.migrated import why_not_ready
from server.graphql import GraphQL
from server.http.cors import cross_origin
from server.http.edge import Edge, masked
from server.http.paths import Paths
from server.monitoring.metrics import Exposition, Metrics
from server.pages import GRAPHIQL, LANDING_CSP, landing
from server.settings import KEY_FILE, Settings
from server.wiring import running
from web.body import Bodies
from web.dependencies import Dependencies
from web.http import App, Reply, options
from web.problems import problem
from workers.wake import Waker

log = structlog.get_logger()
NOTE_SECONDS = 30.0
READY_S = 2.0
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
    except (Refusal, *AWAY) as error:
        log.warning("lastUsedAt not written", error=first_line(error))


async def _health(request: Request) -> Response:
    return JSONResponse({"status": "ok"}, headers={"X-GraphQL-Operation": "Health"})


def _response(made: Reply) -> Response:
    response = Response(made.body, made.status)
    response.raw_headers = made.headers
    return response


async def _missing(request: Request, error: Exception) -> Response:
    refused = Refusal("NOT_FOUND", "There is no such route.")
    return _response(problem([shown_refusal(refused, request.state.request_id)], str))


async def _wrong_method(request: Request, error: Exception) -> Response:
    allowed = dict(getattr(error, "headers", None) or {}).get("Allow", "GET, HEAD") + ", OPTIONS"
    if request.method == "OPTIONS":
        return _response(options(allowed))
    refused = Refusal("METHOD_NOT_ALLOWED", f"This path answers {allowed}.")
    return _response(problem([shown_refusal(refused, request.state.request_id)], str, [(b"allow", allowed.encode())]))


async def _broken(request: Request, error: Exception) -> Response:
    # The edge logs it: Starlette raises it again once this has been sent.
    return _response(masked(internal(), request.state.request_id, request.url.path))


HANDLERS: Any = {404: _missing, 405: _wrong_method, 500: _broken}


def _ready(runtime: Runtime) -> Endpoint:
    logged: str | None = None

    async def ready(request: Request) -> Response:
        nonlocal logged
        try:
            async with asyncio.timeout(READY_S), runtime.connection() as connection:
                reason = await why_not_ready(connection)
        except (Refusal, *AWAY) as error:
            log.warning("not ready", error=repr(error))
            return JSONResponse({"status": "unavailable"}, 503, {"Retry-After": "1"})
        if reason is not None and reason != logged:
            log.warning("not ready", error=reason)
        logged = reason
        if reason is None:
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "unavailable", "reason": reason}, 503, {"Retry-After": "1"})

    return ready


def _landing(settings: Settings) -> Endpoint:
    development = settings.environment == "development"
    key = str(settings.counterfoil_data / KEY_FILE) if development else None
    base = f"http://127.0.0.1:{settings.port}" if development else "https://your-server.example"
    text = landing(base, graphiql=settings.graphiql, demo_key=key)

    async def start(request: Request) -> Response:
        return HTMLResponse(text, headers={"Content-Security-Policy": LANDING_CSP})

    return start


def _metrics(exposition: Exposition) -> Endpoint:
    async def metrics(request: Request) -> Response:
        if not exposition.may(request.headers.get("authorization")):
            refused = Refusal("UNAUTHENTICATED", "The metrics token is required: Authorization: Bearer ….")
            return _response(problem([shown_refusal(refused, request.state.request_id)], str))
        return Response(exposition.text(), media_type=CONTENT_TYPE_LATEST)

    return metrics


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
    metrics = Metrics()
    paths: Paths
    app = Starlette(lifespan=lambda app: _lifespan(app, paths, settings, engine, metrics), exception_handlers=HANDLERS)
    app.router.redirect_slashes = False
    paths = Paths(app)
    seconds, timing = settings.request_timeout_s, settings.server_timing
    if settings.cors_origins:
        opened = cross_origin(paths, settings.cors_origins)
        return Edge(opened, metrics, seconds=seconds, timing=timing, readable=opened.readable)
    return Edge(paths, metrics, seconds=seconds, timing=timing)


@asynccontextmanager
async def _lifespan(
    app: Starlette, paths: Paths, settings: Settings, engine: Engine, metrics: Metrics
) -> AsyncIterator[None]:
    async with running(settings) as runtime:
        runtime.outages.logs = True
        waker = Waker(settings.redis_url)
        runtime.wake = waker.wake
        keys = Keys(runtime)
        authentication = Authentication(keys, settings.auth_failures_per_minute, settings.trusted_proxies)
        redis = Redis.from_url(settings.redis_url, socket_connect_timeout=PATIENCE_S)
        buckets = Buckets(redis, settings.rate_bucket, settings.rate_refill)
        bodies = Bodies(settings.body_limit_bytes, settings.body_timeout_s)
        dependencies = Dependencies(runtime, authentication, buckets.spend, buckets.owe, buckets.refuse_debtor, bodies)
        anonymous = Anonymous(authentication.address, settings.anonymous_bucket, settings.anonymous_refill)
        page = GRAPHIQL if settings.graphiql else None
        paths.add("/graphql", "graphql", GraphQL(engine, dependencies, page, anonymous).answer)
        for path, endpoint in endpoints(engine, dependencies, settings.webhook_parents):
            paths.add(path, "rest", endpoint)
        ready = _ready(runtime)
        app.router.routes.extend(
            [
                *(Route(f"/api/health{slash}", _health) for slash in ("", "/")),
                *(Route(f"/api/ready{slash}", ready) for slash in ("", "/")),
                *reference(),
                Route("/", _landing(settings)),
            ]
        )
        if settings.metrics_token is not None:
            exposition = Exposition(metrics, engine, runtime, settings.metrics_token)
            app.router.routes.append(Route("/metrics", _metrics(exposition)))
        noting = asyncio.create_task(_note_uses(keys))
        yield
        noting.cancel()
        with suppress(asyncio.CancelledError):
            await noting
        await buckets.close()
        await waker.close()
        await redis.aclose()
