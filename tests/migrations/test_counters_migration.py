"""Counters of invoice numbers from before prefixes that differ in case alone shared one."""

import psycopg

from migrations.runner import downgrade, upgrade
from models.typeid import new_uuid
from server.database.databases import role_of
from tests.support.servers import Backends

ORGANIZATION = """insert into organizations (org_id, name, slug, default_currency, timezone, version, updated_at)
  values (%(org)s, 'Test', 'test', 'EUR', 'UTC', 1, '2026-01-01')"""
CLIENT = """insert into clients (org_id, id, version, updated_at, metadata, tags, name, name_key, email, email_key,
  status) values (%(org)s, %(org)s, 1, '2026-03-03', '{}', '{}', 'Ada', 'ada', 'a@b.c', 'a@b.c', 'ACTIVE')"""
INVOICE = """insert into invoices (org_id, id, version, updated_at, metadata, status, number, number_key, client_id,
  currency, subtotal, discount, taxes, tax, total, amount_paid, issued_at, due_at, seller, buyer, timezone, language)
  values (%(org)s, %(id)s, 1, '2026-03-03', '{}', 'OPEN', %(number)s::text, lower(%(number)s::text), %(org)s,
  'EUR', 1, 0, '[]', 0, 1, 0, now(), now(), '{}', '{}', 'UTC', 'en')"""
BEFORE = {"orders": 1_050, "invoices:2026:": 3, "invoices:2026:AB-": 3, "invoices:2026:ab-": 2, "invoices:2027:AB-": 2}
AFTER = {"orders": 1_050, "invoices:2026:": 3, "invoices:2026:ab-": 3, "invoices:2027:ab-": 2}


def test_counters_that_differ_in_case_become_one_and_go_back(own_backends: Backends) -> None:
    owner, role, org = own_backends.migration_database_url, role_of(own_backends.database_url), new_uuid()
    downgrade(owner, role, "0024")
    with psycopg.connect(own_backends.database_url) as application:
        application.execute("select set_config('app.org_id', %s, false)", [str(org)])

        def counters() -> dict[str, int]:
            found: dict[str, int] = dict(application.execute("select name, next from counters").fetchall())
            application.commit()
            return found

        application.execute(ORGANIZATION, {"org": org})
        application.execute(CLIENT, {"org": org})
        for number in ("2026-000002", "AB-2026-000002", "AB-2027-000001"):
            application.execute(INVOICE, {"org": org, "id": new_uuid(), "number": number})
        for name, following in BEFORE.items():
            application.execute("insert into counters values (%s, %s, %s)", [org, name, following])
        application.commit()
        upgrade(owner, role)
        assert counters() == AFTER
        downgrade(owner, role, "0024")
        # What the older version counts by is there again.
        assert counters() == AFTER | {"invoices:2026:AB-": 3, "invoices:2027:AB-": 2}
        upgrade(owner, role)
        assert counters() == AFTER
