"""From settings to a process's runtime: pools, keys and limits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from resolvers.database.connection import PooledConnection
from resolvers.database.pools import open_pool
from resolvers.database.runtime import Runtime
from resolvers.database.watch import BEYOND_S
from server.database.migrated import is_migrated, require_encoding
from server.database.roles import require_plain_role
from server.late import LateMapping
from server.monitoring.logs import traces
from server.settings import Settings

if TYPE_CHECKING:
    from server.tracing.otel import OpenTelemetry

SIDE_CONNECTIONS = 5
# What imports OpenTelemetry's SDK.
TRACING = "server.tracing.otel"
# What builds the schema: a command that emits no event and runs no tool works without it.
RENDERERS = LateMapping("schema.requests.render", "RENDERERS")
TOOLS = LateMapping("schema.requests.tools", "TOOLS")


def tracing_of(settings: Settings, process: str) -> "OpenTelemetry | None":
    """Return the tracing of a process, `api` or `worker`, where the settings turn it on."""
    made: OpenTelemetry | None = import_module(TRACING).OpenTelemetry(process) if settings.tracing else None
    if made is not None:
        traces.current = made.trace_id
    return made


@asynccontextmanager
async def running(
    settings: Settings,
    *,
    min_size: int | None = None,
    max_size: int | None = None,
    tracing: "OpenTelemetry | None" = None,
) -> AsyncIterator[Runtime]:
    """Open a runtime for a block; `min_size` and `max_size` replace the settings of the pool's size. `tracing` is
    closed at its end.

    Raises OSError or asyncpg.PostgresError when the database is not available, and CommandError for a role that has too
    many rights.
    """
    class_ = PooledConnection if tracing is None else tracing.connection_class
    patience_s = settings.statement_timeout_ms / 1000 + BEYOND_S
    pool = await open_pool(
        settings.database_url,
        min_size=settings.pool_min if min_size is None else min_size,
        max_size=settings.pool_max if max_size is None else max_size,
        class_=class_,
        patience_s=patience_s,
    )
    side = await open_pool(
        settings.database_url, min_size=0, max_size=SIDE_CONNECTIONS, class_=class_, patience_s=patience_s
    )
    runtime = Runtime(
        pool=pool,
        side=side,
        peppers=settings.key_peppers,
        secret_keys=settings.secret_keys,
        seal_keys=settings.seal_keys,
        signing_keys=settings.signing_keys,
        renderers=RENDERERS,
        tools=TOOLS,
        is_migrated=is_migrated,
        pool_wait=settings.pool_wait_ms / 1000,
        statement_timeout_ms=settings.statement_timeout_ms,
        webhook_allow_private=settings.webhook_allow_private,
        webhook_endpoint_limit=settings.webhook_endpoint_limit,
        tracing=tracing,
    )
    try:
        async with runtime.connection() as connection:
            await require_encoding(connection)
            await require_plain_role(connection)
        yield runtime
    finally:
        await runtime.typesetter.close()
        # At once: each waits for connections that do not answer.
        await asyncio.gather(side.close(), pool.close())
        if tracing is not None:
            await tracing.close()
