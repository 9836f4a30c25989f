"""The application: Starlette, with every route of both APIs in its table, and what they need, wired."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog
from redis.asyncio import Redis
from starlette.applications import Starlette

from execution import Limits
from resolvers.api_keys.verification import KeyVerifier
from resolvers.database.connection_errors import first_line
from resolvers.documents.lookup import TrustedDocuments
from resolvers.downloads import DOWNLOADS
from resolvers.errors import Refusal
from resolvers.live.feed import Feeds
from rest_shim.downloads import DownloadEndpoint
from rest_shim.endpoint import RestEndpoint
from rest_shim.form_endpoint import FormEndpoint
from rest_shim.openapi import printed_openapi
from rest_shim.routes import ROUTES, under_parents
from schema.requests.engine import Engine
from schema.requests.printed import printed_schema
from server.access.anonymous import Anonymous
from server.access.authentication import Authentication
from server.access.buckets import TIMEOUT_S, Buckets
from server.access.form_turns import FormTurns
from server.explorer import BUILT, Built, Explorer
from server.garbage import collector
from server.graphql import METHODS, GraphQL
from server.http.addresses import client_address
from server.http.cors import CorsMiddleware, cross_origin
from server.http.edge import EdgeMiddleware
from server.http.published import Published
from server.http.routing import ApiRoute, ApiRouter
from server.live.event_streams import EventStreams
from server.live.live import Live
from server.live.sockets import Sockets
from server.mcp.endpoint import METHODS as MCP_METHODS
from server.mcp.endpoint import McpEndpoint
from server.mcp.library import McpLibrary
from server.mcp.refusals import PATH as MCP_PATH
from server.monitoring.metrics import NO_SPANS, ApiExposition, Metrics
from server.settings import Settings
from server.system import Ready, health, metrics_of, start_page
from server.wiring import running, tracing_of
from web.body import Bodies
from web.dependencies import Dependencies, Visitors
from web.http import JSON, TEXT, App
from workers.jobs.wake import Waker
from workers.live.announcing import Announcer, hearing

if TYPE_CHECKING:
    from server.tracing.otel import OpenTelemetry

log = structlog.get_logger()
NOTE_SECONDS = 30.0


class Application(Starlette):
    """Starlette with a router that looks a path up, and the edge around it in place of Starlette's own middleware."""

    def __init__(self, router: ApiRouter, edge: EdgeMiddleware, around: App | None = None) -> None:
        super().__init__()
        self.router = self._api_router = router
        # What is `around` the edge, or the edge itself.
        self.middleware_stack = around or edge
        # The paths at which a WebSocket may be opened.
        self.sockets = router.sockets
        # What the HTTP server asks for where it answers in place of the application.
        self.refusing = edge.refusing

    @property
    def failure(self) -> Exception | None:
        """Return the error with which its start failed, None where it did not."""
        return self._api_router.failure


async def _note_uses(keys: KeyVerifier) -> None:
    """Write when keys were used, every half minute and once more at the end."""
    try:
        while True:
            await asyncio.sleep(NOTE_SECONDS)
            await _note(keys)
    finally:
        await _note(keys)


async def _note(keys: KeyVerifier) -> None:
    try:
        await keys.note_uses()
    except Refusal as error:
        log.warning("lastUsedAt not written", error=first_line(error))


def create_app(settings: Settings, *, compare: bool = False) -> Application:
    """Return the ASGI application of one API process. Its pools open at its start and close at its end.

    ``compare``, for tests, runs each query by graphql-core too and fails where the answers differ.
    """
    engine = Engine(
        Limits(cost=settings.cost_limit),
        introspection=settings.introspection,
        suggestions=settings.suggestions,
        compare=compare,
        grown=collector.note,
    )
    metrics, tracing = Metrics(), tracing_of(settings, "api")
    address_of = partial(client_address, proxies=settings.trusted_proxies)
    anonymous = Anonymous(address_of, settings.anonymous_bucket, settings.anonymous_refill)
    bodies = Bodies(settings.body_limit_bytes, settings.body_timeout_s)
    dependencies = Dependencies(bodies, Visitors(anonymous.read, anonymous.spend, anonymous.owe), address_of)
    explorer = Explorer(Built(BUILT), graphiql=settings.graphiql)
    core = GraphQL(engine, dependencies, explorer.graphiql if settings.graphiql else None, anonymous)
    live = Live(engine, dependencies, settings.live_streams, timedelta(days=settings.retention_events_days))
    graphql = EventStreams(core, live).handle
    sockets = Sockets(core, live, metrics, settings.cors_origins, settings.request_timeout_s)
    library = McpLibrary()
    mcp = McpEndpoint(engine, dependencies, library, settings.cors_origins)
    routes = [
        ApiRoute("/graphql", graphql, name="GraphQL", methods=METHODS, api="graphql", others=graphql),
        ApiRoute(MCP_PATH, mcp, name="MCP", methods=MCP_METHODS, api="mcp", others=mcp),
        ApiRoute("/api/docs", explorer.reference, name="Reference"),
        ApiRoute("/assets/{name}", explorer.asset, name="Assets"),
        *_routes(settings, engine, metrics, dependencies, NO_SPANS if tracing is None else tracing.losses.counts),
    ]
    router = ApiRouter(
        routes, lambda _app: _lifespan(settings, dependencies, live, library, tracing), {"/graphql": sockets}
    )
    seconds, timing = settings.request_timeout_s, settings.server_timing
    opened = cross_origin(router, settings.cors_origins) if settings.cors_origins else None
    app = CorsMiddleware(router, opened)
    edge = EdgeMiddleware(app, metrics, seconds=seconds, timing=timing, readable=app.readable)
    traced = None if tracing is None else tracing.requests(edge, tracing, router.route_of)
    return Application(router, edge, traced)


def _routes(
    settings: Settings, engine: Engine, metrics: Metrics, dependencies: Dependencies, dropped: Mapping[str, int]
) -> Iterator[ApiRoute]:
    """Yield the routes of the REST API, and what a process answers about itself."""
    for download in DOWNLOADS.values():
        yield ApiRoute(download.path, DownloadEndpoint(dependencies, download), name=download.operation, api="rest")
    for row in (*ROUTES, *under_parents(settings.webhook_parents)):
        endpoint = (FormEndpoint if row.html else RestEndpoint)(engine, dependencies, row)
        yield ApiRoute(row.path, endpoint, name=row.operation, methods=[row.method], api="rest", always=endpoint.always)
    yield ApiRoute("/api/health", health, name="Health")
    yield ApiRoute("/api/ready", Ready(dependencies), name="Ready")
    yield ApiRoute("/api/openapi.json", Published(printed_openapi, JSON), name="OpenAPI")
    yield ApiRoute("/", start_page(settings), name="Start")
    if settings.introspection:
        # Whoever may not introspect the schema may not read its text either.
        yield ApiRoute("/graphql/schema.graphql", Published(printed_schema, TEXT), name="Schema")
    if settings.metrics_token is not None:
        exposition = ApiExposition(metrics, engine, dependencies, settings.metrics_token, dropped)
        yield ApiRoute("/metrics", metrics_of(exposition), name="Metrics")


@asynccontextmanager
async def _lifespan(
    settings: Settings,
    dependencies: Dependencies,
    live: Live,
    library: McpLibrary,
    tracing: "OpenTelemetry | None",
) -> AsyncIterator[None]:
    async with running(settings, tracing=tracing) as runtime:
        runtime.outages.logs = True
        waker = Waker(settings.redis_url)
        runtime.wake = waker.wake
        keys = KeyVerifier(runtime)
        redis = Redis.from_url(settings.redis_url, socket_connect_timeout=TIMEOUT_S)
        buckets = Buckets(redis, settings.rate_bucket, settings.rate_refill, settings.cost_limit)
        dependencies.runtime, dependencies.documents = runtime, TrustedDocuments(runtime)
        dependencies.actor_of = Authentication(keys, settings.auth_failures_per_minute, settings.trusted_proxies)
        dependencies.spend, dependencies.take = buckets.spend, buckets.owe
        dependencies.refuse_debtor = buckets.refuse_debtor
        dependencies.form_turn = FormTurns(redis).take
        live.feeds = Feeds(runtime)
        announcer = Announcer(settings.redis_url, live.feeds.announce)
        runtime.announce = announcer.announce
        background = [asyncio.create_task(work) for work in (_note_uses(keys), live.watch())]
        async with hearing(settings.redis_url, live.feeds.announce):
            yield
        await library.close()
        for task in background:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await announcer.close()
        await buckets.close()
        await waker.close()
        await redis.aclose()
