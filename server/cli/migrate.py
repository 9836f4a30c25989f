"""The body of `migrate`."""

import argparse

from server.cli.console import say
from server.database.migrating import apply_migrations
from server.settings import MigrationSettings, load


def migrate(_arguments: argparse.Namespace) -> int:
    """Bring the database to the newest revision, and its restored events to numbers of its cluster."""
    settings = load(MigrationSettings)
    renumbered = apply_migrations(settings.migration_database_url, settings.database_url)
    organizations = f"{renumbered} organization{'' if renumbered == 1 else 's'}"
    restored = f"; events of a restored dump were renumbered for {organizations}" if renumbered else ""
    say(f"the database is at the newest revision{restored}")
    return 0
