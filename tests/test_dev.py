"""`counterfoil dev` as a person runs it: a process, its output, its signals, its data folder."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from server.accounts import close_data_folder
from server.embedded import free_port
from server.env_files import read_env, write_env
from server.processes import identity
from server.supervisor import end_leftovers

WAIT_SECONDS = 90
LAST_LINE = "Ctrl-C ends everything; the data stay."


class Dev:
    """One data folder and the runs on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.runs: list[subprocess.Popen[str]] = []

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        return kept | {"COUNTERFOIL_DATA": str(self.folder), "PORT": str(self.port)} | more

    def start(self) -> tuple["subprocess.Popen[str]", list[str]]:
        """Start a run and read what it says until everything answers."""
        log = self.folder / "log"
        with log.open("w") as output:
            run = subprocess.Popen(
                [sys.executable, "-m", "server.cli", "dev"],
                env=self.environment(),
                stdout=output,
                stderr=output,
                text=True,
            )
        self.runs.append(run)
        self.until(lambda: LAST_LINE in log.read_text() or run.poll() is not None)
        assert run.poll() is None, log.read_text()
        return run, log.read_text().splitlines()

    def until(self, holds: Callable[[], object]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not holds():
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.05)

    def command(self, *words: str, **more: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "server.cli", *words],
            env=self.environment(**more), capture_output=True, text=True, timeout=WAIT_SECONDS, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    def children(self) -> dict[str, int]:
        notes = (self.folder / "run").glob("[!.]*.pid")
        return {path.stem: json.loads(path.read_text())["pid"] for path in notes}

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=headers, timeout=10)

    def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        return httpx.post(f"http://127.0.0.1:{self.port}{path}", json=body, headers=headers, timeout=10)


@pytest.fixture
def dev() -> Iterator[Dev]:
    folder = Path(tempfile.mkdtemp(prefix="counterfoil-dev-"))
    close_data_folder(folder)
    made = Dev(folder)
    yield made
    for run in made.runs:
        if run.poll() is None:
            run.kill()
            run.wait()
    if (folder / "run").exists():
        end_leftovers(folder / "run", 5)
    shutil.rmtree(folder)


def mode(path: Path) -> str:
    return oct(path.stat().st_mode & 0o777)


def test_a_life(dev: Dev) -> None:
    run, said = dev.start()
    assert LAST_LINE in said
    children = dev.children()
    assert sorted(children) == ["api", "postgres", "valkey", "worker"]
    assert dev.get("/api/health").json() == {"status": "ok"}
    kept = ("secrets.env", "servers.env", "dev.env")
    assert [mode(dev.folder / name) for name in kept] == ["0o600"] * len(kept)
    before = read_env(dev.folder / "secrets.env")

    # The other commands find it.
    assert dev.command("org", "create", "--name", "Life", "--slug", "life")[0] == 0
    code, key, err = dev.command("keys", "create", "--org", "life", "--name", "x", "--scopes", "clients:write")
    assert (code, err) == (0, "")
    authorization = f"Bearer {key.strip()}"
    created = dev.post("/api/v1/clients", {"name": "Ada", "email": "ada@example.com"}, Authorization=authorization)
    assert created.status_code == 201
    first = dev.get("/api/v1/clients", Authorization=authorization)
    assert [client["name"] for client in first.json()["data"]] == ["Ada"]

    # A second one is refused, and changes nothing for the first.
    assert dev.command("dev") == (
        1,
        "",
        f"counterfoil: another dev (process {run.pid}) already runs on {dev.folder}\n",
    )
    assert dev.children() == children

    # A worker that is killed comes back by itself.
    os.kill(children["worker"], signal.SIGKILL)
    dev.until(lambda: dev.children().get("worker", children["worker"]) != children["worker"])
    assert {name: pid for name, pid in dev.children().items() if name != "worker"} == {
        name: pid for name, pid in children.items() if name != "worker"
    }

    # A supervisor that is killed leaves nothing that the next start would stumble over.
    left = dev.children()
    run.kill()
    run.wait()
    # A folder of an earlier version, which knew no signing keys, gets them and keeps the others.
    write_env(dev.folder / "secrets.env", {name: key for name, key in before.items() if name != "SIGNING_KEYS"})
    again, _ = dev.start()
    assert [pid for pid in left.values() if identity(pid)] == []
    after = read_env(dev.folder / "secrets.env")
    assert after.pop("SIGNING_KEYS") != before.pop("SIGNING_KEYS")
    assert after == before
    code, public, err = dev.command("audit", "key")
    assert (code, public[:2], err) == (0, "1:", "")
    assert dev.get("/api/v1/clients", Authorization=authorization).json() == first.json()

    # Ctrl-C ends everything.
    last = dev.children()
    again.send_signal(signal.SIGINT)
    assert again.wait(WAIT_SECONDS) == 0
    assert [pid for pid in last.values() if identity(pid)] == []
    assert dev.children() == {}
    assert not (dev.folder / "dev.env").exists()


def test_a_port_in_use_is_one_line(dev: Dev) -> None:
    with socket.create_server(("127.0.0.1", dev.port)):
        code, out, err = dev.command("dev")
    assert (code, out) == (1, "")
    where = f"127.0.0.1 port {dev.port} (Address already in use)"
    assert err == f"counterfoil: cannot listen on {where}: set PORT or HOST to another\n"


def test_some_servers_given_but_not_all(dev: Dev) -> None:
    code, out, err = dev.command("dev", DATABASE_URL="postgresql://a:b@h/x")
    assert (code, out) == (2, "")
    assert err == (
        "counterfoil: MIGRATION_DATABASE_URL and REDIS_URL missing: "
        "dev needs all of DATABASE_URL, MIGRATION_DATABASE_URL, REDIS_URL, or none of them\n"
    )


def test_a_malformed_setting_is_one_line(dev: Dev) -> None:
    code, out, err = dev.command("dev", PORT="eighty")
    assert (code, out) == (2, "")
    assert err.startswith("counterfoil: PORT is malformed: ")
    assert err.count("\n") == 1


def test_a_folder_that_cannot_be_made_is_one_line(dev: Dev) -> None:
    (dev.folder / "file").touch()
    code, out, err = dev.command("dev", COUNTERFOIL_DATA=str(dev.folder / "file" / "data"))
    assert (code, out) == (1, "")
    assert err == f"counterfoil: Not a directory: {dev.folder}/file/data\n"
