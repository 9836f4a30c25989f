"""From settings to a process's runtime: pools, keys and limits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from resolvers.database.pool import open_pool
from resolvers.database.runtime import Keyring, Runtime
from schema.requests.render import RENDERERS
from server.database.roles import require_plain_role
from server.settings import Settings

SIDE_CONNECTIONS = 4


@asynccontextmanager
async def running(settings: Settings, *, least: int | None = None, most: int | None = None) -> AsyncIterator[Runtime]:
    """A runtime whose pools are open for the block; `least` and `most` go before the settings' sizes of the pool.

    Raises OSError or asyncpg.PostgresError when the database is away, CommandError for a role that may do too much.
    """
    pool = await open_pool(
        settings.database_url,
        least=settings.pool_min if least is None else least,
        most=settings.pool_max if most is None else most,
    )
    side = await open_pool(settings.database_url, least=0, most=SIDE_CONNECTIONS)
    runtime = Runtime(
        pool=pool,
        side=side,
        peppers=Keyring(settings.key_peppers),
        secret_keys=Keyring(settings.secret_keys),
        seal_keys=Keyring(settings.seal_keys),
        renderers=dict(RENDERERS),
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
        await side.close()
        await pool.close()
