"""The jobs of an organization, as an operator lists them and looks one up."""

from typing import Any

import sqlalchemy as sa

from models.jobs import JOB, JobFunction, jobs
from models.typeid import decode, encode
from resolvers.collections.rows import Key
from resolvers.context import Context, Row
from resolvers.database.sql import owned, statement
from resolvers.errors import not_found

_COLUMNS = tuple(column for column in jobs.c if column.name not in ("org_id", "lease_token"))


def subject_of(row: Row) -> str:
    """Return the ID of the object that a job is for, whose type its function names."""
    return encode(JobFunction(row["function"]).subject.prefix, row["subject_id"])


@statement
def _listed() -> sa.Select[Any]:
    wanted = {name: sa.bindparam(name, type_=sa.Text) for name in ("state", "queue", "function")}
    chosen = [sa.or_(value.is_(None), jobs.c[name] == value) for name, value in wanted.items()]
    return (
        owned(jobs, *_COLUMNS).where(*chosen).order_by(jobs.c.id.desc()).limit(sa.bindparam("most", type_=sa.Integer))
    )


async def listed(ctx: Context, most: int, **chosen: str | None) -> list[Row]:
    """Return the organization's newest jobs, of a ``state``, ``queue`` and ``function`` where these are not None."""
    return await ctx.fetch(_listed(), most=most, **chosen)


@statement
def _one() -> sa.Select[Any]:
    return owned(jobs, *_COLUMNS).where(jobs.c.id == sa.bindparam("job_id", type_=sa.Uuid))


async def find(ctx: Context, key: Key) -> Row:
    """Return a job. Raises Refusal NOT_FOUND."""
    job_id = decode(JOB.prefix, key.id)
    row = None if job_id is None else await ctx.row(_one(), job_id=job_id)
    if row is None:
        raise not_found("job")
    return row
