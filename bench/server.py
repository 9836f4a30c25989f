"""The server processes that are measured, on a database that exists for the measurement alone."""

import asyncio
import base64
import os
import secrets
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import psycopg

from migrations.runner import upgrade
from server.database.databases import create_database, drop_database, role_of, with_database
from server.dev.embedded import ephemeral_servers, free_port
from server.errors import SettingsError
from server.settings import Settings, load

URLS = ("DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL")
START_SECONDS = 30
# What `python -m` runs for each server, and a path that answers once it is ready.
COMMANDS: dict[str, tuple[tuple[str, ...], str]] = {
    "ours": (("server.cli", "serve"), "/api/ready"),
    "granian": (
        (
            *("granian", "--interface", "asgi", "--loop", "uvloop", "--http", "1", "--no-ws", "--no-log"),
            *("--factory", "bench.granian_app:make_app"),
        ),
        "/api/ready",
    ),
    "handwritten": (("bench.handwritten",), "/api/v1/clients"),
    "stock": (("bench.stock",), "/graphql"),
    "trivial": (("bench.trivial",), "/"),
}


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its name, port and process."""

    name: str
    port: int
    process: psutil.Process

    def cpu(self) -> float:
        """CPU seconds that it and its children have used."""
        times = [each.cpu_times() for each in (self.process, *self.process.children(recursive=True))]
        return float(sum(each.user + each.system for each in times))

    def resident(self) -> int:
        """Bytes of memory that it holds."""
        return int(self.process.memory_info().rss)


@contextmanager
def _servers() -> Iterator[dict[str, str]]:
    given = {name: os.environ[name] for name in URLS if os.environ.get(name)}
    if len(given) == len(URLS):
        yield given
    elif given:
        raise SettingsError(f"set all of {', '.join(URLS)}, or none for embedded servers")
    else:
        with ephemeral_servers() as started:
            yield started.environment()


def _upgrade(urls: Mapping[str, str]) -> None:
    upgrade(urls["MIGRATION_DATABASE_URL"], role_of(urls["DATABASE_URL"]))


@contextmanager
def database(migrate: Callable[[Mapping[str, str]], None] = _upgrade) -> Iterator[dict[str, str]]:
    """The settings of a migrated, empty database for the block, and of the servers that it measures."""
    with _servers() as urls:
        owner, name = urls["MIGRATION_DATABASE_URL"], f"counterfoil_bench_{secrets.token_hex(6)}"
        create_database(owner, urls["DATABASE_URL"], name)
        try:
            made = urls | {each: with_database(urls[each], name) for each in URLS[:2]}
            migrate(made)
            yield made | fixed()
        finally:
            drop_database(owner, name)


def fixed() -> dict[str, str]:
    """Settings that every measured server has: everything is on, and limits are too high to be reached."""
    secret = {
        name: f"1:{base64.b64encode(secrets.token_bytes(32)).decode()}"
        for name in ("KEY_PEPPERS", "SECRET_KEYS", "SEAL_KEYS")
    }
    unlimited = {"RATE_BUCKET": str(10**9), "RATE_REFILL": str(10**9)}
    return {"HOST": "127.0.0.1", "SERVER_TIMING": "true", "LOG_LEVEL": "INFO"} | secret | unlimited


def settings_of(environment: Mapping[str, str]) -> Settings:
    """The same as settings of this process, which fills the database."""
    return load(Settings, **{name.lower(): value for name, value in environment.items()})


def settle(environment: Mapping[str, str]) -> str:
    """Vacuum and analyze, so that no plan changes under way; the PostgreSQL version."""
    with psycopg.connect(environment["MIGRATION_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("vacuum analyze")
        row = connection.execute("show server_version").fetchone()
    return str(row[0]).split()[0] if row else "unknown"


def _split() -> tuple[frozenset[int], frozenset[int]] | None:
    if not hasattr(os, "sched_getaffinity"):
        return None
    first, *others = sorted(os.sched_getaffinity(0))
    return (frozenset({first}), frozenset(others)) if others else None


# A core for the server that is measured and the others for all else; None where that cannot be.
CORES = _split()


def step_aside() -> None:
    """Leave the measured server's core to it. What this process starts from now on inherits that, other servers too."""
    if CORES is not None:
        os.sched_setaffinity(0, CORES[1])


@asynccontextmanager
async def serving(
    name: str, environment: Mapping[str, str], folder: Path, through: Sequence[str] = (),
    *, under: Sequence[str] = (), start_s: float = START_SECONDS,
) -> AsyncIterator[Server]:  # fmt: skip
    """One server process for the block, on the core that we stepped aside from; it prints into a file of the folder.

    ``through`` is what `python -m` runs in its place, which runs it, ``under`` the command that runs Python. Raises
    RuntimeError when it does not get ready within so many seconds.
    """
    own, ready = COMMANDS[name]
    port = free_port()
    with (folder / f"{name}.log").open("ab") as printed:
        process = await asyncio.create_subprocess_exec(
            *(*under, sys.executable, "-m", *through, *own),
            env={**os.environ, **environment, "PORT": str(port), "GRANIAN_PORT": str(port)},
            stdout=printed,
            stderr=printed,
        )
    if CORES is not None and CORES[0].isdisjoint(os.sched_getaffinity(0)):
        os.sched_setaffinity(process.pid, CORES[0])
    try:
        await _ready(process, f"http://127.0.0.1:{port}{ready}", name, start_s)
        yield Server(name, port, psutil.Process(process.pid))
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _ready(process: asyncio.subprocess.Process, url: str, name: str, start_s: float) -> None:
    """Wait until it answers: a 401 tells that it is there, a 503 that it is not ready yet."""
    deadline = time.monotonic() + start_s
    async with httpx.AsyncClient() as http:
        while True:
            try:
                if (await http.get(url)).status_code < 500:
                    return
            except httpx.TransportError as error:
                if process.returncode is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the server {name} did not get ready") from error
            await asyncio.sleep(0.05)
