"""A dump that was restored into another cluster, which had not counted as far: what its events have then."""

import psycopg

from migrations.runner import upgrade
from server.database.databases import role_of
from tests.support.servers import Backends

# The order of feeds.
IN_ORDER = "select id from events order by xact, id"


def restore(backends: Backends, ahead: int, only: str = "true", number: str = "0") -> None:
    """Give events numbers that are ahead of the counter, as a restore of a cluster's dump does."""
    with psycopg.connect(backends.migration_database_url) as owner:
        owner.execute("alter table events no force row level security")
        top = "pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
        row = "(select e.id, row_number() over (order by e.xact, e.id) as place from events e) numbered"
        statement = f"update events set xact = ({top} + {ahead} + place + {number})::text::xid8 from {row}"
        owner.execute(f"{statement} where numbered.id = events.id and {only}".encode())
        owner.execute("alter table events force row level security")


def more_than_numbers(backends: Backends) -> None:
    """Repeat the newest event until there are twice as many as the cluster has counted transactions."""
    with psycopg.connect(backends.migration_database_url) as owner:
        owner.execute("alter table events no force row level security")
        owner.execute("""insert into events select (jsonb_populate_record(e::events, jsonb_build_object('id',
            overlay((e).id::text placing lpad(to_hex(n), 12, '0') from 25)))).*
            from (select events from events order by id desc limit 1) newest(e),
            generate_series(1, 2 * pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 100) n""")
        owner.execute("alter table events force row level security")


def migrate(backends: Backends) -> None:
    upgrade(backends.migration_database_url, role_of(backends.database_url))
