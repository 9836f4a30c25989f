"""What is injured: PostgreSQL, Valkey, the API and workers under the project's supervisor, which starts them again."""

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bench.server import fixed
from migrations.runner import upgrade
from server.database.databases import role_of
from server.dev.embedded import free_port, start, temporary_folder
from server.dev.embedded_postgres import APP
from server.dev.processes import ProcessSpec
from server.dev.supervisor import Supervisor

START_SECONDS = 120
LOOK_S = 0.05
STOP_SECONDS = 10
WORKERS = ("worker-1", "worker-2")


@dataclass(frozen=True, slots=True)
class Stack:
    """The running processes, by their names: postgres, valkey, api and the workers.

    ``logged`` is how much each had logged when it was killed last.
    """

    supervisor: Supervisor
    environment: Mapping[str, str]
    folder: Path
    logged: dict[str, int] = field(default_factory=dict)

    @property
    def base(self) -> str:
        """Where the API listens."""
        return f"http://127.0.0.1:{self.environment['PORT']}"

    async def kill(self, *names: str) -> None:
        """End one of some processes by SIGKILL, the first that works. Raises TimeoutError where none comes to it."""
        async with asyncio.timeout(START_SECONDS):
            while not (found := [name for name in names if self._works(name)]):  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(LOOK_S)
        self.end(found[0])

    def end(self, name: str) -> None:
        """End a process by SIGKILL."""
        os.kill(self.supervisor.pid(name), signal.SIGKILL)
        self.logged[name] = len(self._log(name))

    def worker_at(self, port: int) -> str | None:
        """The worker that has a connection from a port; None where none has."""
        for name in WORKERS:
            with suppress(psutil.Error):
                process = psutil.Process(self.supervisor.pid(name))
                if any(each.laddr.port == port for each in process.net_connections("tcp")):
                    return name
        return None

    def _works(self, name: str) -> bool:
        """Whether a process runs; and, since one that only starts has nothing to lose, whether a worker has begun."""
        begun = name not in WORKERS or b"worker.started" in self._log(name)[self.logged.get(name, 0) :]
        return begun and self.supervisor.exit_code(name) is None

    def _log(self, name: str) -> bytes:
        path = self.folder / f"{name}.log"
        return path.read_bytes() if path.exists() else b""

    async def flush(self) -> None:
        """Delete all that Valkey holds. Raises TimeoutError where it does not answer."""
        async with asyncio.timeout(START_SECONDS), Redis.from_url(self.environment["REDIS_URL"]) as redis:
            while True:
                with suppress(RedisError, OSError):
                    await redis.flushall()
                    return
                await asyncio.sleep(LOOK_S)

    def kill_backend(self, choice: random.Random) -> bool:
        """End one of PostgreSQL's processes that serve the application, by SIGKILL; whether there was one."""
        found = []
        for each in self._children("postgres"):
            with suppress(psutil.Error):
                found += [each] * (f" {APP} " in f"{' '.join(each.cmdline())} ")
        if found:
            choice.choice(found).kill()
        return bool(found)

    def freeze(self, name: str) -> Callable[[], None]:
        """Stop a process and its children by SIGSTOP; returns what lets them go on."""
        stopped = [psutil.Process(self.supervisor.pid(name)), *self._children(name)]
        for process in stopped:
            with suppress(psutil.Error):
                process.suspend()

        def go_on() -> None:
            for process in stopped:
                with suppress(psutil.Error):
                    process.resume()

        return go_on

    def _children(self, name: str) -> list[psutil.Process]:
        with suppress(psutil.Error):
            return psutil.Process(self.supervisor.pid(name)).children(recursive=True)
        return []

    async def watch(self) -> None:
        """Start again what dies, until cancelled."""
        while True:
            self.supervisor.check()
            await asyncio.sleep(LOOK_S)

    async def ready(self) -> None:
        """Wait until the API reaches its database. Raises TimeoutError."""
        async with asyncio.timeout(START_SECONDS), httpx.AsyncClient(base_url=self.base, timeout=2) as http:
            while True:
                # A socket that is reset while it connects has no peer, which the client does not expect.
                with suppress(httpx.TransportError, AttributeError):
                    if (await http.get("/api/ready")).status_code == 200:
                        return
                await asyncio.sleep(LOOK_S)

    def last_words(self, name: str, lines: int = 5) -> list[str]:
        """The last errors that a process logged."""
        logged = self._log(name).decode("utf-8", "replace").splitlines()
        return [line[:2000] for line in logged if '"error"' in line or "Traceback" in line][-lines:]


@contextmanager
def standing(lease_seconds: float, more: Mapping[str, str], say: Callable[[str], None]) -> Iterator[Stack]:
    """A stack in a temporary folder with a durable, migrated, empty database, and with more settings.

    Its processes end with the block.
    """
    supervisor = Supervisor(report=say)
    with temporary_folder() as folder:
        try:
            servers = start(folder, supervisor)
            chosen = {
                **more,
                "PORT": str(free_port()),
                "LEASE_SECONDS": str(lease_seconds),
                "HEARTBEAT_SECONDS": str(lease_seconds / 3),
                "SWEEP_SECONDS": "1",
                "WEBHOOK_ALLOW_PRIVATE": "true",
                "COUNTERFOIL_DATA": str(folder),
            }
            environment = servers.environment() | fixed() | chosen
            upgrade(environment["MIGRATION_DATABASE_URL"], role_of(environment["DATABASE_URL"]))
            for name, command in (("api", "serve"), *((name, "worker") for name in WORKERS)):
                argv = (sys.executable, "-m", "server.cli", command)
                supervisor.start(ProcessSpec(name, argv, env={**os.environ, **environment}, log=folder / f"{name}.log"))
            yield Stack(supervisor, environment, folder)
        finally:
            supervisor.stop((*WORKERS, "api"), timeout_s=STOP_SECONDS)
            supervisor.stop(timeout_s=STOP_SECONDS)


def moment() -> float:
    """The clock of all that is measured here."""
    return time.monotonic()
