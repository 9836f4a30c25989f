"""The fields of the versions of forms that many submissions and orders answer."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from execution import Args
from models.forms import form_versions
from resolvers.context import Context, Row
from resolvers.database.sql import owned, statement


@statement
def _versions() -> sa.Select[Any]:
    wanted = (
        sa.func.unnest(
            sa.bindparam("forms", type_=pg.ARRAY(sa.Uuid)), sa.bindparam("versions", type_=pg.ARRAY(sa.Integer))
        )
        .table_valued(sa.column("form_id", sa.Uuid), sa.column("version", sa.Integer), name="wanted")
        .render_derived()
    )
    columns = (form_versions.c.form_id, form_versions.c.version, form_versions.c.fields)
    same = (form_versions.c.form_id == wanted.c.form_id, form_versions.c.version == wanted.c.version)
    return owned(form_versions, *columns).where(*same)


async def fields_of(ctx: Context, parents: list[Row], args: Args) -> list[list[dict[str, Any]] | None]:
    """Return the fields that each submission or order answers, those of its version of the form; None where it answers
    none."""
    wanted = list({(row["form_id"], row["form_version"]) for row in parents if row["form_id"] is not None})
    forms, versions = [form for form, _ in wanted], [version for _, version in wanted]
    rows = await ctx.fetch(_versions(), forms=forms, versions=versions) if wanted else []
    found = {(row["form_id"], row["version"]): row["fields"] for row in rows}
    return [found.get((row["form_id"], row["form_version"])) for row in parents]
