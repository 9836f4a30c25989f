"""The version of an agent definition that each of many jobs runs."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from execution import Args
from models.agents import agent_definition_versions
from resolvers.context import Context, Row
from resolvers.database.sql import owned, statement


@statement
def _versions(columns: tuple[str, ...]) -> sa.Select[Any]:
    of = agent_definition_versions.c
    # The last column is the loader's own: a plan reads the others by their order.
    own = sa.func.concat(of.definition_id, ":", of.version).label("key")
    # Those of other definitions with these numbers are read too.
    wanted = (
        of.definition_id == sa.any_(sa.bindparam("definitions", type_=pg.ARRAY(sa.Uuid))),
        of.version == sa.any_(sa.bindparam("versions", type_=pg.ARRAY(sa.Integer))),
    )
    return owned(agent_definition_versions, *(of[name] for name in columns), own).where(*wanted)


async def versions_of_jobs(ctx: Context, parents: list[Row], args: Args) -> list[Row]:
    """Return the version of the definition that each job runs."""
    definitions, versions = ([*{row[f"definition{end}"] for row in parents}] for end in ("_id", "_version"))
    rows = await ctx.fetch(_versions(args.columns), definitions=definitions, versions=versions)
    found = {row["key"]: row for row in rows}
    return [found[f"{row['definition_id']}:{row['definition_version']}"] for row in parents]
