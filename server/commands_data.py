"""The bodies of the commands that read or change an organization's rows."""

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable
from string import hexdigits
from typing import Any, TypeVar

import asyncpg
from pydantic import TypeAdapter, ValidationError

from models.organizations import PREFIX
from models.typeid import encode, new_uuid
from models.words import Name, Slug
from resolvers import keys, organizations, seals
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

    say(_run(work))
    return 0


def create_key(arguments: argparse.Namespace) -> int:
    """Create an API key and print it, alone: this is the only time that it is shown."""
    name = _checked(Name, arguments.name, "--name")
    scopes = [scope.strip() for scope in arguments.scopes.split(",") if scope.strip()]
    if not scopes:
        raise CommandError("--scopes: name at least one scope, or '*'")

    async def work(runtime: Runtime) -> str:
        ctx = await _of(runtime, arguments.org)
        async with ctx.transaction():
            _, raw = await keys.create(ctx, name, scopes)
        return raw

    say(_run(work))
    return 0


def verify_audit(arguments: argparse.Namespace) -> int:
    """Verify an organization's sealed audit log, and print its head; 1 when it does not hold."""
    head = _head(arguments.head)

    async def work(runtime: Runtime) -> seals.Verification:
        ctx = await _of(runtime, arguments.org)
        return await seals.verify(runtime, ctx.org_id, head)

    found = _run(work)
    say(f"sealed {found.sealed}, unsealed {found.unsealed}, erased {found.erased}")
    if found.head is not None:
        say(f"head {found.head[0]}:{found.head[1]}")
    if found.failure is not None:
        raise CommandError(f"the audit log does not hold: {found.failure}")
    return 0


def _head(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    number, _, digest = text.partition(":")
    if not (number.isascii() and number.isdigit() and len(digest) == 64 and set(digest.lower()) <= set(hexdigits)):
        raise CommandError("--head: must be a number, a colon and 64 hexadecimal digits, as `audit verify` prints it")
    return int(number), digest


def _checked(kind: Any, value: str, option: str) -> Any:
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise CommandError(f"{option}: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None


async def _of(runtime: Runtime, slug: str) -> Context:
    org_id = await organizations.find(runtime, slug)
    if org_id is None:
        raise CommandError(f"there is no organization {slug}")
    return organizations.command_line(runtime, org_id)


def _settings() -> Settings:
    """The environment's settings; without a DATABASE_URL those of the `dev` that runs on the data folder."""
    if os.environ.get("DATABASE_URL"):
        return load(Settings)
    values = running_environment(load(LocalSettings).counterfoil_data)
    return load(Settings, **{name.lower(): value for name, value in values.items()})


def _run(work: Callable[[Runtime], Awaitable[T]]) -> T:
    settings = _settings()

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
