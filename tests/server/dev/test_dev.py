"""`counterfoil dev` as a person runs it: a process, its output, its signals, its data folder."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from server.dev.env_files import read_env, write_env
from server.dev.processes import identity
from tests.support.commands import run as called
from tests.support.dev import LAST_LINE, WAIT_SECONDS, Dev


def mode(path: Path) -> str:
    return oct(path.stat().st_mode & 0o777)


def pasted(line: str) -> list[str]:
    """What a shell gives to `curl` of a line."""
    shown = f'curl() {{ printf "%s\\n" "$@"; }}; {line}'
    done = subprocess.run(["sh", "-c", shown], capture_output=True, encoding="utf-8", check=True, timeout=WAIT_SECONDS)
    return done.stdout.splitlines()


def test_a_life(dev: Dev) -> None:
    run, said = dev.start()
    assert LAST_LINE in said
    # What looks whether it answers makes no request.
    assert [line for line in said if "request" in line or "/api/health" in line] == []
    key_file = dev.folder / "demo.key"
    demo_key = key_file.read_text(encoding="utf-8").strip()
    assert [line for line in said if demo_key in line] == []
    base = f"http://127.0.0.1:{dev.port}"
    end = said.index(LAST_LINE)
    assert said[end - 9 : end - 3] == [
        f"  Start page     {base}/",
        f"  GraphiQL       {base}/graphql",
        f"  REST           {base}/api/docs",
        f"  MCP            {base}/mcp",
        f"  Demo key       in {key_file}",
        "",
    ]
    for path in ("/", "/graphql", "/api/docs"):
        assert dev.get(path, Accept="text/html").headers["content-type"].startswith("text/html")
    for line in said[end - 3 : end - 1]:
        assert pasted(line)[0] == "-s"
        assert f"Authorization: Bearer {demo_key}" in pasted(line)
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
    for words in (("dev",), ("dev", "--reset")):
        assert dev.command(*words) == (
            1,
            "",
            f"counterfoil: another dev (process {run.pid}) already runs on {dev.folder}\n",
        )
    assert dev.children() == children
    assert dev.get("/api/ready").status_code == 200

    # A worker that is killed comes back by itself.
    os.kill(children["worker"], signal.SIGKILL)
    dev.until(lambda: dev.children().get("worker", children["worker"]) != children["worker"])
    assert {name: pid for name, pid in dev.children().items() if name != "worker"} == {
        name: pid for name, pid in children.items() if name != "worker"
    }

    # A supervisor that is killed leaves nothing that the next start would stumble over.
    left = dev.children()
    run.kill()
    run.wait(WAIT_SECONDS)
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

    # A reset starts anew, and takes nothing else.
    secrets = read_env(dev.folder / "secrets.env")
    others = [dev.folder / name for name in ("mine.txt", "postgres.path.old")]
    for other in others:
        other.touch()
    fresh, said = dev.start("--reset")
    assert said[0] == f"== Removing the data of earlier runs in {dev.folder}"
    assert "== Loading the demo organization (demo)" in said
    assert [other.exists() for other in others] == [True, True]
    assert key_file.read_text(encoding="utf-8").strip() != demo_key
    assert read_env(dev.folder / "secrets.env") != secrets
    for old in (authorization, f"Bearer {demo_key}"):
        assert dev.get("/api/v1/clients", Authorization=old).status_code == 401
    assert dev.command("org", "create", "--name", "Life", "--slug", "life")[0] == 0
    fresh.send_signal(signal.SIGINT)
    assert fresh.wait(WAIT_SECONDS) == 0


def test_a_port_in_use_is_one_line(dev: Dev) -> None:
    with socket.create_server(("127.0.0.1", dev.port)):
        code, out, err = dev.command("dev")
    assert (code, out) == (1, "")
    where = f"127.0.0.1 port {dev.port} (Address already in use)"
    assert err == f"counterfoil: cannot listen on {where}: set PORT or HOST to another\n"


@pytest.mark.parametrize("host", ["203.0.113.9", "no-such-host.invalid", "a..b"])
def test_a_host_that_is_not_ours_is_one_line(dev: Dev, host: str) -> None:
    code, out, err = dev.command("dev", HOST=host)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"counterfoil: HOST: cannot listen on {host} port {dev.port} (")
    assert not (dev.folder / "servers.env").exists()


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
    assert err == "counterfoil: PORT is malformed: must be a whole number\n"
    # What no server of ours reads before they run is looked at before they are started, and before data are removed.
    (dev.folder / "servers.env").touch()
    for words in (("dev",), ("dev", "--reset")):
        code, out, err = dev.command(*words, POOL_MAX="0", SEAL_KEYS="x", WEBHOOK_PARENTS="a/b")
        assert (code, out) == (2, "")
        assert [line.partition(" is malformed: ")[0] for line in err.splitlines()] == [
            "counterfoil: SEAL_KEYS",
            "counterfoil: POOL_MAX",
            "counterfoil: WEBHOOK_PARENTS",
        ]
    assert [path.name for path in dev.folder.iterdir()] == ["servers.env"]


def test_a_data_folder_that_cannot_be_one_is_one_line(
    dev: Dev, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    (dev.folder / "file").touch()
    (dev.folder / "loop").symlink_to(dev.folder / "loop")
    for name, said in (
        ("file", "Not a directory"),
        ("file/data", "Not a directory"),
        ("x" * 300, "File name too long"),
        ("loop/data", ""),
    ):
        folder = dev.folder / name
        code, out, err = dev.command("dev", COUNTERFOIL_DATA=str(folder))
        assert (code, out, err.count("\n")) == (2, "", 1), err
        assert err.startswith(f"counterfoil: COUNTERFOIL_DATA: {said}")
        assert str(folder) in err
        monkeypatch.setenv("COUNTERFOIL_DATA", str(folder))
        code, out, err = called(capsys, "audit", "verify", "--org", "x")
        assert (code, out) == (2, "")
        assert all(line.startswith("counterfoil: ") for line in err.splitlines()), err
    assert (dev.folder / "file").read_bytes() == b""
