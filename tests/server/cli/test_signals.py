"""A signal ends what serves, in order and without a traceback."""

import signal
import subprocess
import sys
import time

import httpx
import pytest

from server.dev.embedded import free_port
from tests.support.commands import environment
from tests.support.servers import Backends

__all__ = ["environment"]
WAIT_S = 60.0


def test_an_interrupted_server_ends_without_a_traceback(environment: Backends, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setenv("PORT", str(port))
    command = [sys.executable, "-m", "server.cli", "serve"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8")
    try:
        deadline, answered = time.monotonic() + WAIT_S, False
        while not answered:
            assert process.poll() is None, "it has ended"
            assert time.monotonic() < deadline, "it does not answer"
            try:
                answered = httpx.get(f"http://127.0.0.1:{port}/api/health").status_code == 200
            except httpx.TransportError:
                time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=WAIT_S)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "Traceback" not in printed
