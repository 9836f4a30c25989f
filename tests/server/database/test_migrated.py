"""A database that is behind: who says so, in which words, and what is answered meanwhile."""

import base64
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
import structlog

from migrations.revisions import revisions
from migrations.runner import downgrade, upgrade
from models.typeid import new_uuid
from resolvers.api_keys.verification import new_key
from server.cli import serve as commands
from server.cli.main import main
from server.database.databases import role_of
from server.database.migrated import NOT_MIGRATED
from server.wiring import running
from tests.support.api import make_org, serving, settings_of
from tests.support.refusals import error, problem
from tests.support.servers import Backends

LINE = f"counterfoil: {NOT_MIGRATED}\n"
SETTINGS = {name: f"1:{base64.b64encode(bytes(32)).decode()}" for name in ("KEY_PEPPERS", "SECRET_KEYS", "SEAL_KEYS")}

pytestmark = pytest.mark.usefixtures("logging_restored")


@pytest.fixture
def empty(servers: Backends) -> Iterator[Backends]:
    """The servers with a database without tables."""
    with servers.empty_database() as made:
        yield made


def named(monkeypatch: pytest.MonkeyPatch, backends: Backends, **more: str) -> None:
    given = {
        "DATABASE_URL": backends.database_url,
        "MIGRATION_DATABASE_URL": backends.migration_database_url,
        "REDIS_URL": backends.redis_url,
    }
    for name, value in (SETTINGS | given | more).items():
        monkeypatch.setenv(name, value)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(words)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def migrated(backends: Backends, revision: str = "head") -> None:
    upgrade(backends.migration_database_url, role_of(backends.database_url), revision)


def set_revision(backends: Backends, revision: str) -> None:
    with psycopg.connect(backends.migration_database_url) as owner:
        owner.execute("update alembic_version set version_num = %s", [revision])


async def test_an_empty_database_is_told_and_answered_with_503(
    empty: Backends, caplog: pytest.LogCaptureFixture
) -> None:
    structlog.configure(logger_factory=structlog.stdlib.LoggerFactory())
    async with serving(settings_of(empty)) as base, httpx.AsyncClient(base_url=base) as http:
        for _ in range(3):
            ready = await http.get("/api/ready")
            assert (ready.status_code, ready.json()) == (503, {"status": "unavailable", "reason": NOT_MIGRATED})
        reported = [record.getMessage() for record in caplog.records if "not ready" in record.getMessage()]
        assert len(reported) == 1
        assert NOT_MIGRATED in reported[0]
        assert (await http.get("/api/health")).status_code == 200
        headers = {"Authorization": f"Bearer {new_key(new_uuid())}"}
        problem(await http.get("/api/v1/clients", headers=headers), 503, "UNAVAILABLE")
        body: dict[str, Any] = {"query": "{ clients { totalCount } }"}
        error(await http.post("/graphql", json=body, headers=headers), 503, "UNAVAILABLE")
        assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
        # Nothing has to be started again.
        migrated(empty)
        assert (await http.get("/api/ready")).json() == {"status": "ok"}
        assert (await http.get("/api/v1/clients", headers=headers)).status_code == 401


async def test_readiness_knows_old_revisions_from_newer_ones(empty: Backends) -> None:
    migrated(empty)
    async with serving(settings_of(empty)) as base, httpx.AsyncClient(base_url=base) as http:
        for revision, status in (("0001", 503), (revisions().head, 200), ("9999", 200)):
            set_revision(empty, revision)
            assert (await http.get("/api/ready")).status_code == status, revision
        with psycopg.connect(empty.migration_database_url) as owner:
            owner.execute("delete from alembic_version")
        assert (await http.get("/api/ready")).status_code == 503


async def test_a_column_that_is_not_there_yet_is_a_503(empty: Backends) -> None:
    migrated(empty)
    settings = settings_of(empty)
    async with running(settings, max_size=2) as runtime, serving(settings, compare=False) as base:
        org = await make_org(runtime, base)
        with psycopg.connect(empty.migration_database_url) as owner:
            owner.execute("alter table clients rename column company to firm")
        async with org.http:
            # At this revision the column should be there: the statement is wrong, and no other try mends it.
            for revision, status, code in (("0001", 503, "UNAVAILABLE"), (revisions().head, 500, "INTERNAL")):
                set_revision(empty, revision)
                problem(await org.http.get("/api/v1/clients"), status, code)


async def test_a_key_is_not_looked_up_where_a_column_is_missing(empty: Backends) -> None:
    migrated(empty)
    async with serving(settings_of(empty)) as base, httpx.AsyncClient(base_url=base) as http:
        with psycopg.connect(empty.migration_database_url) as owner:
            owner.execute("alter table directory rename column org_id to organization")
        headers = {"Authorization": f"Bearer {new_key(new_uuid())}"}
        problem(await http.get("/api/v1/clients", headers=headers), 503, "UNAVAILABLE")


def test_the_application_may_read_the_revision_and_no_more(empty: Backends) -> None:
    migrated(empty)
    with psycopg.connect(empty.database_url, autocommit=True) as app:
        assert app.execute("select version_num from alembic_version").fetchall() == [(revisions().head,)]
        for change in ("update alembic_version set version_num = '1'", "delete from alembic_version"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(change.encode())
    downgrade(empty.migration_database_url, role_of(empty.database_url), "0006")
    with psycopg.connect(empty.database_url) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("select version_num from alembic_version")


def test_serve_says_it_and_goes_on(
    empty: Backends, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    named(monkeypatch, empty)
    served: list[object] = []
    monkeypatch.setattr(commands, "serve_app", lambda make_app, settings: served.append(settings.database_url))
    assert run(capsys, "serve") == (0, "", LINE)
    migrated(empty)
    capsys.readouterr()
    assert run(capsys, "serve") == (0, "", "")
    assert served == [empty.database_url] * 2


@pytest.mark.parametrize(
    "words",
    [
        ("worker",),
        ("org", "create", "--name", "One", "--slug", "one"),
        ("keys", "create", "--org", "one", "--name", "x", "--scopes", "*"),
        ("audit", "verify", "--org", "one"),
    ],
)
@pytest.mark.parametrize("revision", ["none", "0001"])
def test_what_needs_the_tables_ends(
    words: tuple[str, ...],
    revision: str,
    empty: Backends,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if revision != "none":
        migrated(empty, revision)
    named(monkeypatch, empty)
    assert run(capsys, *words) == (1, "", LINE)


def test_migrate_says_what_it_did(
    empty: Backends, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    named(monkeypatch, empty)
    for _ in range(2):
        assert run(capsys, "migrate") == (0, "the database is at the newest revision\n", "")


def test_migrate_that_cannot_is_one_line(
    empty: Backends, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, app, name = empty.migration_database_url, empty.database_url, empty.database_url.rpartition("/")[2]
    password = owner.split(":")[2].partition("@")[0]
    for wrong, said in (
        ("postgresql://a:secret@127.0.0.1:1/x", "Connection refused"),
        ("postgresql://a:secret@no-such-host.invalid/x", "no-such-host.invalid"),
        (owner.replace(password, "secret"), "password authentication failed"),
        (owner.replace(name, "no_such_database"), 'database "no_such_database" does not exist'),
        (f"{owner}?nonsense=1", "nonsense"),
        (app, "permission denied for schema public: log in as the role that owns the database and its tables"),
    ):
        named(monkeypatch, empty, MIGRATION_DATABASE_URL=wrong)
        code, out, err = run(capsys, "migrate")
        assert (code, out, err.count("\n")) == (1, "", 1), err
        assert err.startswith("counterfoil: MIGRATION_DATABASE_URL: ")
        assert said in err
        assert "secret" not in err
    for wrong, said in (
        ("postgresql:///x", "DATABASE_URL: the database URL names no role"),
        ("postgresql://Some%20One:b@h/x", "DATABASE_URL: the application's role 'Some One' is not a plain"),
        (
            app.replace(role_of(app), "no_such_role"),
            'MIGRATION_DATABASE_URL: role "no_such_role" does not exist',
        ),
    ):
        named(monkeypatch, empty, DATABASE_URL=wrong)
        code, out, err = run(capsys, "migrate")
        assert (code, out, err.count("\n")) == (1, "", 1), err
        assert err.startswith(f"counterfoil: {said}")
    with psycopg.connect(owner) as connection:
        assert connection.execute("select from pg_tables where schemaname = 'public'").rowcount in (0, 1)


def test_migrate_as_the_application_after_the_owner_is_one_line(
    empty: Backends, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    migrated(empty, "0001")
    named(monkeypatch, empty, MIGRATION_DATABASE_URL=empty.database_url)
    code, out, err = run(capsys, "migrate")
    assert (code, out) == (1, "")
    assert err == (
        "counterfoil: MIGRATION_DATABASE_URL: permission denied for table alembic_version: "
        "log in as the role that owns the database and its tables\n"
    )


def test_migrate_before_a_newer_version_is_one_line(
    empty: Backends, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    migrated(empty)
    set_revision(empty, "9999")
    named(monkeypatch, empty)
    code, out, err = run(capsys, "migrate")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("counterfoil: the database was migrated by a newer version: ")
