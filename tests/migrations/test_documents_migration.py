"""Keys that are held to trusted documents are revoked before an older version, which knows no such hold, has them."""

import psycopg

from migrations.runner import downgrade, upgrade
from models.typeid import new_uuid
from server.database.databases import role_of
from tests.support.servers import Backends

KEY = """insert into api_keys (org_id, id, version, updated_at, name, digest, pepper_version, last_four, scopes,
  created_by, trusted_documents_only) values (%(org)s, %(id)s, 1, now(), %(name)s, '', 1, 'abcd', '{*}', 'cli',
  %(held)s)"""
STATE = "select name, revoked_at is not null from api_keys order by name"


def test_keys_that_are_held_to_documents_do_not_become_free(own_backends: Backends) -> None:
    owner, role, org = own_backends.migration_database_url, role_of(own_backends.database_url), new_uuid()
    with psycopg.connect(own_backends.database_url) as application:
        application.execute("select set_config('app.org_id', %s, false)", [str(org)])
        for name, held in (("free", False), ("held", True)):
            application.execute(KEY, {"org": org, "id": new_uuid(), "name": name, "held": held})
        application.commit()
        downgrade(owner, role, "0034")
        assert application.execute(STATE).fetchall() == [("free", False), ("held", True)]
        application.commit()
        upgrade(owner, role)
        left = "select count(*) from api_keys where trusted_documents_only"
        assert application.execute(left).fetchall() == [(0,)]
