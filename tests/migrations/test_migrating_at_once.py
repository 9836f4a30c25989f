"""Several processes that migrate at once, while traffic holds locks: each comes to its end."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from migrations import runner
from migrations.revisions import revisions
from migrations.runner import downgrade, upgrade
from server.database.databases import role_of
from tests.support.servers import Backends

BEFORE = "0042"
# What PostgreSQL says to whom it chose among two that wait for each other.
DEADLOCK = "do $$ begin raise exception 'deadlock detected' using errcode = '40P01'; end $$"


def _in_deadlocks(monkeypatch: pytest.MonkeyPatch, number: int) -> list[str]:
    """Let so many migrations end in a deadlock, after they changed something. Return what was tried."""
    real, tried = command.upgrade, list[str]()

    def upgrade_(config: Config, revision: str) -> None:
        tried.append(revision)
        if len(tried) <= number:
            connection: sa.Connection = config.attributes["connection"]
            connection.execute(sa.text("create table half_done ()"))
            connection.execute(sa.text(DEADLOCK))
        real(config, revision)

    monkeypatch.setattr(command, "upgrade", upgrade_)
    return tried


def test_three_at_once_all_succeed_though_one_meets_a_deadlock(
    own_backends: Backends, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, role = own_backends.migration_database_url, role_of(own_backends.database_url)
    downgrade(owner, role, BEFORE)
    tried = _in_deadlocks(monkeypatch, 1)
    with ThreadPoolExecutor(3) as threads:
        for each in [threads.submit(upgrade, owner, role) for _ in range(3)]:
            each.result(timeout=60)
    assert tried == ["head"] * 4
    with psycopg.connect(owner) as connection:
        found = connection.execute("select version_num, to_regclass('half_done') from alembic_version").fetchall()
    assert found == [(revisions().head, None)]


def test_who_meets_nothing_but_deadlocks_says_so(own_backends: Backends, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, role = own_backends.migration_database_url, role_of(own_backends.database_url)
    tried = _in_deadlocks(monkeypatch, 100)
    with pytest.raises(sa.exc.OperationalError, match="deadlock detected"):
        upgrade(owner, role)
    assert len(tried) == runner.TRIES
