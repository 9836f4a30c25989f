"""The one server process that is measured, on a database that exists for the measurement alone."""

import asyncio
import base64
import os
import secrets
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

import httpx
import psycopg

from migrations.runner import upgrade
from server.databases import create_database, drop_database, role_of, with_database
from server.embedded import ephemeral_servers, free_port
from server.settings import Settings, SettingsError, load

URLS = ("DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL")
START_SECONDS = 30


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


@contextmanager
def database() -> Iterator[dict[str, str]]:
    """The settings of a migrated, empty database for the block, and of a server that it measures."""
    with _servers() as urls:
        owner, name = urls["MIGRATION_DATABASE_URL"], f"counterfoil_bench_{secrets.token_hex(6)}"
        create_database(owner, urls["DATABASE_URL"], name)
        try:
            made = urls | {each: with_database(urls[each], name) for each in URLS[:2]}
            upgrade(made["MIGRATION_DATABASE_URL"], role_of(made["DATABASE_URL"]))
            yield made | _fixed()
        finally:
            drop_database(owner, name)


def _fixed() -> dict[str, str]:
    secret = {
        name: f"1:{base64.b64encode(secrets.token_bytes(32)).decode()}"
        for name in ("KEY_PEPPERS", "SECRET_KEYS", "SEAL_KEYS")
    }
    # What is measured is work, not the limits on it.
    unlimited = {"RATE_BUCKET": str(10**9), "RATE_REFILL": str(10**9)}
    return {
        "PORT": str(free_port()), "HOST": "127.0.0.1", "SERVER_TIMING": "true", "LOG_LEVEL": "WARNING",
    } | secret | unlimited  # fmt: skip


def settings_of(environment: Mapping[str, str]) -> Settings:
    """The same as settings of this process, which fills the database."""
    return load(Settings, **{name.lower(): value for name, value in environment.items()})


def settle(environment: Mapping[str, str]) -> str:
    """Vacuum and analyze, so that no plan changes under way; the PostgreSQL version."""
    with psycopg.connect(environment["MIGRATION_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("vacuum analyze")
        row = connection.execute("show server_version").fetchone()
    return str(row[0]).split()[0] if row else "unknown"


@asynccontextmanager
async def serving(environment: Mapping[str, str]) -> AsyncIterator[int]:
    """One `counterfoil serve` for the block; its port. Raises RuntimeError when it does not get ready."""
    command = (sys.executable, "-m", "server.cli", "serve")
    process = await asyncio.create_subprocess_exec(*command, env={**os.environ, **environment})
    port = int(environment["PORT"])
    try:
        await _ready(process, port)
        yield port
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _ready(process: asyncio.subprocess.Process, port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        while True:
            try:
                if (await http.get("/api/ready")).status_code == 200:
                    return
            except httpx.TransportError as error:
                if process.returncode is not None or time.monotonic() > deadline:
                    raise RuntimeError("the server did not get ready") from error
            await asyncio.sleep(0.05)
