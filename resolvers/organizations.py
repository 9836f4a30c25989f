"""Organizations: made from the command line, found by their slug."""

from typing import Any
from uuid import UUID

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from execution import Args
from models.actors import ActorKind, Source
from models.base import TIMESTAMP
from models.organizations import ORGANIZATION, directory, org_settings, organizations
from models.resources import scopes
from models.typeid import new_uuid
from resolvers.actor import Actor
from resolvers.audit.entries import new_entry
from resolvers.changes.write import write_entries
from resolvers.context import Context, Row, now
from resolvers.database.runtime import Runtime
from resolvers.database.sql import ORG, owned, statement
from resolvers.errors import Conflict
from resolvers.loads import shared

SLUG_TAKEN = Conflict("SLUG_TAKEN", "Another organization has this slug.")


def command_line(runtime: Runtime, org_id: UUID) -> Context:
    """Return the context of a person at the command line, who may do everything in an organization."""
    actor = Actor(ActorKind.CLI, "cli", "command line", scopes(), org_id)
    return Context(runtime, actor, f"cli-{new_uuid()}", Source.CLI)


@statement
def _found() -> sa.Select[Any]:
    by_slug = (directory.c.resource == "organization", directory.c.key == sa.bindparam("key", type_=sa.Text))
    return sa.select(directory.c.org_id).where(*by_slug)


async def find(runtime: Runtime, slug: str) -> UUID | None:
    """Return the organization of a slug, or None."""
    sql = _found()
    async with runtime.connection() as connection:
        found: UUID | None = await connection.fetchval(sql.text, *sql.arguments({"key": slug}))
    return found


@statement
def _own() -> sa.Select[Any]:
    return owned(organizations, organizations.c.org_id)


async def exists(runtime: Runtime, org_id: UUID) -> bool:
    """Return whether there is an organization of this key."""
    sql = _own()
    async with runtime.bound(org_id) as connection:
        return await connection.fetchval(sql.text, *sql.arguments({"org_id": org_id})) is not None


@statement
def _value(column: str) -> sa.Select[Any]:
    return owned(organizations, organizations.c[column])


async def value_of(ctx: Context, column: str) -> Any:
    """Return what a column of the context's organization holds: the default of what a new object leaves out."""
    row = await ctx.row(_value(column))
    assert row is not None, "a key belongs to an organization"
    return row[column]


@statement
def _insert() -> sa.Insert:
    given = {name: sa.bindparam(name, type_=sa.Text) for name in ("name", "slug", "default_currency", "timezone")}
    return organizations.insert().values(
        org_id=ORG, version=1, updated_at=sa.bindparam("moment", type_=TIMESTAMP), **given
    )


@statement
def _insert_settings() -> sa.Insert:
    return org_settings.insert().values(
        org_id=ORG, version=1, updated_at=sa.bindparam("moment", type_=TIMESTAMP), chosen=sa.literal({}, pg.JSONB)
    )


@statement
def _list() -> sa.Insert:
    return directory.insert().values(resource="organization", key=sa.bindparam("slug", type_=sa.Text), org_id=ORG)


async def create(ctx: Context, name: str, slug: str, currency: str = "EUR", timezone: str = "UTC") -> UUID:
    """Make the context's organization. Raises Refusal CONFLICT (SLUG_TAKEN)."""
    row = {"name": name, "slug": slug, "default_currency": currency, "timezone": timezone}
    try:
        await ctx.fetch(_list(), slug=slug)
    except asyncpg.UniqueViolationError as error:
        raise SLUG_TAKEN.refusal("slug", f"The slug {slug} is taken.") from error
    moment = now()
    await ctx.fetch(_insert(), moment=moment, **row)
    await ctx.fetch(_insert_settings(), moment=moment)
    await write_entries(ctx, [(new_entry(ORGANIZATION.action("create"), {}, row), ctx.org_id)])
    return ctx.org_id


@statement
def _viewer(columns: tuple[str, ...]) -> sa.Select[Any]:
    shown = [organizations.c[name] for name in columns]
    # The last column is the loader's own: a plan reads the others by their order.
    return owned(organizations, *shown, organizations.c.org_id.label("key"))


@shared
async def viewer(ctx: Context, args: Args) -> Row | None:
    """Return the organization of the key that asks."""
    return await ctx.row(_viewer(args.columns))
