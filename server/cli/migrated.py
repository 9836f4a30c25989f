"""What the commands that need the tables ask first."""

import asyncio

from server.database.migrated import is_migrated
from server.settings import Settings
from server.wiring import running


def is_database_migrated(settings: Settings) -> bool:
    """Return whether the database is migrated; one that is away is met here, before a framework says it in fifty lines.

    Raises what `server.command_errors` makes a line of.
    """

    async def check() -> bool:
        async with running(settings, min_size=0, max_size=1) as runtime, runtime.connection() as connection:
            return await is_migrated(connection)

    return asyncio.run(check())
