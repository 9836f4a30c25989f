"""`counterfoil dev` on a disk that is full, and after a start that was cut short.

A limit on the size of files stands for the disk: a write fails in the same places, for everybody and for no one else.
"""

import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from server.database.migrating import apply_migrations
from server.dev import accounts, command, embedded, embedded_postgres
from server.dev.embedded_postgres import package_folder, telling
from server.dev.env_files import read_env
from server.dev.processes import ProcessSpec, listens
from server.dev.supervisor import Supervisor, end_leftovers
from server.errors import EmbeddedError, WrongCall
from server.settings import LocalSettings, load
from tests.support.dev import LAST_LINE, WAIT_SECONDS, Dev, limit_files

SEGMENT = 16 << 20
ROWS = {"clients": 500, "services": 12, "orders": 3_000, "messages": 6_000}


def limited(dev: Dev, largest: int) -> "subprocess.CompletedProcess[str]":
    """`dev`, whose processes write no file beyond a size."""
    return subprocess.run(
        [sys.executable, "-m", "server.cli", "dev"],
        preexec_fn=lambda: limit_files(largest),
        env=dev.environment(), capture_output=True, encoding="utf-8", timeout=WAIT_SECONDS, check=False,
    )  # fmt: skip


@contextmanager
def postgres(dev: Dev) -> Iterator[embedded.Servers]:
    """The servers of a data folder alone."""
    (dev.folder / "run").mkdir(mode=0o700, exist_ok=True)
    end_leftovers(dev.folder / "run", 5)
    supervisor = Supervisor(dev.folder / "run")
    try:
        yield embedded.start(dev.folder, supervisor)
    finally:
        supervisor.stop(timeout_s=5)


def write_log(url: str) -> None:
    """Write a segment of PostgreSQL's write-ahead log."""
    with psycopg.connect(url) as connection:
        for _ in range(SEGMENT >> 20):
            connection.execute("select pg_logical_emit_message(false, 'x', repeat('y', 1 << 20))")


def test_a_disk_that_fills_at_the_start_or_later_is_one_line_with_the_folder(dev: Dev) -> None:
    with postgres(dev) as servers, psycopg.connect(servers.superuser_url) as connection:
        found = connection.execute("select pg_current_wal_lsn() - '0/0'").fetchone()
        assert found is not None
        home = servers.data
    done = limited(dev, int(found[0]) % SEGMENT + (1 << 20))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert done.stderr.startswith("counterfoil: PostgreSQL stopped: could not write to ")
    assert done.stderr.endswith(f": File too large (its data are in {home})\n")
    assert dev.children() == {}
    # With room again it goes on.
    whole, _ = dev.start()
    whole.terminate()
    assert whole.wait(WAIT_SECONDS) == 0
    # A disk that fills while it runs ends it with the reason.
    with postgres(dev) as servers, psycopg.connect(servers.superuser_url) as connection:
        connection.execute("select pg_switch_wal()")
    run, _ = dev.start(largest=SEGMENT // 2)
    url, children = read_env(dev.folder / "dev.env")["MIGRATION_DATABASE_URL"], dev.children()
    with pytest.raises(psycopg.Error):
        write_log(url)
    assert run.wait(WAIT_SECONDS) == 1
    text = (dev.folder / "log").read_text(encoding="utf-8")
    lines = [line for line in text.partition(LAST_LINE)[2].splitlines() if "postgres" in line.lower()]
    assert [line.partition("could not write to ")[0] for line in lines] == ["counterfoil: PostgreSQL stopped: "], text
    assert ": File too large (its data are in " in lines[0]
    assert text.splitlines()[-1] == lines[0]
    assert dev.children() == {}
    assert not any(Path(f"/proc/{number}").exists() for number in children.values())


def test_an_initdb_that_fails_says_why(dev: Dev) -> None:
    with postgres(dev) as servers:
        home = servers.data
    (home / "data").rename(home / "old")
    done = limited(dev, 12 << 20)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert done.stderr.startswith(f"counterfoil: PostgreSQL's initdb failed in {home}: could not write to file ")
    assert done.stderr.endswith(": File too large\n")
    assert not (home / "data").exists()
    assert not (home / "data.new").exists()


def test_programs_that_cannot_be_copied_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = accounts.Account("nobody", os.geteuid() + 1, os.getegid() + 1)
    monkeypatch.setattr(embedded_postgres, "server_account", lambda: account)
    monkeypatch.setattr(embedded_postgres, "server_home", lambda *_rest: tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    try:
        with pytest.raises(EmbeddedError) as refused:
            embedded_postgres.prepare(tmp_path, 1, {}, ephemeral=True, notice=pytest.fail)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert str(refused.value) == f"PostgreSQL's programs cannot be copied to {tmp_path}: File too large"
    # Nothing of them keeps the disk full.
    assert list(tmp_path.iterdir()) == []
    assert package_folder("embedded_postgres").exists()


def test_the_most_severe_message_is_the_telling_one() -> None:
    log = (
        '2026-01-02 03:04:05.678 UTC [7] ERROR:  relation "x" does not exist at character 15\n'
        '2026-01-02 03:04:05.678 UTC [8] PANIC:  could not write to file "pg_wal/xlogtemp.8": No space left on device\n'
        "2026-01-02 03:04:05.678 UTC [8] STATEMENT:  select 1\n"
        "2026-01-02 03:04:05.678 UTC [9] FATAL:  the database system is in recovery mode\n"
    )
    assert telling(log) == 'could not write to file "pg_wal/xlogtemp.8": No space left on device'
    assert telling(log, ("ERROR",)) == 'relation "x" does not exist at character 15'
    initdb = 'initdb: error: could not create directory "/x": No space left on device\ninitdb: removing "/x"\n'
    assert telling(initdb) == 'could not create directory "/x": No space left on device'
    assert telling("initdb: removing\n") is None
    ended = (
        'FATAL:  could not write to file "x": No space left on device\nFATAL:  the database system is shutting down\n'
    )
    assert telling(f"{ended}FATAL:  terminating connection due to administrator command\n") == (
        'could not write to file "x": No space left on device'
    )


def cut_short(dev: Dev, number: signal.Signals) -> tuple[int, str]:
    """Start `dev` and end it in the middle of the demo's load. Return its exit code and what it said."""
    log = dev.folder / "first"
    with log.open("w", encoding="utf-8") as output:
        run = subprocess.Popen(
            [sys.executable, "-m", "server.cli", "dev"],
            env=dev.environment(),
            stdout=output,
            stderr=output,
            encoding="utf-8",
        )
    dev.runs.append(run)
    dev.until(lambda: " orders" in log.read_text(encoding="utf-8") or run.poll() is not None)
    run.send_signal(number)
    return run.wait(WAIT_SECONDS), log.read_text(encoding="utf-8")


def test_a_load_that_was_cut_short_is_finished_by_the_next_start(dev: Dev) -> None:
    with postgres(dev) as servers:
        apply_migrations(servers.migration_database_url, servers.database_url)
        with psycopg.connect(servers.migration_database_url) as owner:
            # Each of three statements waits, less than a statement may take: there is time to come between them.
            owner.execute("create function wait() returns trigger language plpgsql as"
                          " $$ begin perform pg_sleep(2.5); return null; end $$")  # fmt: skip
            owner.execute("create trigger wait before insert on messages for each statement execute function wait()")
    for number, ended in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 0)):
        code, text = cut_short(dev, number)
        assert code == ended, text
        assert " messages" not in text
        assert "Traceback" not in text
        assert not (dev.folder / "demo.key").exists()
    with postgres(dev) as servers, psycopg.connect(servers.migration_database_url) as owner:
        owner.execute("drop trigger wait on messages")
    _, said = dev.start()
    assert "== Loading the demo organization (demo)" in said
    key = (dev.folder / "demo.key").read_text(encoding="utf-8").strip()
    urls = read_env(dev.folder / "dev.env")
    with psycopg.connect(urls["DATABASE_URL"]) as app:
        org = app.execute("select org_id from directory where resource = 'organization' and key = 'demo'").fetchall()
        assert len(org) == 1
        app.execute("select set_config('app.org_id', %s, true)", [str(org[0][0])])
        counted = {name: app.execute(f"select count(*) from {name}".encode()).fetchone() for name in ROWS}
    assert counted == {name: (rows,) for name, rows in ROWS.items()}
    assert dev.get("/api/v1/clients", Authorization=f"Bearer {key}").status_code == 200


def test_a_port_that_another_process_took_meanwhile_is_one_line(dev: Dev, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process listens when the API would, after `dev` found the port free."""
    monkeypatch.setenv("PORT", str(dev.port))
    settings, said = load(LocalSettings), list[str]()
    notes = dev.folder / "run"
    notes.mkdir()
    api = ProcessSpec("api", (sys.executable, "-c", "exit(1)"), reason=lambda: command.taken(settings))
    with socket.create_server((settings.host, dev.port)), Supervisor(notes, said.append) as supervisor:
        try:
            with pytest.raises(EmbeddedError) as ended:
                command.start_api(api, settings, supervisor)
        finally:
            supervisor.stop(timeout_s=3)
    line = f"cannot listen on 127.0.0.1 port {dev.port} (Address already in use): set PORT or HOST to another"
    assert (str(ended.value), said) == (line, [])


def test_a_port_is_a_process_s_own() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port, other = server.getsockname()[1], subprocess.Popen(["sleep", "60"])
        try:
            assert (listens(os.getpid(), port), listens(other.pid, port)) == (True, False)
        finally:
            other.kill()
            other.wait(timeout=10)
    assert not listens(os.getpid(), port)


def test_the_pages_are_built_of_a_checkout_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "CHECKOUT", tmp_path)
    monkeypatch.setenv("COUNTERFOIL_DATA", str(tmp_path / "data"))
    with pytest.raises(WrongCall) as refused:
        command.run(lambda _line: None, explorer=True)
    assert (
        str(refused.value)
        == "--explorer builds GraphiQL and the API reference of a checkout; an installed package has them"
    )
    assert list(tmp_path.iterdir()) == []
