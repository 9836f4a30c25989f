"""Members come and go with their migration: what made them findable goes with them, and nothing else."""

from uuid import uuid4

import psycopg

from migrations.runner import downgrade, upgrade
from server.database.databases import role_of
from tests.support.servers import Backends


def test_the_words_of_members_go_with_their_table(own_backends: Backends) -> None:
    owner, role, org = own_backends.migration_database_url, role_of(own_backends.database_url), str(uuid4())
    with psycopg.connect(own_backends.database_url) as application:
        application.execute("select set_config('app.org_id', %s, false)", [org])
        for prefix in ("client", "member"):
            application.execute("insert into search_words values (%s, %s, 'ada', %s)", [org, prefix, uuid4()])
            application.execute("insert into tag_uses values (%s, %s, 'vip', %s)", [org, prefix, uuid4()])
        application.commit()
        downgrade(owner, role, "0007")
        for table in ("search_words", "tag_uses"):
            assert application.execute(f"select kind from {table}").fetchall() == [("client",)]
        assert application.execute("select to_regclass('members')").fetchone() == (None,)
        application.commit()
        upgrade(owner, role)
        assert application.execute("select count(*) from members").fetchone() == (0,)
