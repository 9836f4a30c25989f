"""Ctrl-C ends a run of the tests with the report of what failed before."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.repository import ROOT
from tests.support.servers import NAMES, Backends

# A process that is interrupted while the session's server runs, by what a terminal sends.
TESTS = """
import asyncio, os, signal

def test_of_a_wrong_sum() -> None:
    assert 1 + 1 == 3

async def test_that_is_interrupted(api: str) -> None:
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.sleep(60)

def test_that_is_not_begun() -> None:
    pass
"""


def _heed_interrupts() -> None:
    """A shell lets what runs in its background ignore them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_interrupted_run_reports_what_failed(backends: Backends, tmp_path: Path) -> None:
    path = tmp_path / "test_sums.py"
    path.write_text(TESTS, encoding="utf-8")
    urls = (backends.database_url, backends.migration_database_url, backends.redis_url)
    command = [sys.executable, "-m", "pytest", "-q", "-c", "pyproject.toml", "-p", "tests.conftest", str(path)]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | dict(zip(NAMES, urls, strict=True)), capture_output=True,
        encoding="utf-8", timeout=120, check=False, preexec_fn=_heed_interrupts,
    )  # fmt: skip
    assert done.returncode == 2, done.stdout + done.stderr
    assert "assert (1 + 1) == 3" in done.stdout
    assert "::test_of_a_wrong_sum - assert" in done.stdout.partition("short test summary info")[2]
    assert "! KeyboardInterrupt !" in done.stdout
    assert "1 failed in " in done.stdout
    assert "Traceback" not in done.stderr
