"""Numbers for people, which each process reserves in blocks: unique, with gaps, and without waiting for each other."""

import asyncio
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.organizations import counters
from resolvers.context import Context
from resolvers.database.runtime import Runtime
from resolvers.database.sql import ORG, owned, statement

BLOCK = 50
FIRST = 1001


@statement
def _reserve() -> Any:
    insert = pg.insert(counters).values(
        org_id=ORG, name=sa.bindparam("name", type_=sa.Text), next=sa.bindparam("first", type_=sa.BigInteger)
    )
    step = sa.bindparam("block", type_=sa.BigInteger)
    return insert.on_conflict_do_update(
        index_elements=[counters.c.org_id, counters.c.name], set_={"next": counters.c.next + step}
    ).returning((counters.c.next - step).label("start"))


@statement
def _unreserved() -> Any:
    return owned(counters, counters.c.next).where(counters.c.name == sa.bindparam("name", type_=sa.Text))


async def next_number(ctx: Context, name: str) -> int:
    """Return the next number of a series. A dry run gets one that no process has reserved yet, and reserves none."""
    if ctx.recorded is None or not ctx.dry_run:
        return await reserve_number(ctx.runtime, ctx.org_id, name)
    row = await ctx.row(_unreserved(), name=name)
    drawn, ctx.recorded.numbers[name] = ctx.recorded.numbers[name], ctx.recorded.numbers[name] + 1
    return drawn + (FIRST if row is None else int(row["next"]))


async def reserve_number(runtime: Runtime, org_id: UUID, name: str) -> int:
    """Return the next number of a series, from the process's block; a new block takes a short transaction of its
    own."""
    key = (org_id, name)
    lock = runtime.number_locks.setdefault(key, asyncio.Lock())
    async with lock:
        left = runtime.numbers.setdefault(key, [])
        if not left:
            sql = _reserve()
            values = {"org_id": org_id, "name": name, "first": FIRST + BLOCK, "block": BLOCK}
            async with runtime.bound(org_id) as connection:
                start: int = await connection.fetchval(sql.text, *sql.arguments(values))
            left.extend(range(start + BLOCK - 1, start - 1, -1))
        return left.pop()
