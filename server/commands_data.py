"""The bodies of the commands that read or change an organization's rows."""

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import asyncpg
from pydantic import TypeAdapter, ValidationError

from models.organizations import PREFIX
from models.typeid import encode, new_uuid
from models.words import Name, Slug
from resolvers import keys, organizations
from resolvers.context import Context
from resolvers.errors import Refusal, Refusals
from resolvers.runtime import Runtime
from server.console import say
from server.dev import running_environment
from server.errors import CommandError
from server.settings import LocalSettings, Settings, load
from server.wiring import running

T = TypeVar("T")


def create_organization(arguments: argparse.Namespace) -> int:
    """Create an organization and print its id."""
    name = _checked(Name, arguments.name, "--name")
    slug = _checked(Slug, arguments.slug, "--slug")

    async def work(runtime: Runtime) -> str:
        ctx = organizations.command_line(runtime, new_uuid())
        async with ctx.transaction():
            return encode(PREFIX, await organizations.create(ctx, name, slug))

    say(run_work(work))
    return 0


def create_key(arguments: argparse.Namespace) -> int:
    """Create an API key and print it, alone: this is the only time that it is shown."""
    name = _checked(Name, arguments.name, "--name")
    scopes = [scope.strip() for scope in arguments.scopes.split(",") if scope.strip()]
    if not scopes:
        raise CommandError("--scopes: name at least one scope, or '*'")

    async def work(runtime: Runtime) -> str:
        ctx = await context_of(runtime, arguments.org)
        async with ctx.transaction():
            _, raw = await keys.create(ctx, name, scopes)
        return raw

    say(run_work(work))
    return 0


def _checked(kind: Any, value: str, option: str) -> Any:
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise CommandError(f"{option}: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None


async def context_of(runtime: Runtime, slug: str) -> Context:
    """The command line's context in an organization. Raises CommandError when there is none of this slug."""
    org_id = await organizations.find(runtime, slug)
    if org_id is None:
        raise CommandError(f"there is no organization {slug}")
    return organizations.command_line(runtime, org_id)


def data_settings() -> Settings:
    """The environment's settings; without a DATABASE_URL those of the `dev` that runs on the data folder."""
    if os.environ.get("DATABASE_URL"):
        return load(Settings)
    values = running_environment(load(LocalSettings).counterfoil_data)
    return load(Settings, **{name.lower(): value for name, value in values.items()})


def run_work(work: Callable[[Runtime], Awaitable[T]], settings: Settings | None = None) -> T:
    """What a piece of work returns, run on a runtime of its own. Raises CommandError for what it refuses."""
    settings = settings or data_settings()

    async def whole() -> T:
        async with running(settings, least=0, most=1) as runtime:
            return await work(runtime)

    try:
        return asyncio.run(whole())
    except Refusals as error:
        raise CommandError("\n".join(refusal.message for refusal in error.refusals)) from None
    except Refusal as error:
        cause = error.__cause__
        raise CommandError(f"{error.message}{f' ({cause})' if error.status == 503 and cause else ''}") from None
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise CommandError(f"the database refused: {error}") from None
