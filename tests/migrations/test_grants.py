"""What a dump lacks that was restored without privileges, or for another role: `migrate` grants it anew."""

import psycopg
from psycopg import sql

from migrations.runner import upgrade
from server.database.databases import role_of
from tests.support.servers import Backends

RIGHTS = """
select table_name, string_agg(privilege_type, ' ' order by privilege_type) from information_schema.role_table_grants
where grantee = %s and table_schema = 'public' group by table_name order by table_name
"""


def test_rights_that_a_dump_did_not_bring_are_granted_and_no_others(own_backends: Backends) -> None:
    owner, role = own_backends.migration_database_url, role_of(own_backends.database_url)
    with psycopg.connect(owner, autocommit=True) as connection:
        before = connection.execute(RIGHTS, [role]).fetchall()
        assert ("alembic_version", "SELECT") in before
        connection.execute(sql.SQL("revoke all on all tables in schema public from {}").format(sql.Identifier(role)))
        assert connection.execute(RIGHTS, [role]).fetchall() == []
        upgrade(owner, role)
        assert connection.execute(RIGHTS, [role]).fetchall() == before
