"""The body of `migrate`, and what the commands that need the tables ask first."""

import argparse
import asyncio

from server.cli.console import say
from server.database.migrated import apply_migrations, is_migrated
from server.settings import MigrationSettings, Settings, load
from server.wiring import running


def migrate(_arguments: argparse.Namespace) -> int:
    """Bring the database to the newest revision."""
    settings = load(MigrationSettings)
    apply_migrations(settings.migration_database_url, settings.database_url)
    say("the database is at the newest revision")
    return 0


def is_database_migrated(settings: Settings) -> bool:
    """Return whether the database is migrated; one that is away is met here, before a framework says it in fifty lines.

    Raises what `server.refused` makes a line of.
    """

    async def check() -> bool:
        async with running(settings, min_size=0, max_size=1) as runtime, runtime.connection() as connection:
            return await is_migrated(connection)

    return asyncio.run(check())
