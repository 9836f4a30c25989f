"""`counterfoil dev` for a test: a data folder of its own and the runs on it."""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from server.dev.accounts import close_data_folder
from server.dev.embedded import free_port
from server.dev.supervisor import end_leftovers
from tests.support.files import noted_pids
from tests.support.memory import memory_folder

WAIT_SECONDS = 90
LAST_LINE = "Ctrl-C ends everything; the data stay."


def limit_files(largest: int) -> None:
    """Let this process and its children write no file beyond a size."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))


class Dev:
    """One data folder and the runs on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.runs: list[subprocess.Popen[str]] = []

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        return kept | {"COUNTERFOIL_DATA": str(self.folder), "PORT": str(self.port)} | more

    def start(self, *options: str, largest: int | None = None) -> tuple["subprocess.Popen[str]", list[str]]:
        """Start a run, whose processes may write no file beyond a size, and read what it says until all answers."""
        log = self.folder / "log"
        with log.open("w", encoding="utf-8") as output:
            run = subprocess.Popen(
                [sys.executable, "-m", "server.cli", "dev", *options],
                preexec_fn=None if largest is None else lambda: limit_files(largest),
                env=self.environment(),
                stdout=output,
                stderr=output,
                encoding="utf-8",
            )
        self.runs.append(run)
        self.until(lambda: LAST_LINE in log.read_text(encoding="utf-8") or run.poll() is not None)
        assert run.poll() is None, log.read_text(encoding="utf-8")
        return run, log.read_text(encoding="utf-8").splitlines()

    def until(self, holds: Callable[[], object]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not holds():
            assert time.monotonic() < deadline, (self.folder / "log").read_text(encoding="utf-8")
            time.sleep(0.05)

    def command(self, *words: str, **more: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "server.cli", *words],
            env=self.environment(**more), capture_output=True, encoding="utf-8", timeout=WAIT_SECONDS, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    def children(self) -> dict[str, int]:
        return noted_pids(self.folder / "run")

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=headers, timeout=10)

    def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        return httpx.post(f"http://127.0.0.1:{self.port}{path}", json=body, headers=headers, timeout=10)


@pytest.fixture
def dev() -> Iterator[Dev]:
    folder = Path(tempfile.mkdtemp(prefix="counterfoil-dev-", dir=memory_folder()))
    close_data_folder(folder)
    made = Dev(folder)
    yield made
    for run in made.runs:
        if run.poll() is None:
            run.kill()
            run.wait(WAIT_SECONDS)
    if (folder / "run").exists():
        end_leftovers(folder / "run", 5)
    shutil.rmtree(folder)
