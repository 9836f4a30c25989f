"""Embedded servers: roles, durability of what is kept, where they live as root, and that nothing above is opened."""

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from server.database.databases import create_database, drop_database, role_of, with_database
from server.dev import accounts, embedded
from server.dev.embedded_postgres import package_folder
from server.dev.env_files import read_env
from server.dev.supervisor import Supervisor
from server.errors import EmbeddedError
from tests.support.files import read_if_there
from tests.support.memory import memory_folder
from tests.support.servers import Backends


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder that another user can reach: pytest's own are closed."""
    folder = Path(tempfile.mkdtemp(prefix="counterfoil-test-", dir=memory_folder()))
    accounts.close_data_folder(folder)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def supervisor(data: Path) -> Iterator[Supervisor]:
    notes = data / "run"
    notes.mkdir()
    made = Supervisor(notes)
    yield made
    made.stop(timeout_s=5)


def modes(path: Path) -> list[int]:
    return [step.stat().st_mode for step in path.resolve().parents]


def test_the_roles_are_plain(servers: Backends) -> None:
    query = """select rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole
               from pg_roles where rolname = current_user"""
    with psycopg.connect(servers.migration_database_url) as owner, psycopg.connect(servers.database_url) as app:
        owner_name, *owner_rights = owner.execute(query).fetchone() or ()
        app_name, *app_rights = app.execute(query).fetchone() or ()
        assert (owner_name, app_name) == (role_of(servers.migration_database_url), role_of(servers.database_url))
        assert owner_rights == [False, False, True, False]
        assert app_rights == [False, False, False, False]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("create table mine ()")


def test_a_database_of_ones_own(servers: Backends) -> None:
    with servers.empty_database() as made:
        name = made.database_url.rsplit("/", 1)[1]
        with psycopg.connect(made.migration_database_url) as owner:
            owner.execute("create table kept (n int)")
        with pytest.raises(psycopg.errors.DuplicateDatabase):
            create_database(servers.migration_database_url, servers.database_url, name)
    with psycopg.connect(servers.migration_database_url) as owner:
        assert owner.execute("select from pg_database where datname = %s", [name]).rowcount == 0
    drop_database(servers.migration_database_url, name)


def test_the_name_in_a_url_is_replaced() -> None:
    assert with_database("postgresql://a:b@h:1/x?sslmode=require", "y") == "postgresql://a:b@h:1/y?sslmode=require"
    assert role_of("postgresql://a%40b:c@h/x") == "a@b"
    with pytest.raises(ValueError, match="names no role"):
        role_of("postgresql:///x")


def test_what_is_written_is_there_at_the_next_start(data: Path, supervisor: Supervisor) -> None:
    first = embedded.start(data, supervisor)
    with psycopg.connect(first.migration_database_url) as owner:
        owner.execute("create table kept as select 42 as n")
    supervisor.stop(timeout_s=5)
    before = modes(data)
    second = embedded.start(data, supervisor)
    with psycopg.connect(second.migration_database_url) as owner:
        assert owner.execute("select n from kept").fetchall() == [(42,)]
    assert modes(data) == before
    assert oct((data / "servers.env").stat().st_mode & 0o777) == "0o600"
    home = (
        Path((data / "postgres.path").read_text(encoding="utf-8").strip())
        if (data / "postgres.path").exists()
        else data / "postgres"
    )
    assert oct((home / "data").stat().st_mode & 0o777) == "0o700"


def test_one_that_does_not_end_in_time_leaves_no_process_to_the_next(data: Path, supervisor: Supervisor) -> None:
    first = embedded.start(data, supervisor)
    with psycopg.connect(first.superuser_url) as connection:
        found = connection.execute("select pid from pg_stat_activity where backend_type = 'checkpointer'").fetchone()
    assert found is not None
    os.kill(found[0], signal.SIGSTOP)
    supervisor.stop(timeout_s=0.2)
    second = embedded.start(data, supervisor)
    with psycopg.connect(second.database_url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_passwords_are_on_no_command_line_and_in_no_representation(data: Path, supervisor: Supervisor) -> None:
    started = embedded.start(data, supervisor, ephemeral=True)
    words = read_env(data / "servers.env").values()
    command_lines = b"".join(read_if_there(path) or b"" for path in Path("/proc").glob("[0-9]*/cmdline"))
    assert [word for word in words if word.encode() in command_lines or word in repr(started)] == []


def test_a_wrong_password_is_refused(servers: Backends) -> None:
    wrong = servers.database_url.replace(":", ":x", 2).replace(":x//", "://", 1)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(wrong)


def test_a_closed_folder_sends_roots_servers_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = accounts.Account("nobody", os.geteuid() + 1, os.getegid() + 1)
    monkeypatch.setattr(accounts, "SYSTEM_FOLDER", tmp_path / "system")
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    data = closed / "data"
    data.mkdir()
    before = modes(data)
    heard: list[str] = []
    home = accounts.server_home(data, account, heard.append)
    assert home.parent == tmp_path / "system"
    assert (data / "postgres.path").read_text(encoding="utf-8") == f"{home}\n"
    assert heard == [f"PostgreSQL runs as nobody, which cannot reach {data.resolve()}: its data are in {home}"]
    assert accounts.server_home(data, account, heard.append) == home
    assert len(heard) == 1
    assert modes(data) == before


def test_a_removed_data_folder_takes_its_data_elsewhere_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = accounts.Account("nobody", os.geteuid() + 1, os.getegid() + 1)
    monkeypatch.setattr(accounts, "SYSTEM_FOLDER", tmp_path / "system")
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    heard: list[str] = []
    home = accounts.server_home(data, account, heard.append)
    (home / "old").touch()
    (data / "postgres.path").unlink()
    assert accounts.server_home(data, account, heard.append) == home
    assert list(home.iterdir()) == []
    assert heard[2:] == [f"removing {home}, whose data folder is gone"]


def test_lost_passwords_are_said(data: Path, supervisor: Supervisor) -> None:
    embedded.start(data, supervisor, ephemeral=True)
    supervisor.stop(timeout_s=5)
    (data / "servers.env").unlink()
    with pytest.raises(EmbeddedError, match=r"^servers.env does not have the passwords of the data in .*/postgres$"):
        embedded.start(data, supervisor, ephemeral=True)


def test_our_own_user_stays_in_the_data_folder(tmp_path: Path) -> None:
    home = accounts.server_home(tmp_path, None, pytest.fail)
    assert home == tmp_path / "postgres"
    assert oct(home.stat().st_mode & 0o777) == "0o700"


def test_a_data_folder_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    folder.chmod(0o750)
    accounts.make_data_folder(folder)
    assert oct(folder.stat().st_mode & 0o777) == "0o750"


def test_a_server_that_cannot_start_says_why(
    data: Path, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(embedded, "free_port", lambda: port)
        with pytest.raises(EmbeddedError, match=r"^the embedded postgres ended with 1: .*could not create any TCP"):
            embedded.start(data, supervisor, ephemeral=True)


def test_a_port_is_one_that_nothing_listens_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert embedded.free_port() in embedded.PORTS
    with socket.create_server(("127.0.0.1", embedded.free_port())) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(embedded, "PORTS", range(port, port + 1))
        with pytest.raises(EmbeddedError, match=f"^no port from {port} to {port} is free$"):
            embedded.free_port()
    assert embedded.free_port() == port


def test_servers_start_from_a_closed_folder(
    data: Path, supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "SYSTEM_FOLDER", data / "system")
    tmp_path.chmod(0o700)
    before = modes(tmp_path / "data")
    started = embedded.start(tmp_path / "data", supervisor, ephemeral=True)
    with psycopg.connect(started.database_url) as app:
        assert app.execute("select 1").fetchone() == (1,)
    assert modes(tmp_path / "data") == before


def test_a_package_that_is_missing_is_named() -> None:
    with pytest.raises(EmbeddedError, match=r"^the package no-such-thing is not installed"):
        package_folder("no_such_thing")
