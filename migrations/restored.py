"""Events of a dump that was restored into another cluster: their transactions get numbers that are below this one's.

A row says by ``xmin`` which transaction of this cluster wrote it. None writes an event with a number above its own, so
one that has such a number has it from a cluster that had counted further. Live feeds read in the order of the numbers,
and would not hear what this cluster writes until it has counted as far.
"""

import sqlalchemy as sa

# The greatest number with the 32 bits of `xmin` that was reached.
_WRITTEN = "top - ((top - e.xmin::text::bigint) & 4294967295)"
_TOP = "(select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as top) as counter"
# The directory, which has the slug of each organization, is no secret of any of them, so that the owner may read it.
_ORGS = sa.text("select distinct org_id from directory")
_SET_ORG = sa.text("select set_config('app.org_id', cast(:org as text), true)")
_FOUND = sa.text(
    f"select exists (select from events e, {_TOP} where e.org_id = :org and e.xact::text::bigint > {_WRITTEN})"
)
# Events keep their order, from the number before the restore's down. Neighbours whose ids are in order share one, so
# that there are enough; where there are not, the oldest have 0: their order is lost.
_RENUMBER = sa.text(f"""
with placed as materialized (
    select e.id, e.xact::text::bigint as xact, {_WRITTEN} as written from events e, {_TOP} where e.org_id = :org
), restore as materialized (
    select min(written) as began, (array_agg(id order by id desc))[1] as last from placed where xact > written
), old as (
    select id, xact, began, id < lag(id) over (order by xact, id) as turns from placed, restore
    where xact > written or id < last
), numbered as (
    select id, case when xact > 0 then began - 1 - count(*) filter (where turns) over ()
        + count(*) filter (where turns) over (order by xact, id) else 0 end as number from old
)
update events set xact = greatest(number, 0)::text::xid8
from numbered where events.id = numbered.id and events.org_id = :org
""")


def renumber_restored(connection: sa.Connection) -> int:
    """Give events with numbers that this cluster had not reached when it wrote them numbers of before that, in one
    transaction. Return how many organizations had some. Takes no lock where there are none."""
    connection.execute(sa.text("set local row_security = on"))
    # Else each organization could be one reading of the whole table.
    connection.execute(sa.text("set local enable_seqscan = off"))
    orgs = [org for org in connection.execute(_ORGS).scalars() if _is_restored(connection, org)]
    connection.commit()
    if not orgs:
        return 0
    # The owner too is held to the policies while they are forced, and nobody may change an event.
    connection.execute(sa.text("alter table events no force row level security"))
    for org in orgs:
        connection.execute(_RENUMBER, {"org": org})
    connection.execute(sa.text("alter table events force row level security"))
    connection.commit()
    return len(orgs)


def _is_restored(connection: sa.Connection, org: object) -> bool:
    connection.execute(_SET_ORG, {"org": org})
    return bool(connection.execute(_FOUND, {"org": org}).scalar_one())
