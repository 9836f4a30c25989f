"""The body of `migrate`."""

import argparse

from server.cli.console import say
from server.database.migrating import apply_migrations
from server.settings import MigrationSettings, load


def migrate(_arguments: argparse.Namespace) -> int:
    """Bring the database to the newest revision."""
    settings = load(MigrationSettings)
    apply_migrations(settings.migration_database_url, settings.database_url)
    say("the database is at the newest revision")
    return 0
