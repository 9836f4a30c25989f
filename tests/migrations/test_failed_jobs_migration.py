"""Jobs that failed keep what they are, whatever the word for it: FAILED, and DEAD before."""

from uuid import UUID

import psycopg

from migrations.runner import downgrade, upgrade
from models.typeid import new_uuid
from server.database.databases import role_of
from tests.support.servers import Backends

JOB = """insert into jobs (org_id, id, function, subject_id, concurrency_key, queue, run_at, state, attempt, claim_no)
  values (%(org)s, %(id)s, 'AUDIT_SEAL', %(org)s, %(org)s, 'audit', now(), %(state)s, 1, 1)"""
STATES = ("QUEUED", "FAILED", "DONE")


def _states(application: psycopg.Connection, org: UUID) -> list[str]:
    found = application.execute("select state from jobs where org_id = %s order by id", [org])
    return [state for (state,) in found]


def test_failed_jobs_have_the_word_of_their_version(servers: Backends) -> None:
    with servers.empty_database() as made:
        owner, role, org = made.migration_database_url, role_of(made.database_url), new_uuid()
        upgrade(owner, role)
        with psycopg.connect(made.database_url, autocommit=True) as application:
            application.execute("select set_config('app.org_id', %s, false)", [str(org)])
            for state in STATES:
                application.execute(JOB, {"org": org, "id": new_uuid(), "state": state})
            downgrade(owner, role, "0034")
            assert _states(application, org) == ["QUEUED", "DEAD", "DONE"]
            upgrade(owner, role)
            assert _states(application, org) == [*STATES]
