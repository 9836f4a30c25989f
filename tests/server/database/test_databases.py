"""Databases that are made and dropped beside the one in a URL."""

import threading

import psycopg
import pytest

from migrations.revisions import CONNECT_S, revisions
from server.database.databases import create_database, drop_database, revision_of, role_of, with_database
from tests.support.servers import Backends

NAME = "counterfoil_test_dropped"
CONNECTED = "select count(*) from pg_stat_activity where datname = %s"


@pytest.mark.parametrize("role", ["owner", "application"])
def test_a_database_is_dropped_whoever_is_still_leaving_it(servers: Backends, role: str) -> None:
    owner, app = servers.migration_database_url, servers.database_url
    create_database(owner, app, NAME)
    leaving = psycopg.connect(with_database(owner if role == "owner" else app, NAME))
    with psycopg.connect(owner) as connection:
        assert connection.execute(CONNECTED, [NAME]).fetchone() == (1,)
    timer = threading.Timer(0.5, leaving.close)
    timer.start()
    try:
        drop_database(owner, NAME)
        with psycopg.connect(owner) as connection:
            assert connection.execute("select from pg_database where datname = %s", [NAME]).fetchall() == []
    finally:
        timer.join(60)
        leaving.close()


def test_a_revision_is_none_where_there_is_none_or_the_role_may_not_read_it(
    servers: Backends, own_backends: Backends
) -> None:
    owner, app = own_backends.migration_database_url, own_backends.database_url
    assert revision_of(owner) == revisions().head
    with psycopg.connect(owner) as connection:
        connection.execute("revoke all on alembic_version from public")
        connection.execute(f"revoke all on alembic_version from {role_of(app)}".encode())
    assert (revision_of(app), revision_of(owner)) == (None, revisions().head)
    with psycopg.connect(owner) as connection:
        connection.execute("delete from alembic_version")
    assert revision_of(owner) is None
    with servers.empty_database() as empty:
        assert revision_of(empty.migration_database_url) is None


def test_a_server_that_says_nothing_is_given_up_and_a_url_may_say_when(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    def noted(_url: str, **options: object) -> None:
        given.append(options["connect_timeout"])
        raise psycopg.OperationalError("away")

    monkeypatch.setattr(psycopg, "connect", noted)
    for url in ("postgresql://a:b@h/x", "postgresql://a:b@h/x?connect_timeout=60"):
        with pytest.raises(psycopg.OperationalError, match="away"):
            revision_of(url)
    assert given == [CONNECT_S, 60]
