"""The bodies of the commands: each takes the parsed arguments and returns the exit code."""

import argparse

import psycopg

from migrations.runner import upgrade
from server import dev as development
from server.console import say
from server.databases import role_of
from server.errors import CommandError
from server.settings import MigrationSettings, load


def dev(_arguments: argparse.Namespace) -> int:
    """Run everything here until it is interrupted."""
    development.run(say)
    return 0


def migrate(_arguments: argparse.Namespace) -> int:
    """Bring the database to the newest revision."""
    settings = load(MigrationSettings)
    try:
        upgrade(settings.migration_database_url, role_of(settings.database_url))
    except (psycopg.OperationalError, ValueError) as error:
        raise CommandError(str(error).strip().splitlines()[0]) from None
    say("the database is at the newest revision")
    return 0
