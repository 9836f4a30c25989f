"""Settings from before they were one row with a version."""

import psycopg

from migrations.runner import downgrade, upgrade
from models.typeid import new_uuid
from server.database.databases import role_of
from tests.support.servers import Backends

ORGANIZATION = """insert into organizations (org_id, name, slug, default_currency, timezone, version, updated_at)
  values (%(org)s, 'Test', %(slug)s, 'EUR', 'UTC', 1, '2026-01-01')"""
SETTING = (
    "insert into org_settings (org_id, name, value, updated_at) values (%(org)s, %(name)s, %(value)s, '2026-02-02')"
)


def test_older_settings_become_one_row_and_go_back(servers: Backends) -> None:
    with servers.empty_database() as made:
        role = role_of(made.database_url)
        upgrade(made.migration_database_url, role, "0012")
        given = {new_uuid(): {"orders.revisionLimit": "2", "orders.reopenDays": "7"}, new_uuid(): {}}
        with psycopg.connect(made.database_url) as connection:
            for number, (org, values) in enumerate(given.items()):
                connection.execute("select set_config('app.org_id', %s, true)", [str(org)])
                connection.execute(ORGANIZATION, {"org": org, "slug": f"s{number}"})
                for name, value in values.items():
                    connection.execute(SETTING, {"org": org, "name": name, "value": value})
        for _ in range(2):
            upgrade(made.migration_database_url, role)
            with psycopg.connect(made.database_url) as connection:
                for org, values in given.items():
                    connection.execute("select set_config('app.org_id', %s, true)", [str(org)])
                    found = connection.execute(
                        "select version, chosen, updated_at::date::text from org_settings"
                    ).fetchall()
                    wanted = {name: int(value) for name, value in values.items()}
                    assert found == [(1, wanted, "2026-02-02" if values else "2026-01-01")]
                    connection.execute(
                        'update org_settings set chosen = chosen || \'{"invoices.prefix": "A"}\' where org_id = %s',
                        [org],
                    )
            downgrade(made.migration_database_url, role, "0012")
            with psycopg.connect(made.database_url) as connection:
                for org, values in given.items():
                    connection.execute("select set_config('app.org_id', %s, true)", [str(org)])
                    rows = connection.execute("select name, value::text from org_settings").fetchall()
                    assert dict(rows) == values
