"""Standard error that cannot be written: what serves and what works goes on."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from server.dev.embedded import free_port
from tests.support.commands import environment
from tests.support.servers import Backends

__all__ = ["environment"]
WAIT_S = 60.0
FULL = Path("/dev/full")


@contextmanager
def started(command: str, address: str) -> "Iterator[subprocess.Popen[bytes]]":
    """A process whose standard error is full, once it answers at an address."""
    with FULL.open("wb") as full:
        process = subprocess.Popen([sys.executable, "-m", "server.cli", command], stdout=full, stderr=full)
    try:
        deadline, answered = time.monotonic() + WAIT_S, False
        while not answered:
            assert process.poll() is None, f"it has ended with {process.returncode}"
            assert time.monotonic() < deadline, "it does not answer"
            try:
                answered = httpx.get(address).status_code == 200
            except httpx.TransportError:
                time.sleep(0.1)
        yield process
        process.send_signal(signal.SIGTERM)
        process.wait(WAIT_S)
    finally:
        process.kill()
        process.wait(WAIT_S)


@pytest.mark.parametrize("style", ["json", "console"])
def test_every_request_is_answered(environment: Backends, monkeypatch: pytest.MonkeyPatch, style: str) -> None:
    port = free_port()
    monkeypatch.setenv("PORT", str(port))
    monkeypatch.setenv("LOG_FORMAT", style)
    with (
        started("serve", f"http://127.0.0.1:{port}/api/health") as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as http,
    ):
        paths = ["/api/ready", "/api/v1/clients", "/nowhere"] * 30
        assert {(path, http.get(path).status_code) for path in paths} == {
            ("/api/ready", 200),
            ("/api/v1/clients", 401),
            ("/nowhere", 404),
        }
    assert process.returncode in (0, -signal.SIGTERM)


def test_a_worker_starts_and_goes_on(environment: Backends, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setenv("WORKER_METRICS_PORT", str(port))
    monkeypatch.setenv("METRICS_TOKEN", "m" * 32)
    health = f"http://127.0.0.1:{port}/api/health"
    with started("worker", health) as process:
        assert httpx.get(health).status_code == 200
        assert process.poll() is None
    assert process.returncode == 0


def test_serve_starts_before_its_tables(
    servers: Backends, environment: Backends, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("PORT", str(port))
    with servers.empty_database() as empty:
        monkeypatch.setenv("DATABASE_URL", empty.database_url)
        with started("serve", f"http://127.0.0.1:{port}/api/health") as process:
            assert httpx.get(f"http://127.0.0.1:{port}/api/ready").status_code == 503
        assert process.returncode in (0, -signal.SIGTERM)


def test_a_refusal_keeps_its_exit_code(servers: Backends, environment: Backends) -> None:
    for words, code in ((["nonsense"], 2), (["worker", "--queues", "nonsense"], 2)):
        with FULL.open("wb") as full:
            command = [sys.executable, "-m", "server.cli", *words]
            assert subprocess.run(command, stderr=full, check=False, timeout=WAIT_S).returncode == code


def test_a_closed_standard_error_is_none() -> None:
    command = ["sh", "-c", 'exec "$0" -m server.cli nonsense 2>&-', sys.executable]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False, timeout=WAIT_S)
    assert (done.returncode, done.stdout) == (2, b"")
