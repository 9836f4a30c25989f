"""Turns: changes of an organization's rows that are made one after another."""

from typing import Any

import sqlalchemy as sa

from models.resources import Resource
from resolvers.context import Context
from resolvers.database.sql import ORG, statement


@statement
def _turn(name: str) -> sa.Select[Any]:
    # The name is part of the text: there are few.
    whole = sa.literal_column(f"'{name}:'", sa.Text).concat(sa.cast(ORG, sa.Text))
    return sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(whole, 0)))


async def take_turn(ctx: Context, resource: Resource) -> None:
    """Wait until no other transaction has the turn to change a resource's objects; the turn ends with the transaction.

    Statements after it see what was committed by those that it waited for.
    """
    await ctx.fetch(_turn(resource.plural))
