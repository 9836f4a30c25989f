"""Assignees of orders from before there was a table of them are found by it."""

from uuid import UUID, uuid4

import psycopg

from bench.filters.data import Size, fill
from migrations.runner import downgrade, upgrade
from server.database.databases import role_of
from tests.support.servers import Backends

SIZE = Size(clients=2, services=1, orders=12, messages=1, deliveries=1, members=3)
LISTED = "select distinct unnest(assignee_ids), id from orders order by 1, 2"


def _found(application: psycopg.Connection, sql: str, org: UUID) -> list[tuple[UUID, ...]]:
    application.execute("select set_config('app.org_id', %s, true)", [str(org)])
    found = application.execute(sql).fetchall()
    application.commit()
    return found


def test_older_assignees_are_listed_by_organization(own_backends: Backends) -> None:
    owner, role = own_backends.migration_database_url, role_of(own_backends.database_url)
    one, two = uuid4(), uuid4()
    for org in (one, two):
        fill(owner, org, SIZE)
    downgrade(owner, role, "0024")
    upgrade(owner, role)
    with psycopg.connect(own_backends.database_url) as application:
        for org in (one, two):
            listed = _found(application, LISTED, org)
            assert len(listed) == 11
            found = "select assignee_id, subject_id from assignments where resource = 'order' order by 1, 2"
            assert _found(application, found, org) == listed
