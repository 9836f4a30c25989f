"""What the statement of a report reads, and how far it has come while it runs.

PostgreSQL does not say how far a statement is. So the statement itself counts some of the rows that it reads, in the
name that its session shows to others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from resolvers.database.runtime import Connection, Runtime

# One row in so many is counted, at random, and one block in so many is read to estimate how many rows there are.
COUNTED, SAMPLED = 1_000, 100
# The value is never an ID: whether a row is counted or not, it is read. By the ID it is a condition of that table.
_COUNT = (
    f"(random() >= 1.0 / {COUNTED} or set_config('application_name',"
    " cast(cast(current_setting('application_name') as integer) + 1 as text), true) <> cast({}org_id as text))"
)
_READ = "select application_name from pg_stat_activity where pid = $1"
# What a snapshot of a report begins with.
NOTHING_READ = "set_config('application_name','0',true)"


@dataclass(frozen=True, slots=True)
class Scan:
    """Rows of a table that a statement reads, in most of its time. ``where`` are their conditions."""

    table: str
    where: str

    @property
    def counted(self) -> str:
        """Return the conditions, with one that counts."""
        _, _, alias = self.table.partition(" ")
        return f"{self.where} and {_COUNT.format(f'{alias}.' if alias else '')}"

    @property
    def estimate(self) -> str:
        """Return the select of how many rows there are, about. Of a table of few blocks it may find none."""
        sample = f"tablesample system ({100 / SAMPLED:g}) repeatable (1)"
        return f"select {SAMPLED} * count(*) as rows from {self.table} {sample} where {self.where}"


def total_of(scans: Sequence[Scan]) -> str:
    """Return the select of how many rows there are in all scans together, about."""
    return f"select cast(sum(rows) as bigint) from ({' union all '.join(scan.estimate for scan in scans)}) as scans"


async def rows_read(runtime: Runtime, org_id: UUID, session: int) -> int:
    """Return how many rows the statement of another session has read, about."""
    async with runtime.bound(org_id) as connection:
        counted = await connection.fetchval(_READ, session)
    return COUNTED * int(counted) if counted and counted.isdecimal() else 0


async def session_of(connection: Connection) -> int:
    """Return what PostgreSQL knows the session of a connection by, also where a pooler is between."""
    session: int = await connection.fetchval("select pg_backend_pid()")
    return session
