"""Databases that are made and dropped beside the one in a URL."""

import threading

import psycopg
import pytest

from server.database.databases import create_database, drop_database, with_database
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
