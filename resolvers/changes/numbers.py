"""Numbers for people, which each process reserves in blocks: unique, with gaps, and without waiting for each other."""

import asyncio
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.organizations import counters
from resolvers.database.runtime import Runtime
from resolvers.database.sql import ORG, statement

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


async def next_number(runtime: Runtime, org_id: UUID, name: str) -> int:
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
