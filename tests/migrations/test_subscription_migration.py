"""Subscriptions go with their migration: their timers go with them, and their invoices stay. What they earned before
they began is no revenue."""

import hashlib
from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg
import pytest

from bench.filters.data import Size, fill
from migrations.runner import downgrade, upgrade
from models.typeid import new_uuid
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

CHANGE = """insert into subscription_changes (org_id, id, subscription_id, at, mrr_before, mrr_after)
  values (%s, %s, %s, %s, %s, %s)"""
PERIOD = """insert into subscription_periods (org_id, subscription_id, number, starts_at, ends_at, state, quantity,
  unit_price, tax_rate) values (%s, %s, 0, %s, now(), 'DUE', 1, 1, 0)"""
# Changes by day of January, before and after; with the day of the first period, what they become.
EARNED = [
    (None, [(1, 0, 5), (3, 5, 0)], []),
    (10, [(1, 0, 5), (3, 5, 7), (20, 7, 0)], [(10, 0, 7), (20, 7, 0)]),
    (10, [(1, 0, 5), (3, 5, 0), (20, 0, 5)], [(20, 0, 5)]),
    (10, [(10, 0, 5), (11, 5, 6)], [(10, 0, 5), (11, 5, 6)]),
    (10, [(15, 0, 5)], [(15, 0, 5)]),
]


@pytest.mark.parametrize(("first", "before", "after"), EARNED)
def test_revenue_counts_from_the_first_period(
    own_backends: Backends, first: int | None, before: list[tuple[int, int, int]], after: list[tuple[int, int, int]]
) -> None:
    owner, role, org = own_backends.migration_database_url, role_of(own_backends.database_url), new_uuid()
    fill(owner, org, SIZE)
    with psycopg.connect(own_backends.database_url) as application:
        application.execute("select set_config('app.org_id', %s, false)", [str(org)])
        found = application.execute("select id from subscriptions").fetchone()
        assert found is not None
        downgrade(owner, role, "0032")
        if first is not None:
            application.execute(PERIOD, (org, found[0], datetime(2026, 1, first, tzinfo=UTC)))
        for day, earned, earns in before:
            given: tuple[UUID, UUID, UUID, datetime] = (org, new_uuid(), found[0], datetime(2026, 1, day, tzinfo=UTC))
            application.execute(CHANGE, (*given, earned, earns))
        application.commit()
        for _ in range(2):
            upgrade(owner, role)
            said = "select extract(day from at at time zone 'UTC')::int, mrr_before, mrr_after"
            rows = application.execute(f"{said} from subscription_changes order by at, id").fetchall()
            application.commit()
            assert rows == after
            downgrade(owner, role, "0032")
        upgrade(owner, role)


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
        assert application.execute("select function from jobs where function <> 'WEBHOOK_DELIVERY'").fetchall() == [
            ("TICKET_WAKE",)
        ]
        for table in ("subscriptions", "subscription_periods", "subscription_changes"):
            assert application.execute("select to_regclass(%s)", [table]).fetchone() == (None,)
        application.commit()
        upgrade(owner, role)
        designs = application.execute(DESIGNS).fetchall()
        assert designs == [("fr", "#aa0000", f"sha256:{hashlib.sha256(b'png').hexdigest()}", b"png")]
        assert application.execute("select count(*) from subscriptions").fetchone() == (0,)
        application.execute(JOB, {"org": org, "function": "SUBSCRIPTION"})
