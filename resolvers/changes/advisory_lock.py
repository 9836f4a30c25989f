"""An advisory lock of PostgreSQL, for changes of an organization's objects that are made one after another."""

from typing import Any

import sqlalchemy as sa

from models.resources import Resource
from resolvers.context import Context
from resolvers.database.sql import ORG, statement


@statement
def _lock(name: str) -> sa.Select[Any]:
    # The name is part of the text: there are few.
    whole = sa.literal_column(f"'{name}:'", sa.Text).concat(sa.cast(ORG, sa.Text))
    return sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(whole, 0)))


async def lock_objects(ctx: Context, resource: Resource) -> None:
    """Wait for the lock on an organization's objects of a resource, which the transaction then holds until it ends.

    Statements after it see what was committed by the transactions that it waited for.
    """
    await ctx.fetch(_lock(resource.plural))
