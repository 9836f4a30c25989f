"""Forms come and go with their migration: where their ids lead, and what made them findable, go with them."""

from uuid import uuid4

import psycopg

from migrations.runner import downgrade, upgrade
from server.database.databases import role_of
from tests.support.servers import Backends


def test_what_finds_forms_goes_with_their_tables(own_backends: Backends) -> None:
    owner, role, org = own_backends.migration_database_url, role_of(own_backends.database_url), str(uuid4())
    with psycopg.connect(own_backends.database_url) as application:
        application.execute("select set_config('app.org_id', %s, false)", [org])
        for kind in ("apikey", "form"):
            application.execute(
                "insert into directory (resource, key, org_id) values (%s, %s, %s)", [kind, uuid4(), org]
            )
        for kind in ("client", "form"):
            application.execute("insert into search_words values (%s, %s, 'ada', %s)", [org, kind, uuid4()])
        application.commit()
        downgrade(owner, role, "0017")
        assert application.execute("select resource from directory").fetchall() == [("apikey",)]
        assert application.execute("select resource from search_words").fetchall() == [("client",)]
        for table in ("forms", "form_versions", "submissions"):
            assert application.execute("select to_regclass(%s)", [table]).fetchone() == (None,)
        application.commit()
        upgrade(owner, role)
        assert application.execute("select count(*) from submissions").fetchone() == (0,)
