"""Agents go with their migration, and what workers were to run of them goes with them."""

from uuid import uuid4

import psycopg

from migrations.runner import downgrade, upgrade
from server.database.databases import role_of
from tests.support.servers import Backends

JOB = """insert into jobs (org_id, id, function, subject_id, concurrency_key, queue, run_at, state, attempt, claim_no)
  values (%(org)s, gen_random_uuid(), %(function)s, gen_random_uuid(), %(org)s, 'x', now(), 'QUEUED', 0, 0)"""
TABLES = ("agent_definitions", "agent_definition_versions", "agent_jobs", "agent_steps", "agent_budgets")


def test_the_work_of_agents_goes_with_their_tables(own_backends: Backends) -> None:
    owner, role, org = own_backends.migration_database_url, role_of(own_backends.database_url), uuid4()
    with psycopg.connect(own_backends.database_url) as application:
        application.execute("select set_config('app.org_id', %s, false)", [str(org)])
        for function in ("TICKET_WAKE", "AGENT", "AGENT_EXPIRY"):
            application.execute(JOB, {"org": org, "function": function})
        application.commit()
        downgrade(owner, role, "0025")
        assert application.execute("select function from jobs").fetchall() == [("TICKET_WAKE",)]
        for table in TABLES:
            assert application.execute("select to_regclass(%s)", [table]).fetchone() == (None,)
        application.commit()
        upgrade(owner, role)
        application.execute(JOB, {"org": org, "function": "AGENT"})
        assert application.execute("select count(*) from agent_jobs").fetchone() == (0,)
