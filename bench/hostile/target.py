"""The server that is attacked: processes of this checkout or of another one, on a database of their own."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from bench.server import database
from server.dev.embedded import free_port

HERE = Path(__file__).resolve()
OURS = HERE.parents[2]
START_SECONDS = 60.0
SAMPLE_SECONDS = 0.005
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization with a key that may do everything, and ids of a client, a service and an order of its."""

    org_id: str
    key: str
    sample: dict[str, str]


@dataclass(slots=True)
class Watched:
    """What a process used during a block: CPU seconds, and by how many MiB its memory rose at most."""

    process: psutil.Process
    cpu_s: float = 0.0
    rise_mib: float = 0.0


@dataclass(slots=True)
class Target:
    """A running API process. ``environment`` has the URLs of its database and Redis, also the owner's."""

    port: int
    process: psutil.Process
    environment: dict[str, str]
    code: Path
    folder: Path
    seeds: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))

    @property
    def base(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.port}"

    def client(self, key: str | None = None, **options: Any) -> httpx.AsyncClient:
        """An HTTP client of the server, with a key or without."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        headers |= options.pop("headers", {})
        return httpx.AsyncClient(base_url=self.base, headers=headers, timeout=60, **options)

    async def organization(self, clients: int = 20, orders: int = 60, messages: int = 120) -> Organization:
        """A new organization with so many rows."""
        command = (str(_python(self.code)), "-P", str(HERE.with_name("filling.py")), str(next(self.seeds)))
        process = await asyncio.create_subprocess_exec(
            *command, str(clients), str(orders), str(messages), env=self.environment, stdout=subprocess.PIPE
        )
        printed, _ = await process.communicate()
        if process.returncode:
            raise RuntimeError("the organization was not filled")
        return Organization(**json.loads(printed.splitlines()[-1]))

    @contextmanager
    def watching(self, process: psutil.Process | None = None) -> Iterator[Watched]:
        """Sample the memory of the API, or of another process, during a block; the figures are there at its end."""
        watched = Watched(process or self.process)
        before, cpu = watched.process.memory_info().rss, _cpu(watched.process)
        ended = threading.Event()

        def sample() -> None:
            while not ended.wait(SAMPLE_SECONDS):
                rise = (watched.process.memory_info().rss - before) / MEBIBYTE
                watched.rise_mib = max(watched.rise_mib, rise)

        thread = threading.Thread(target=sample, daemon=True)
        thread.start()
        try:
            yield watched
        finally:
            ended.set()
            thread.join()
            watched.cpu_s = _cpu(watched.process) - cpu

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[psutil.Process]:
        """A worker beside the API for the block."""
        async with _running(self.code, self.environment, "worker", self.folder) as process:
            yield psutil.Process(process.pid)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _python(code: Path) -> Path:
    own = code / ".venv" / "bin" / "python"
    return own if own.exists() else Path(sys.executable)


@asynccontextmanager
async def target(code: Path, settings: Mapping[str, str], folder: Path) -> AsyncIterator[Target]:
    """An API process of a checkout for the block, on an empty database. Raises RuntimeError when it does not start."""

    def migrate(urls: Mapping[str, str]) -> None:
        environment = os.environ | urls | {"PYTHONPATH": str(code)}
        subprocess.run(
            (_python(code), "-m", "server.cli", "migrate"), env=environment, check=True, cwd=code, stdout=sys.stderr
        )

    with database(migrate) as made:
        port = free_port()
        environment = {**os.environ, **made, **settings, "PORT": str(port), "PYTHONPATH": str(code)}
        async with _running(code, environment, "serve", folder) as process:
            await _ready(process, f"http://127.0.0.1:{port}/api/ready")
            yield Target(port, psutil.Process(process.pid), environment, code, folder)


@asynccontextmanager
async def _running(
    code: Path, environment: Mapping[str, str], command: str, folder: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    with (folder / f"{command}.log").open("ab") as printed:
        process = await asyncio.create_subprocess_exec(
            *(str(_python(code)), "-m", "server.cli", command),
            env=environment, cwd=code, stdout=printed, stderr=printed,
        )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _ready(process: asyncio.subprocess.Process, url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    async with httpx.AsyncClient() as http:
        while True:
            try:
                if (await http.get(url)).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            if process.returncode is not None or time.monotonic() > deadline:
                raise RuntimeError("the server did not get ready")
            await asyncio.sleep(0.05)
