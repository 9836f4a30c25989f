"""Which rows a client sees, of some that are known by their ids: by the filter that its lists have."""

from collections.abc import Collection as Some
from functools import cache
from uuid import UUID

from resolvers.collections.collection import COLLECTIONS, Collection
from resolvers.context import Context
from resolvers.database.fragments import ORG, Aliases, Parameters, quoted
from resolvers.database.sql import Sql
from resolvers.lists.filter_sql import bind
from resolvers.lists.filters import FilterShape, parameters, split
from resolvers.lists.row_sql import clause


@cache
def _visible(name: str, shape: FilterShape, types: tuple[str, ...]) -> Sql:
    collection, free, new_alias = COLLECTIONS[name], Parameters(), Aliases()
    of_filter = free.add(*[f"f{index}" for index in range(len(types))])
    (keys,) = free.add("keys")
    row = new_alias()
    seen = clause(bind(collection, shape, of_filter, types), row, new_alias)
    source = f"{quoted(collection.table.name)} AS {row}"
    where = f"{row}.org_id = {ORG} AND {row}.id = ANY ({keys}::UUID[]) AND {seen}"
    return Sql(f"SELECT {row}.id FROM {source} WHERE {where}", tuple(free.names), {})


async def visible(ctx: Context, collection: Collection, keys: Some[UUID]) -> Some[UUID]:
    """Return those of some ids whose rows the caller sees, who is a client."""
    client = ctx.actor.client
    assert client is not None, "others see what their scopes say"
    if not keys:
        return keys
    shape, values = split(collection, collection.clients(client), None, "filter", lambda _other: {})
    values_by_name, types = parameters(values)
    rows = await ctx.fetch(_visible(collection.name, shape, types), keys=list(keys), **values_by_name)
    return {row["id"] for row in rows}
