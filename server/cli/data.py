"""The bodies of the commands that read or change an organization's rows."""

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from models.organizations import ORGANIZATION
from models.typeid import decode, encode, new_uuid
from models.types import Name, Slug
from resolvers import organizations
from resolvers.context import Context
from resolvers.database.runtime import Runtime
from server.cli.console import say
from server.database.migrated import NOT_MIGRATED, is_migrated
from server.dev.accounts import data_folder_of
from server.dev.environment import KEYS, URLS, running_environment
from server.errors import CommandError, SettingsError, WrongCall
from server.invalid_values import what_is_wrong
from server.settings import LocalSettings, Settings, load
from server.wiring import running

S = TypeVar("S", bound=LocalSettings)
T = TypeVar("T")


def create_organization(arguments: argparse.Namespace) -> int:
    """Create an organization and print its id."""
    name = checked(Name, arguments.name, "--name")
    slug = checked(Slug, arguments.slug, "--slug")

    async def work(runtime: Runtime) -> str:
        ctx = organizations.command_line(runtime, new_uuid())
        async with ctx.transaction():
            return encode(ORGANIZATION.prefix, await organizations.create(ctx, name, slug))

    say(run_work(work))
    return 0


def checked(annotation: Any, value: str, option: str) -> Any:
    """Return an option's value as a type of ours takes it. Raises WrongCall."""
    try:
        return TypeAdapter(annotation).validate_python(value)
    except ValidationError as error:
        raise WrongCall(f"{option}: {what_is_wrong(error.errors()[0])}") from None


async def context_of(runtime: Runtime, name: str) -> Context:
    """Return the command line's context in the organization of a slug or ID. Raises CommandError when there is none.

    An ID is surer: whoever can write to the database can give a slug to another.
    """
    org_id = decode(ORGANIZATION.prefix, name)
    if org_id is None:
        org_id = await organizations.find(runtime, name)
    elif not await organizations.exists(runtime, org_id):
        org_id = None
    if org_id is None:
        raise CommandError(f"there is no organization {name}")
    return organizations.command_line(runtime, org_id)


def data_settings() -> Settings:
    """Return the settings of a command that works on an organization's rows. Raises SettingsError."""
    return settings_here(Settings, "DATABASE_URL")


def settings_here(model: type[S], name: str) -> S:
    """Return the environment's settings of a model; where it lacks `name`, or has it as the `dev` that runs on the data
    folder has it, completed by those of that `dev`.

    Raises SettingsError, whose last line says how to reach a `dev` where none runs and no server's settings are there.
    """
    given, unfit = os.environ.get(name), None
    if given:
        try:
            return load(model)
        except SettingsError as error:
            unfit = error
    with data_folder_of(load(LocalSettings).counterfoil_data) as folder:
        values = running_environment(folder)
    if unfit is not None and values.get(name) != given:
        raise unfit
    unset = {each.lower(): value for each, value in values.items() if not os.environ.get(each)}
    try:
        return load(model, **unset)
    except SettingsError as error:
        if model is not Settings or values or any(os.environ.get(each) for each in (*URLS, *KEYS)):
            raise
        hint = f"no `counterfoil dev` runs on {folder}: start one there, or set COUNTERFOIL_DATA to its data folder"
        raise SettingsError(f"{error}\n{hint}") from None


def run_work(work: Callable[[Runtime], Awaitable[T]], settings: Settings | None = None) -> T:
    """Return what a piece of work returns, run on a runtime of its own. Raises CommandError without tables."""
    settings = settings or data_settings()

    async def whole() -> T:
        async with running(settings, min_size=0, max_size=1) as runtime:
            async with runtime.connection() as connection:
                if not await is_migrated(connection):
                    raise CommandError(NOT_MIGRATED)
            return await work(runtime)

    return asyncio.run(whole())
