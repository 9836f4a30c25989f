"""The API keys of an organization, as the command line lists them."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from models.api_keys import api_keys
from resolvers.context import Context, Row
from resolvers.database.sql import owned, statement


@statement
def _all() -> sa.Select[Any]:
    return owned(api_keys).order_by(api_keys.c.id.desc())


async def every(ctx: Context) -> Sequence[Row]:
    """Return the organization's keys, newest first."""
    return await ctx.fetch(_all())
