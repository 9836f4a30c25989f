"""The command line as a process: what it loads, where it is called, who reads it, in which locale."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repository import ROOT

ROOMS = ("bench", "execution", "migrations", "models", "resolvers", "rest_shim", "schema", "server", "workers")


def outside(folder: Path, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """A command in another folder, with no setting but these."""
    return subprocess.run(
        [sys.executable, "-m", "server.cli", *words],
        cwd=folder, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | more,
        capture_output=True, encoding="utf-8", check=False, timeout=120,
    )  # fmt: skip


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_help_loads_nothing_but_the_command_line(word: str, tmp_path: Path) -> None:
    listing = f"import sys; from server.cli.main import main\ntry: main(['{word}'])\nfinally: print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", listing], cwd=ROOT, capture_output=True, encoding="utf-8", check=True, timeout=120
    )
    loaded = done.stdout.splitlines()[-1].split()
    assert sorted(name for name in loaded if name.partition(".")[0] in ROOMS) == [
        "server", "server.cli", "server.cli.commands", "server.cli.console", "server.cli.main", "server.errors",
        "server.late",
    ]  # fmt: skip
    assert [name for name in ("pydantic", "sqlalchemy", "graphql", "asyncpg", "strawberry") if name in loaded] == []


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", [("schema", "print"), ("settings",), ("--help",), ("org", "--help")])
def test_a_reader_that_has_gone_is_no_error(words: tuple[str, ...], unbuffered: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "server.cli", *words],
            cwd=ROOT, env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
            stdout=writing, stderr=subprocess.PIPE, check=False, timeout=120,
        )  # fmt: skip
    finally:
        os.close(writing)
    assert done.stderr == b""
    # argparse swallows the error of a write, and meets none of a flush.
    assert done.returncode == (0 if unbuffered and "--help" in words else 141)


def test_outside_its_folder_it_says_how_to_reach_dev(tmp_path: Path) -> None:
    wanted = ("keys", "create", "--org", "demo", "--name", "x", "--scopes", "*")
    last = "counterfoil: no `counterfoil dev` runs on {}: start one there, or set COUNTERFOIL_DATA to its data folder"
    done = outside(tmp_path, *wanted)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == last.format(tmp_path.resolve() / ".counterfoil")
    assert done.stderr.startswith("counterfoil: DATABASE_URL is missing: ")
    elsewhere = outside(tmp_path, *wanted, COUNTERFOIL_DATA="/nowhere").stderr
    assert elsewhere.splitlines()[-1] == last.format("/nowhere")
    # With a database named it is about the settings alone.
    assert "counterfoil dev" not in outside(tmp_path, *wanted, DATABASE_URL="postgresql://a:b@127.0.0.1:1/x").stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("locale", ["C", "tr_TR.ISO-8859-9"])
def test_what_is_printed_is_utf_8_in_every_locale(locale: str, tmp_path: Path) -> None:
    # One process for both: to build the schema takes longer than all else.
    both = "from server.cli.main import main; print(main(['schema', 'print']), main(['scopes']))"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    environment |= {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", both],
        cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=True, timeout=120,
    )  # fmt: skip
    text = (ROOT / "schema/schema.graphql").read_text(encoding="utf-8").strip()
    assert (done.stdout.startswith(text), done.stdout.splitlines()[-1], done.stderr) == (True, "0 0", "")
    assert "clients:read" in done.stdout.removeprefix(text)


def test_commands_that_run_no_operation_build_no_schema() -> None:
    modules = ("audit", "data", "dev", "jobs", "api_keys", "migrate", "settings_table")
    listing = f"import sys, {', '.join(f'server.cli.{name}' for name in modules)}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", listing], cwd=ROOT, capture_output=True, encoding="utf-8", check=True, timeout=120
    )
    loaded = done.stdout.split()
    assert [name for name in modules if f"server.cli.{name}" not in loaded] == []
    assert [name for name in ("schema.graph", "strawberry", "starlette") if name in loaded] == []


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"PORT": "eighty"}, "PORT is malformed: must be a whole number\n"),
        ({"HOST": "a..b"}, "HOST: cannot listen on a..b port 8000 ("),
    ],
    ids=["malformed", "host"],
)
def test_what_refuses_a_setting_has_loaded_no_table(setting: dict[str, str], said: str, tmp_path: Path) -> None:
    listing = "import sys; from server.cli.main import main; print(main(['dev']), *sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", listing],
        cwd=tmp_path, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | setting,
        capture_output=True, encoding="utf-8", check=True, timeout=120,
    )  # fmt: skip
    code, *loaded = done.stdout.split()
    assert (code, done.stderr.count("\n")) == ("2", 1)
    assert done.stderr.startswith(f"counterfoil: {said}")
    assert [
        name for name in ("alembic", "asyncpg", "models", "resolvers.context", "sqlalchemy") if name in loaded
    ] == []
