"""The database away, the pool full, Redis away: a 503 in the shape of the API, and over by itself."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest

from server.dev.embedded import free_port
from server.wiring import running
from tests.support.api import Org, make_org, new_client, serving, settings_of
from tests.support.away import log_lines
from tests.support.refusals import CREATE, error, problem
from tests.support.servers import Backends

__all__ = ["log_lines"]

LIST = "{ clients { totalCount } }"


class Line:
    """A TCP line to a server that can be cut and mended."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.to, self.port = host, port, free_port()
        self.writers: set[asyncio.StreamWriter] = set()
        self.server: asyncio.Server | None = None

    async def mend(self) -> None:
        """Take connections."""
        self.server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)

    async def cut(self) -> None:
        """End every connection and refuse new ones."""
        assert self.server is not None, "a line is mended before it is cut"
        self.server.close()
        for writer in list(self.writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self.host, self.to)
        self.writers |= {writer, back}
        await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
        self.writers -= {writer, back}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        except OSError:
            return  # the line was cut, which is what it is for
        finally:
            writer.transport.abort()


@pytest.fixture
async def line(backends: Backends) -> AsyncIterator[Line]:
    """A mended line to PostgreSQL."""
    parts = urlsplit(backends.database_url)
    made = Line(parts.hostname or "127.0.0.1", parts.port or 5432)
    await made.mend()
    yield made
    await made.cut()


@asynccontextmanager
async def behind(line: Line, backends: Backends, **given: object) -> AsyncIterator[Org]:
    """An organization whose server reaches the database over the line."""
    parts = urlsplit(backends.database_url)
    user = parts.netloc.rpartition("@")[0]
    url = urlunsplit(parts._replace(netloc=f"{user}@127.0.0.1:{line.port}"))
    direct = settings_of(backends)
    async with (
        running(direct, max_size=2) as runtime,
        serving(settings_of(backends, **{"database_url": url} | given)) as base,
    ):
        org = await make_org(runtime, base)
        yield org
        await org.http.aclose()


async def test_the_database_goes_away_and_comes_back(
    backends: Backends, line: Line, log_lines: pytest.LogCaptureFixture
) -> None:
    async with behind(line, backends) as org:
        await new_client(org)
        assert (await org.http.get("/api/ready")).json() == {"status": "ok"}
        await line.cut()
        for _ in range(2):
            answer = await org.http.get("/api/v1/clients")
            problem(answer, 503, "UNAVAILABLE")
            assert answer.headers["retry-after"] == "1"
            answer = await org.http.post("/api/v1/clients", json={"name": "x", "email": "x@example.com"})
            problem(answer, 503, "UNAVAILABLE")
            for text in (LIST, CREATE):
                variables = {} if text == LIST else {"input": {"name": "x", "email": "x@example.com"}}
                answer = await org.graphql(text, **variables)
                error(answer, 503, "UNAVAILABLE")
                assert answer.headers["retry-after"] == "1"
            health, ready = await org.http.get("/api/health"), await org.http.get("/api/ready")
            assert (health.status_code, health.json()) == (200, {"status": "ok"})
            assert (ready.status_code, ready.json(), ready.headers["retry-after"]) == (
                503, {"status": "unavailable"}, "1",
            )  # fmt: skip
            assert (await org.graphql("{ health { status } }")).json()["data"] == {"health": {"status": "ok"}}
        # However many are refused, the log tells it once: the API, and whoever asks whether it is ready.
        await asyncio.gather(*(org.http.get(path) for path in 20 * ("/api/v1/clients", "/api/ready")))
        warned = [record.name for record in log_lines.records if record.levelno >= logging.WARNING]
        # Redis is away too, which is logged each second.
        loggers = sorted(name for name in warned if name != "server.access.buckets")
        assert loggers == ["resolvers.database.connection_errors", "server.system"]
        await line.mend()
        assert (await org.http.get("/api/ready")).status_code == 200
        assert (await org.data(LIST)) == {"clients": {"totalCount": 1}}
        await new_client(org)
        assert await org.count("clients") == 2


async def test_a_full_pool_answers_in_time(backends: Backends, line: Line) -> None:
    async with behind(line, backends, pool_max=1, pool_wait_ms=50) as org:
        client = await new_client(org)
        async with org.runtime.bound(org.id) as connection:
            await connection.fetch("select id from clients for update")
            held = asyncio.create_task(org.http.put(f"/api/v1/clients/{client['publicId']}", json={"company": "ACME"}))
            waiting = "select count(*) from pg_locks where not granted"
            while not await connection.fetchval(waiting):  # noqa: ASYNC110 - another server's state has no event
                await asyncio.sleep(0.01)
            listed = await org.http.get("/api/v1/clients")
            problem(listed, 503, "UNAVAILABLE")
            assert listed.json()["detail"] == "The server is busy; retry later."
            asked = await org.graphql(LIST)
            error(asked, 503, "UNAVAILABLE")
            assert asked.json()["errors"][0]["message"] == "The server is busy; retry later."
            assert (await org.http.get("/api/ready")).status_code == 503
            assert not held.done()
        assert (await held).json()["data"]["company"] == "ACME"
        assert (await org.data(LIST)) == {"clients": {"totalCount": 1}}


async def test_a_change_needs_no_redis(backends: Backends, line: Line) -> None:
    away = f"redis://127.0.0.1:{free_port()}/0"
    async with behind(line, backends, redis_url=away) as org:
        await new_client(org)
        made = await org.data(CREATE, input={"name": "x", "email": "x@example.com"})
        assert made["createClient"]["client"]["version"] == 1
        assert (await org.http.get("/api/ready")).status_code == 200
        assert await org.count("clients") == 2
        assert await org.count("jobs") >= 1


async def test_a_request_that_takes_too_long_is_told(backends: Backends, line: Line) -> None:
    async with behind(line, backends, request_timeout_s=0.3) as org:
        client = await new_client(org)
        async with org.runtime.bound(org.id) as connection:
            await connection.fetch("select id from clients for update")
            path = f"/api/v1/clients/{client['publicId']}"
            answer: httpx.Response = await org.http.put(path, json={"company": "ACME"})
            problem(answer, 503, "UNAVAILABLE")
            assert answer.headers["retry-after"] == "1"
        assert (await org.http.get(path)).json()["data"]["company"] is None
