"""A database that refuses: whatever the command, one line with the setting's name and the reason, and no traceback."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from migrations import runner
from server.command_errors import command_error
from server.database.databases import role_of, with_database
from server.dev.embedded import free_port
from tests.support.commands import environment, rows, run
from tests.support.servers import Backends

__all__ = ["environment"]

pytestmark = pytest.mark.usefixtures("logging_restored")
CREATE = ("org", "create", "--name", "One", "--slug", "one")
COMMANDS = (
    CREATE,
    ("keys", "create", "--org", "one", "--name", "x", "--scopes", "*"),
    ("audit", "verify", "--org", "one"),
    ("serve",),
    ("worker",),
)
Change = Callable[[str], str]


def with_password(url: str, password: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.username}:{password}@{parts.hostname}:{parts.port}").geturl()


def at(place: str) -> Change:
    return lambda url: urlsplit(url)._replace(netloc=f"a:b@{place}").geturl()


def unknown_role(url: str) -> str:
    return urlsplit(url)._replace(netloc=f"nobody:x@{urlsplit(url).hostname}:{urlsplit(url).port}").geturl()


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (at("127.0.0.1:1"), "cannot reach the database: Connection refused (127.0.0.1 port 1)"),
        (lambda url: with_password(url, "x"), 'the database refused: password authentication failed for user "{}"'),
        (unknown_role, 'the database refused: password authentication failed for user "nobody"'),
        (lambda url: with_database(url, "none"), 'the database refused: database "none" does not exist'),
        (lambda _url: "postgresql:///x?host=/none&user=a", "cannot reach the database: No such file or directory"),
    ],
    ids=["refused", "password", "role", "database", "socket"],
)
def test_one_that_is_away_is_one_line(
    change: Change,
    said: str,
    words: tuple[str, ...],
    environment: Backends,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", change(environment.database_url))
    expected = said.format(role_of(environment.database_url))
    assert run(capsys, *words) == (1, "", f"counterfoil: DATABASE_URL: {expected}\n")


def test_a_name_that_nobody_knows(
    environment: Backends, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://a:b@no-such-host.invalid/x")
    code, out, err = run(capsys, *CREATE)
    # What a name that is unknown is called differs by system.
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("counterfoil: DATABASE_URL: cannot reach the database: ")
    for host in ("a..b", "x" * 300):
        monkeypatch.setenv("DATABASE_URL", f"postgresql://a:b@{host}/x")
        code, out, err = run(capsys, *CREATE)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert err.startswith("counterfoil: DATABASE_URL is malformed: must be a URL such as postgresql://")


def test_an_option_that_there_is_not(
    environment: Backends, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reason = "its option sslmode must be one of disable, allow, prefer, require, verify-ca, verify-full"
    for name, words in (("DATABASE_URL", CREATE), ("MIGRATION_DATABASE_URL", ("migrate",))):
        with monkeypatch.context() as patched:
            patched.setenv(name, f"{environment.database_url}?sslmode=never")
            assert run(capsys, *words) == (2, "", f"counterfoil: {name} is malformed: {reason}\n")


@contextmanager
def lost_after(url: str, most: int) -> Iterator[str]:
    """The URL of a proxy that lets some connections to a database through, and loses each later one at once."""
    target, taken = urlsplit(url), count()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if next(taken) >= most:
            writer.transport.abort()
            return
        theirs, ours = await asyncio.open_connection(target.hostname, target.port)
        await asyncio.gather(relay(reader, ours), relay(theirs, writer))

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(connected, "127.0.0.1"))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    port = server.sockets[0].getsockname()[1]
    yield target._replace(netloc=f"{target.username}:{target.password}@127.0.0.1:{port}").geturl()
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(20)
    loop.close()


def test_one_that_goes_away_while_a_server_starts(environment: Backends) -> None:
    given = {**os.environ, "PORT": str(free_port())}
    with lost_after(environment.database_url, 1) as url:
        done = subprocess.run(
            [sys.executable, "-m", "server.cli", "serve"],
            env=given | {"DATABASE_URL": url}, capture_output=True, encoding="utf-8", timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 1, done.stderr
    # Which call met it depends on the moment.
    reason = done.stderr.splitlines()[-1].removeprefix("counterfoil: DATABASE_URL: cannot reach the database: ")
    assert reason in ("Connection reset by peer", "the connection was lost")
    assert "Traceback" not in done.stderr


def test_a_connection_that_was_lost_is_said_in_words_of_ours() -> None:
    error = command_error(ConnectionError("unexpected connection_lost() call"))
    assert str(error) == "DATABASE_URL: cannot reach the database: the connection was lost"


def test_too_many_connections(environment: Backends, capsys: pytest.CaptureFixture[str]) -> None:
    name = urlsplit(environment.database_url).path[1:]
    with psycopg.connect(environment.migration_database_url, autocommit=True) as owner:
        owner.execute(sql.SQL("alter database {} connection limit 0").format(sql.Identifier(name)))
    said = f'DATABASE_URL: the database refused: too many connections for database "{name}"'
    for words in COMMANDS:
        assert run(capsys, *words) == (1, "", f"counterfoil: {said}\n")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("53100", 'could not extend file "base/5/1259": No space left on device'),
        ("53200", "out of memory"),
        ("25006", "cannot execute INSERT in a read-only transaction"),
        ("57P01", "terminating connection due to administrator command"),
        ("XX000", "unexpected"),
    ],
)
def test_what_it_refuses_on_the_way_is_one_line(
    code: str, reason: str, environment: Backends, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(environment.migration_database_url) as owner:
        raised = sql.SQL("raise exception using errcode = {}, message = {}, detail = 'x', hint = 'y'").format(
            sql.Literal(code), sql.Literal(reason)
        )
        owner.execute(
            sql.SQL("create function refuse() returns trigger language plpgsql as {}").format(
                sql.Literal(f"begin {raised.as_string(owner)}; end")
            )
        )
        owner.execute("create trigger refuse before insert on organizations execute function refuse()")
    assert run(capsys, *CREATE) == (1, "", f"counterfoil: DATABASE_URL: the database refused: {reason}\n")
    with psycopg.connect(environment.migration_database_url) as owner:
        owner.execute("drop trigger refuse on organizations")
    assert run(capsys, *CREATE)[0] == 0
    assert rows(environment, "select count(*) from organizations") == [(1,)]


def test_a_connection_that_ends_on_the_way(environment: Backends, capsys: pytest.CaptureFixture[str]) -> None:
    with psycopg.connect(environment.migration_database_url) as owner:
        owner.execute(
            "create function refuse() returns trigger language plpgsql as"
            " $$ begin perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(0); return new; end $$"
        )
        owner.execute("create trigger refuse before insert on organizations execute function refuse()")
    code, out, err = run(capsys, *CREATE)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("counterfoil: DATABASE_URL: the connection to the database was lost: ")
    assert "terminating connection due to administrator command" in err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (at("127.0.0.1:1"), "Connection refused"),
        (lambda url: with_password(url, "x"), "password authentication failed for user"),
        (lambda url: f"{url}?nope=1", "invalid connection option"),
    ],
    ids=["refused", "password", "parameter"],
)
def test_the_owners_database(
    change: Change,
    said: str,
    environment: Backends,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MIGRATION_DATABASE_URL", change(environment.migration_database_url))
    code, out, err = run(capsys, "migrate")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("counterfoil: MIGRATION_DATABASE_URL: ")
    assert said in err


@pytest.mark.parametrize("words", [*COMMANDS, ("migrate",)], ids=" ".join)
def test_one_that_does_not_answer_is_one_line(
    words: tuple[str, ...],
    environment: Backends,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("POOL_WAIT_MS", "300")
    monkeypatch.setattr(runner, "CONNECT_S", 2)
    # It listens, and takes no connection from its backlog.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = at(f"127.0.0.1:{silent.getsockname()[1]}")
        for name in ("DATABASE_URL", "MIGRATION_DATABASE_URL"):
            monkeypatch.setenv(name, place(environment.database_url))
        code, out, err = run(capsys, *words)
    assert (code, out, err.count("\n")) == (1, "", 1)
    if words == ("migrate",):
        assert err.startswith("counterfoil: MIGRATION_DATABASE_URL: ")
        assert "timeout" in err
    else:
        assert err == "counterfoil: DATABASE_URL: cannot reach the database: no answer within 0.3 s\n"
