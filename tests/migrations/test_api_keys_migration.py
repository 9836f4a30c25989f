"""Endpoints from before they knew which key made them: the audit log says it."""

from uuid import UUID

import psycopg

from migrations.runner import downgrade, upgrade
from models.typeid import encode, new_uuid
from server.database.databases import role_of
from tests.support.servers import Backends

KEY = """insert into api_keys (org_id, id, version, updated_at, name, digest, pepper_version, last_four, scopes,
  created_by) values (%(org)s, %(key)s, 1, now(), 'k', '', 1, 'xxxx', '{*}', 'x')"""
HOOK = """insert into webhook_endpoints (org_id, id, version, updated_at, url, events, secret, api_version, status,
  scopes) values (%(org)s, %(hook)s, 1, now(), 'https://example.com', '{*}', '', '', 'ENABLED', '{*}')"""
ENTRY = """insert into audit_entries (org_id, id, action, actor_kind, actor_id, actor_name, target_id, digest,
  request_id, source, occurred_at, mac) values (%(org)s, gen_random_uuid(), 'webhook:create', %(by)s, %(actor)s, 'k',
  %(hook)s, '', 'r', 'REST', now(), decode(repeat('00', 34), 'hex'))"""


def test_older_endpoints_know_their_key_by_the_audit_log(servers: Backends) -> None:
    with servers.empty_database() as made:
        role = role_of(made.database_url)
        upgrade(made.migration_database_url, role, "0010")
        wanted, orgs = {}, (new_uuid(), new_uuid())
        with psycopg.connect(made.database_url) as connection:
            for org in orgs:
                key = new_uuid()
                connection.execute("select set_config('app.org_id', %s, true)", [str(org)])
                connection.execute(KEY, {"org": org, "key": key})
                for actor_kind, actor, expected in (
                    ("KEY", encode("apikey", key), key),
                    ("KEY", encode("apikey", new_uuid()), None),
                    ("CLI", "cli", None),
                ):
                    values = {"org": org, "hook": new_uuid(), "by": actor_kind, "actor": actor}
                    connection.execute(HOOK, values)
                    connection.execute(ENTRY, values)
                    wanted[values["hook"]] = expected
        for _ in range(2):
            upgrade(made.migration_database_url, role)
            found: dict[UUID, UUID | None] = {}
            with psycopg.connect(made.database_url) as connection:
                for org in orgs:
                    connection.execute("select set_config('app.org_id', %s, true)", [str(org)])
                    found |= dict(connection.execute("select id, created_by_key from webhook_endpoints").fetchall())
            assert found == wanted
            downgrade(made.migration_database_url, role, "0010")
