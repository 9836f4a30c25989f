"""The bodies of the commands that run, migrate or describe: each takes the parsed arguments, returns the exit code."""

import argparse
import asyncio
from datetime import timedelta
from functools import partial

import asyncpg
import psycopg
import uvloop

from migrations.runner import upgrade
from resolvers.errors import Refusal
from resolvers.retention import Retention
from rest_shim.openapi import printed_openapi
from rest_shim.routes import ROUTES
from schema.graph import SCHEMA
from server import dev as development
from server import logs
from server.app import create_app
from server.console import say
from server.databases import role_of
from server.errors import CommandError
from server.serve import serve as answer
from server.settings import MigrationSettings, Settings, load
from server.settings_table import settings_table
from server.wiring import running
from workers.main import run as work

# Under the 3 s after which `dev` loses its patience.
WORKER_GRACE_SECONDS = 2.5


def dev(_arguments: argparse.Namespace) -> int:
    """Run everything here until it is interrupted."""
    development.run(say)
    return 0


def serve(_arguments: argparse.Namespace) -> int:
    """Run the API until it is told to end."""
    settings = load(Settings)
    logs.configure(settings.log_level, settings.log_format)
    _require_database(settings)
    answer(partial(create_app, settings), settings)
    return 0


def worker(_arguments: argparse.Namespace) -> int:
    """Run a worker until it is told to end."""
    settings = load(Settings)
    logs.configure(settings.log_level, settings.log_format)
    _require_database(settings)

    async def whole() -> None:
        async with running(settings) as runtime:
            await work(
                runtime,
                settings.redis_url,
                slots=settings.worker_slots,
                sweep_seconds=settings.sweep_seconds,
                lease_seconds=settings.lease_seconds,
                heartbeat_seconds=settings.heartbeat_seconds,
                grace_seconds=WORKER_GRACE_SECONDS,
                retention=Retention(
                    timedelta(hours=settings.retention_idempotency_hours),
                    timedelta(days=settings.retention_jobs_days),
                    timedelta(days=settings.retention_events_days),
                ),
            )

    uvloop.run(whole())
    return 0


def _require_database(settings: Settings) -> None:
    """Say in one line what keeps a process from starting, before a framework says it in fifty."""

    async def check() -> None:
        async with running(settings, least=0, most=1):
            pass

    try:
        asyncio.run(check())
    except Refusal as error:
        raise CommandError(f"DATABASE_URL: {error.message} ({error.__cause__})") from None
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise CommandError(f"DATABASE_URL: the database cannot be reached: {error}") from None


def migrate(_arguments: argparse.Namespace) -> int:
    """Bring the database to the newest revision."""
    settings = load(MigrationSettings)
    try:
        upgrade(settings.migration_database_url, role_of(settings.database_url))
    except (psycopg.OperationalError, ValueError) as error:
        raise CommandError(str(error).strip().splitlines()[0]) from None
    say("the database is at the newest revision")
    return 0


def print_schema(_arguments: argparse.Namespace) -> int:
    """Print the GraphQL schema as it is committed."""
    say(SCHEMA.as_str())
    return 0


def print_settings(_arguments: argparse.Namespace) -> int:
    """Print every setting with its default, as the README has them."""
    say(settings_table())
    return 0


def print_openapi(_arguments: argparse.Namespace) -> int:
    """Print the OpenAPI document as it is committed."""
    say(printed_openapi())
    return 0


def print_routes(_arguments: argparse.Namespace) -> int:
    """Print each REST route with its operation."""
    for route in ROUTES:
        say(f"{route.method:<7}{route.path:<45}{route.operation}")
    return 0
