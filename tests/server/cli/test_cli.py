"""The command line: exact output, exact exit codes, and errors on standard error alone."""

import importlib
import importlib.metadata
import inspect
import re
import socket
from pathlib import Path

import pytest

from models import resources
from models.jobs import JobQueue
from models.typeid import decode
from server.cli.commands import COMMANDS, Command
from server.cli.worker import queues_of, slots_of
from server.database.databases import role_of
from tests.support.commands import environment, rows, run
from tests.support.repository import ROOT
from tests.support.servers import Backends

__all__ = ["environment"]

pytestmark = pytest.mark.usefixtures("logging_restored")


def test_an_organization_and_a_key(environment: Backends, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "org", "create", "--name", "Atelier Nord", "--slug", "atelier-nord")
    assert (code, err) == (0, "")
    assert rows(environment, "select org_id, name, slug from organizations") == [
        (decode("org", out.strip()), "Atelier Nord", "atelier-nord")
    ]
    wanted = ("keys", "create", "--org", "atelier-nord", "--name", "shop", "--scopes", "clients:read, orders:write")
    code, out, err = run(capsys, *wanted)
    assert (code, err) == (0, "")
    assert out.startswith("sk_live_")
    assert out.count("\n") == 1
    assert rows(environment, "select name, scopes, last_four, created_by from api_keys") == [
        ("shop", ["clients:read", "orders:write"], out.strip()[-4:], "command line")
    ]
    assert rows(environment, "select action, source from audit_entries order by id") == [
        ("organization:create", "CLI"),
        ("apikey:create", "CLI"),
    ]


def test_refusals_change_nothing(environment: Backends, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "org", "create", "--name", "One", "--slug", "one")
    assert run(capsys, "org", "create", "--name", "Two", "--slug", "one") == (
        1,
        "",
        "counterfoil: The slug one is taken.\n",
    )
    known = ", ".join(sorted(resources.scopes()))
    assert known.startswith("*, agent_jobs:read, agent_jobs:write, agents:read, agents:write, api_keys:read, ")
    for code, org, name, scopes, said in (
        (1, "none", "x", "*", "there is no organization none"),
        (2, "one", "x", "all", f"--scopes: there is no scope 'all', only {known}"),
        (2, "one", "x", "*,all", f"--scopes: there is no scope 'all', only {known}"),
        # Scopes of what there is not (yet) open nothing, and so they are none.
        (2, "one", "x", "orders:read,profits:read", f"--scopes: there is no scope 'profits:read', only {known}"),
        # The audit log is only read.
        (2, "one", "x", "audit:write", f"--scopes: there is no scope 'audit:write', only {known}"),
        (2, "one", "x", "Orders:read", f"--scopes: there is no scope 'Orders:read', only {known}"),
        (2, "one", "x", ",", "--scopes: name at least one scope, or '*'"),
        (2, "one", "x", "", "--scopes: name at least one scope, or '*'"),
        (2, "one", "", "*", "--name: must not be empty"),
        (2, "one", "x" * 201, "*", "--name: must have at most 200 characters"),
        (2, "one", "a\x07b", "*", "--name: must not contain control characters"),
    ):
        wanted = ("keys", "create", "--name", name, "--org", org, "--scopes", scopes)
        assert run(capsys, *wanted) == (code, "", f"counterfoil: {said}\n")
    code, out, err = run(capsys, "org", "create", "--name", "Two", "--slug", "Two Words")
    assert (code, out, err.count("\n")) == (2, "", 1)
    lower = "must be lower-case letters, digits and hyphens, with a letter or digit at both ends"
    assert err == f"counterfoil: --slug: {lower}\n"
    assert rows(environment, "select count(*) from organizations") == [(1,)]
    assert rows(environment, "select count(*) from api_keys") == [(0,)]


@pytest.mark.parametrize(
    ("host", "status", "said"),
    [
        ("127.0.0.1", 1, "cannot listen on {} (Address already in use): set PORT or HOST to another"),
        ("0.0.0.0", 1, "cannot listen on {} (Address already in use): set PORT or HOST to another"),
        ("203.0.113.9", 2, "HOST: cannot listen on {} (Cannot assign requested address)"),
        # What a name that is unknown is called differs by system.
        ("no-such-host.invalid", 2, "HOST: cannot listen on {} ("),
        ("not a host", 2, "HOST: cannot listen on {} ("),
        ("a..b", 2, "HOST: cannot listen on {} (not a host name)"),
        ("x" * 300, 2, "HOST: cannot listen on {} (not a host name)"),
    ],
)
def test_an_address_that_cannot_be_had_is_one_line(
    host: str,
    status: int,
    said: str,
    environment: Backends,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("HOST", host)
        monkeypatch.setenv("PORT", str(port))
        code, out, err = run(capsys, "serve")
    assert (code, out, err.count("\n")) == (status, "", 1)
    assert err.startswith(f"counterfoil: {said.format(f'{host} port {port}')}")


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_role_that_may_too_much_is_refused(
    command: str, environment: Backends, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", environment.migration_database_url)
    role = role_of(environment.migration_database_url)
    said = f"counterfoil: DATABASE_URL: the role {role} owns the tables; use one that owns nothing\n"
    assert run(capsys, command) == (1, "", said)


def test_the_schema_and_the_routes_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "schema", "print")
    assert (code, err, out.count("type Query {")) == (0, "", 1)
    code, out, err = run(capsys, "routes")
    assert (code, err) == (0, "")
    assert out.splitlines()[0].split() == ["GET", "/api/v1/clients", "ListClients"]
    code, out, err = run(capsys, "routes", "--guide")
    assert (code, err) == (0, "")
    assert out == (ROOT / "docs/rest-to-graphql.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [(), ("nonsense",), ("org",), ("keys", "create"), ("dev", "--fast"), ("org", "mak")])
def test_a_wrong_call_is_a_2(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    # One line, as of the errors of commands.
    assert re.fullmatch(r"counterfoil: .+: see `counterfoil[a-z ]* --help`\n", err)


def test_a_missing_setting_is_a_2_and_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("MIGRATION_DATABASE_URL", raising=False)
    monkeypatch.setenv("COUNTERFOIL_DATA", str(tmp_path))
    code, out, err = run(capsys, "migrate")
    assert (code, out) == (2, "")
    assert [line.partition(":")[2].split(":")[0] for line in err.splitlines()] == [
        " DATABASE_URL is missing",
        " MIGRATION_DATABASE_URL is missing",
    ]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command.words))
def test_each_command_explains_itself(command: object, capsys: pytest.CaptureFixture[str]) -> None:
    words = getattr(command, "words", ())
    code, out, err = run(capsys, *words, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: counterfoil {' '.join(words)}")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command.words))
def test_each_body_is_there(command: Command) -> None:
    module, _, name = command.body.partition(":")
    assert inspect.signature(getattr(importlib.import_module(module), name)).return_annotation is int


def test_a_queue_that_there_is_not_is_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A wrong call is refused before any setting is looked for.
    for name in ("DATABASE_URL", "REDIS_URL", "KEY_PEPPERS", "SECRET_KEYS", "SEAL_KEYS"):
        monkeypatch.delenv(name, raising=False)
    known = ", ".join(JobQueue)
    assert known.startswith("webhooks, audit, timers, exports")
    for given, said in (
        ("mails", f"there is no queue 'mails', only {known}"),
        ("webhooks,Audit", f"there is no queue 'Audit', only {known}"),
        ("webhooks,", f"there is no queue '', only {known}"),
        ("", f"there is no queue '', only {known}"),
        ("webhooks,audit,webhooks=3", "webhooks is named twice"),
        ("webhooks=0", "the slots of webhooks must be a number from 1 to 1000"),
        ("webhooks=1001", "the slots of webhooks must be a number from 1 to 1000"),
        ("webhooks=1000000000000", "the slots of webhooks must be a number from 1 to 1000"),
        ("webhooks=", "the slots of webhooks must be a number from 1 to 1000"),
        ("webhooks=a", "the slots of webhooks must be a number from 1 to 1000"),
        ("audit,webhooks=64 timers", "a comma is missing in 'webhooks=64 timers'"),
        ("webhooks timers=2", "a comma is missing in 'webhooks timers=2'"),
        ("webhooks=²", "the slots of webhooks must be a number from 1 to 1000"),
    ):
        assert run(capsys, "worker", "--queues", given) == (2, "", f"counterfoil: --queues: {said}\n")


def test_a_queue_has_its_share_of_the_slots_or_what_it_is_given() -> None:
    assert slots_of(queues_of(",".join(JobQueue)), 16) == {queue: queue.slots(16) for queue in JobQueue}
    given = queues_of("webhooks, audit = 3 ,timers,exports")
    assert slots_of(given, 32) == {"webhooks": 32, "audit": 3, "timers": 4, "exports": 1}
    assert slots_of(queues_of("timers"), 1) == {"timers": 1}


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--version") == (0, f"counterfoil {importlib.metadata.version('counterfoil')}\n", "")
