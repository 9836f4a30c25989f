"""Tickets come and go with their migration: their words, tags and timers go with them, and nothing else."""

from uuid import uuid4

import psycopg

from migrations.runner import downgrade, upgrade
from server.database.databases import role_of
from tests.support.servers import Backends

JOB = """insert into jobs (org_id, id, function, subject_id, concurrency_key, queue, run_at, state, attempt, claim_no)
  values (%(org)s, gen_random_uuid(), %(function)s, gen_random_uuid(), %(org)s, 'x', now(), 'QUEUED', 0, 0)"""


def test_what_belongs_to_tickets_goes_with_their_table(own_backends: Backends) -> None:
    owner, role, org = own_backends.migration_database_url, role_of(own_backends.database_url), str(uuid4())
    with psycopg.connect(own_backends.database_url) as application:
        application.execute("select set_config('app.org_id', %s, false)", [org])
        for kind in ("client", "ticket"):
            application.execute("insert into search_words values (%s, %s, 'ada', %s)", [org, kind, uuid4()])
            application.execute("insert into tag_uses values (%s, %s, 'vip', %s)", [org, kind, uuid4()])
        for function in ("AUDIT_SEAL", "TICKET_WAKE"):
            application.execute(JOB, {"org": org, "function": function})
        application.commit()
        downgrade(owner, role, "0012")
        for table in ("search_words", "tag_uses"):
            assert application.execute(f"select resource from {table}").fetchall() == [("client",)]
        assert application.execute("select function from jobs").fetchall() == [("AUDIT_SEAL",)]
        for table in ("tickets", "replies"):
            assert application.execute("select to_regclass(%s)", [table]).fetchone() == (None,)
        application.commit()
        upgrade(owner, role)
        assert application.execute("select count(*) from tickets").fetchone() == (0,)
        application.execute(JOB, {"org": org, "function": "TICKET_WAKE"})
