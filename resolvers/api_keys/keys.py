"""API keys: how one is made."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from models.api_keys import API_KEY, ApiKey, api_keys
from models.organizations import directory
from models.resources import scopes
from resolvers.api_keys.verification import digest_of, new_key
from resolvers.changes.edits import insert, new_row
from resolvers.collections.collection import COMMON_ORDERS, Collection, common_filters
from resolvers.context import Context
from resolvers.database.sql import statement
from resolvers.errors import Refusal, bad_input

API_KEYS = Collection(API_KEY, api_keys, orders=COMMON_ORDERS, filters=common_filters(API_KEY))


@statement
def _listed() -> sa.Insert:
    return directory.insert().values(
        kind=API_KEY.prefix, key=sa.bindparam("key", type_=sa.Text), org_id=sa.bindparam("org_id", type_=sa.Uuid)
    )


async def create(ctx: Context, name: str, wanted: list[str], expires_at: datetime | None = None) -> tuple[Any, str]:
    """Make a key; returns its row and the raw key, which is shown this once.

    Raises Refusal BAD_INPUT for an unknown scope, FORBIDDEN for one that the maker does not hold.
    """
    known = scopes()
    for scope in wanted:
        if scope not in known:
            raise bad_input("scopes", f"There is no scope {scope!r}.", "NOT_ONE_OF", allowed=sorted(known))
        if not ctx.actor.may(scope):
            message = "A key cannot create a key with more scopes than its own."
            raise Refusal("FORBIDDEN", message, field="scopes", scope=scope)
    row = new_row(ApiKey, {"name": name, "scopes": sorted(set(wanted)), "expires_at": expires_at})
    raw = new_key(row["id"])
    version, pepper = ctx.runtime.peppers.current
    row |= {
        "digest": digest_of(raw, pepper),
        "pepper_version": version,
        "last_four": raw[-4:],
        "created_by": ctx.actor.name,
        "created_by_key": ctx.actor.key_id,
    }
    await ctx.fetch(_listed(), key=str(row["id"]))
    return await insert(ctx, API_KEYS, row), raw
