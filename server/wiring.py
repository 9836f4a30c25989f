"""From settings to a process's runtime: pools, keys and limits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from resolvers.database.pool import open_pool
from resolvers.database.runtime import Runtime
from schema.requests.render import RENDERERS
from schema.requests.tools import TOOLS
from server.database.roles import require_plain_role
from server.settings import Settings

SIDE_CONNECTIONS = 5


@asynccontextmanager
async def running(
    settings: Settings, *, min_size: int | None = None, max_size: int | None = None
) -> AsyncIterator[Runtime]:
    """Open a runtime for a block; `min_size` and `max_size` replace the settings of the pool's size.

    Raises OSError or asyncpg.PostgresError when the database is not available, and CommandError for a role that has too
    many rights.
    """
    pool = await open_pool(
        settings.database_url,
        min_size=settings.pool_min if min_size is None else min_size,
        max_size=settings.pool_max if max_size is None else max_size,
    )
    side = await open_pool(settings.database_url, min_size=0, max_size=SIDE_CONNECTIONS)
    runtime = Runtime(
        pool=pool,
        side=side,
        peppers=settings.key_peppers,
        secret_keys=settings.secret_keys,
        seal_keys=settings.seal_keys,
        signing_keys=settings.signing_keys,
        renderers=dict(RENDERERS),
        tools=TOOLS,
        pool_wait=settings.pool_wait_ms / 1000,
        statement_timeout_ms=settings.statement_timeout_ms,
        webhook_allow_private=settings.webhook_allow_private,
        webhook_endpoint_limit=settings.webhook_endpoint_limit,
    )
    try:
        async with runtime.connection() as connection:
            await require_plain_role(connection)
        yield runtime
    finally:
        await runtime.typesetter.close()
        await side.close()
        await pool.close()
