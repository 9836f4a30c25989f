"""Agents go with their migration, and what workers were to run of them goes with them."""

from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from migrations.runner import downgrade, upgrade
from server.database.databases import role_of
from server.dev import demo
from server.dev.demo_rows import Size
from tests.support.api import settings_of
from tests.support.servers import Backends

JOB = """insert into jobs (org_id, id, function, subject_id, concurrency_key, queue, run_at, state, attempt, claim_no)
  values (%(org)s, gen_random_uuid(), %(function)s, gen_random_uuid(), %(org)s, 'x', now(), 'QUEUED', 0, 0)"""
MODELS = """select j.model, v.model from agent_jobs j join agent_definition_versions v
  on (v.org_id, v.definition_id, v.version) = (j.org_id, j.definition_id, j.definition_version) order by j.id"""
FORCED = """select relname from pg_class
  where relforcerowsecurity and relname in ('agent_jobs', 'agent_definition_versions')"""
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


def test_the_jobs_that_there_are_have_the_model_of_their_version(
    own_backends: Backends, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, role = own_backends.migration_database_url, role_of(own_backends.database_url)
    # It has the same jobs with few rows of all else.
    monkeypatch.setattr(demo, "SIZE", Size(clients=30, orders=60, messages=60, tickets=20))
    monkeypatch.setattr(demo, "INVOICES", 30)
    monkeypatch.setattr(demo, "SUBSCRIPTIONS", 10)
    demo.seed_demo(settings_of(own_backends, counterfoil_data=tmp_path), lambda _line: None)
    downgrade(owner, role, "0042")
    upgrade(owner, role)
    with psycopg.connect(own_backends.database_url) as application:
        (org,) = application.execute("select org_id from directory where resource = 'organization'").fetchall()
        application.execute("select set_config('app.org_id', %s, false)", [str(org[0])])
        found = application.execute(MODELS).fetchall()
        forced = application.execute(FORCED).fetchall()
    assert len(found) == 6
    assert {job for job, _ in found} == {"test", "openai:gpt-5-mini"}
    assert [job for job, _ in found] == [version for _, version in found]
    assert len(forced) == 2
