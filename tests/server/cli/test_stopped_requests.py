"""What is under way when `serve` is stopped is finished, or refused in the form of its API."""

import asyncio
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import asyncpg
import httpx
import pytest

from server.dev.embedded import free_port
from server.settings import Settings, load
from server.wiring import running
from tests.support.api import Org, make_org, new_client
from tests.support.commands import environment
from tests.support.jobs import eventually
from tests.support.refusals import error, problem
from tests.support.servers import Backends

__all__ = ["environment"]
WAIT_S = 60.0
# Those of its own database alone; a transaction sees pg_stat_activity as it was when it looked first.
WAITING = """select count(*) from pg_locks where not granted and pid in (
    select pid from pg_locks where database = (select oid from pg_database where datname = current_database()))"""
RENAME = 'mutation($id: ID!) { updateClient(input: {id: $id, company: "B"}) { client { company } } }'


@asynccontextmanager
async def served(port: int) -> AsyncIterator[tuple[Process, Org]]:
    """A process of `serve` that waits long for a statement, and an organization that asks it."""
    base = f"http://127.0.0.1:{port}"
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "server.cli", "serve")
    try:
        async with asyncio.timeout(WAIT_S), running(load(Settings), max_size=2) as runtime:
            async with httpx.AsyncClient(base_url=base) as http:

                async def is_ready() -> bool:
                    assert process.returncode is None
                    try:
                        return (await http.get("/api/ready")).status_code == 200
                    except httpx.TransportError:
                        return False

                await eventually(is_ready)
            org = await make_org(runtime, base)
            async with org.http:
                yield process, org
            assert await process.wait() in (0, -signal.SIGTERM)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture
def port(environment: Backends, monkeypatch: pytest.MonkeyPatch) -> int:
    """The port of a server whose own bounds of a request lie beyond the grace of its end."""
    found = free_port()
    for name, value in {"PORT": found, "STATEMENT_TIMEOUT_MS": 30_000, "REQUEST_TIMEOUT_S": 40}.items():
        monkeypatch.setenv(name, str(value))
    return found


async def are_waiting(connection: asyncpg.Connection, number: int) -> bool:
    """Whether so many transactions wait for a lock."""
    return int(await connection.fetchval(WAITING)) == number


async def test_what_is_not_finished_in_time_is_refused(port: int) -> None:
    async with served(port) as (process, org):
        client = (await new_client(org))["publicId"]
        async with org.runtime.bound(org.id) as connection:
            await connection.fetch("select id from clients for update")
            asked = [
                asyncio.create_task(org.http.put(f"/api/v1/clients/{client}", json={"company": "A"}, timeout=WAIT_S)),
                asyncio.create_task(org.graphql(RENAME, id=client)),
            ]
            await eventually(partial(are_waiting, connection, len(asked)))
            process.send_signal(signal.SIGTERM)
            rest, graph = await asyncio.gather(*asked)
        found = problem(rest, 503, "UNAVAILABLE")
        assert found["detail"] == "The server is stopping; retry it."
        error(graph, 503, "UNAVAILABLE")
        assert (rest.headers["retry-after"], graph.headers["retry-after"]) == ("1", "1")
        assert [row["company"] for row in await org.rows("select company from clients")] == [None]


async def test_what_is_finished_in_time_is_answered(port: int) -> None:
    async with served(port) as (process, org):
        client = (await new_client(org))["publicId"]
        async with org.runtime.bound(org.id) as connection:
            await connection.fetch("select id from clients for update")
            asked = asyncio.create_task(org.http.put(f"/api/v1/clients/{client}", json={"company": "A"}))
            await eventually(partial(are_waiting, connection, 1))
            process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.5)
        answer = await asked
        assert answer.status_code == 200
        assert [row["company"] for row in await org.rows("select company from clients")] == ["A"]
