"""Subscriptions go with their migration: their timers go with them, and their invoices stay."""

from uuid import uuid4

import psycopg

from bench.filters.data import Size, fill
from migrations.runner import downgrade, upgrade
from server.database.databases import role_of
from tests.support.servers import Backends

SIZE = Size(clients=3, services=1, orders=1, messages=1, deliveries=1, subscriptions=3, invoices=6)
JOB = """insert into jobs (org_id, id, function, subject_id, concurrency_key, queue, run_at, state, attempt, claim_no)
  values (%(org)s, gen_random_uuid(), %(function)s, gen_random_uuid(), %(org)s, 'x', now(), 'QUEUED', 0, 0)"""


def test_invoices_outlive_the_table_of_subscriptions(own_backends: Backends) -> None:
    owner, role, org = own_backends.migration_database_url, role_of(own_backends.database_url), uuid4()
    fill(owner, org, SIZE)
    links = "select count(*), count(subscription_id) from invoices"
    with psycopg.connect(own_backends.database_url) as application:
        application.execute("select set_config('app.org_id', %s, false)", [str(org)])
        for function in ("TICKET_WAKE", "SUBSCRIPTION"):
            application.execute(JOB, {"org": org, "function": function})
        assert application.execute(links).fetchone() == (6, 1)
        application.commit()
        downgrade(owner, role, "0018")
        assert application.execute(links).fetchone() == (6, 0)
        assert application.execute("select function from jobs").fetchall() == [("TICKET_WAKE",)]
        for table in ("subscriptions", "subscription_periods", "subscription_changes"):
            assert application.execute("select to_regclass(%s)", [table]).fetchone() == (None,)
        application.commit()
        upgrade(owner, role)
        assert application.execute("select count(*) from subscriptions").fetchone() == (0,)
        application.execute(JOB, {"org": org, "function": "SUBSCRIPTION"})
