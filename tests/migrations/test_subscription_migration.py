"""Subscriptions go with their migration: their timers go with them, and their invoices stay."""

import hashlib
from uuid import uuid4

import psycopg

from bench.filters.data import Size, fill
from migrations.runner import downgrade, upgrade
from server.database.databases import role_of
from tests.support.servers import Backends

SIZE = Size(clients=3, services=1, orders=1, messages=1, deliveries=1, subscriptions=3, invoices=6)
JOB = """insert into jobs (org_id, id, function, subject_id, concurrency_key, queue, run_at, state, attempt, claim_no)
  values (%(org)s, gen_random_uuid(), %(function)s, gen_random_uuid(), %(org)s, 'x', now(), 'QUEUED', 0, 0)"""

SETTINGS = """insert into org_settings (org_id, version, updated_at, chosen)
  values (%s, 1, now(), '{"organization.language": "fr", "organization.color": "#aa0000"}')"""
LOGO = "insert into org_logos (org_id, png) values (%s, 'png')"
DESIGNS = """select distinct language, color, digest, png from invoices
  left join invoice_logos on invoices.org_id = invoice_logos.org_id and logo = digest where number is not null"""


def test_invoices_outlive_the_table_of_subscriptions(own_backends: Backends) -> None:
    owner, role, org = own_backends.migration_database_url, role_of(own_backends.database_url), uuid4()
    fill(owner, org, SIZE)
    links = "select count(*), count(subscription_id) from invoices"
    with psycopg.connect(own_backends.database_url) as application:
        application.execute("select set_config('app.org_id', %s, false)", [str(org)])
        for function in ("TICKET_WAKE", "SUBSCRIPTION"):
            application.execute(JOB, {"org": org, "function": function})
        assert application.execute(links).fetchone() == (6, 1)
        application.execute(SETTINGS, [org])
        application.execute(LOGO, [org])
        application.commit()
        downgrade(owner, role, "0018")
        assert application.execute(links).fetchone() == (6, 0)
        assert application.execute("select function from jobs").fetchall() == [("TICKET_WAKE",)]
        for table in ("subscriptions", "subscription_periods", "subscription_changes"):
            assert application.execute("select to_regclass(%s)", [table]).fetchone() == (None,)
        application.commit()
        upgrade(owner, role)
        designs = application.execute(DESIGNS).fetchall()
        assert designs == [("fr", "#aa0000", f"sha256:{hashlib.sha256(b'png').hexdigest()}", b"png")]
        assert application.execute("select count(*) from subscriptions").fetchone() == (0,)
        application.execute(JOB, {"org": org, "function": "SUBSCRIPTION"})
