"""A connection that does not answer is dropped, and what needs the database goes on with another."""

import asyncio
import os
import signal
from contextlib import suppress
from gc import get_referents
from uuid import UUID

import psycopg
import pytest

from resolvers.database.connection import PooledConnection
from resolvers.database.connection_errors import NoAnswerError
from resolvers.database.pools import open_pool
from resolvers.database.runtime import Runtime
from resolvers.live.events import LiveEvent
from resolvers.live.feed import Feeds
from tests.support.away import lines_with, log_lines
from tests.support.jobs import emit, eventually, runtime_of
from tests.support.pool import LONG, PID, opened
from tests.support.servers import Backends
from tests.support.silent import silent_path

__all__ = ["log_lines"]

PATIENCE_S = 2.0
# Longer than any test waits: what ends before it does so for another reason.
PATIENT_S = 600.0


class Ear:
    """Counts the events that it hears of."""

    def __init__(self) -> None:
        self.heard = 0
        self.came = asyncio.Event()

    def offer(self, _event: LiveEvent) -> None:
        self.heard += 1
        self.came.set()


def _answers(connection: PooledConnection) -> list[object]:
    return [each for each in get_referents(connection._protocol) if asyncio.isfuture(each)]


def _is_awaited(connection: PooledConnection) -> bool:
    return connection.answer is not None


async def test_what_was_answered_is_not_kept(backends: Backends) -> None:
    pool = await open_pool(backends.database_url, min_size=1, max_size=1)
    connection = await pool.acquire(LONG)
    running = asyncio.ensure_future(connection.fetch("select pg_sleep(2)"))
    async with asyncio.timeout(LONG):
        # It waits for what prepares the statement first.
        await asyncio.sleep(0.1)
        assert _is_awaited(connection)
        await running
    await asyncio.sleep(0)
    del running
    assert not _is_awaited(connection)
    assert _answers(connection) == []
    pool.release(connection)
    await pool.close()


async def test_a_statement_on_a_silent_path_ends(backends: Backends) -> None:
    async with silent_path(backends) as path:
        pool = await open_pool(path.backends.database_url, min_size=2, max_size=2, patience_s=PATIENCE_S)
        held, idle = pool._idle
        connection = await pool.acquire(LONG)
        assert connection is idle
        pool.release(connection)
        connection = await pool.acquire(LONG)
        assert path.fall_silent() == 2
        async with asyncio.timeout(LONG):
            with pytest.raises(NoAnswerError):
                await connection.fetch(PID)
        assert connection.is_closed()
        pool.release(connection)
        # The other hangs as well, and is not lent: its user would wait as long.
        assert held.is_closed()
        async with asyncio.timeout(LONG):
            connection = await pool.acquire(LONG)
            await connection.fetch(PID)
        pool.release(connection)
        await pool.close()


async def test_a_backend_that_stands_still_is_left(servers: Backends, own_backends: Backends) -> None:
    async with opened(own_backends.database_url, 1, 1) as pool:
        pool.watch.patience_s = PATIENCE_S
        connection = await pool.acquire(LONG)
        pid = await connection.fetchval(PID)
        try:
            os.kill(pid, signal.SIGSTOP)
        except (OSError, PermissionError):
            pytest.skip("the database's processes are not here")
        try:
            async with asyncio.timeout(LONG):
                with pytest.raises(NoAnswerError):
                    await connection.fetch(PID)
                pool.release(connection)
                connection = await pool.acquire(LONG)
                assert await connection.fetchval(PID) != pid
                pool.release(connection)
        finally:
            os.kill(pid, signal.SIGCONT)
            with suppress(psycopg.Error), psycopg.connect(own_backends.database_url, autocommit=True) as other:
                other.execute("select pg_terminate_backend(%s, 5000)", [pid])


async def test_a_patient_statement_is_waited_for(backends: Backends) -> None:
    async with opened(backends.database_url) as pool:
        pool.watch.patience_s = 1.0
        connection = await pool.acquire(LONG)
        with connection.patient(LONG):
            assert len(await connection.fetch("select pg_sleep(4)")) == 1
        pool.release(connection)


async def test_a_pool_that_closes_waits_for_a_silent_answer_only_shortly(backends: Backends) -> None:
    async with silent_path(backends) as path, asyncio.timeout(LONG):
        pool = await open_pool(path.backends.database_url, min_size=1, max_size=1, patience_s=PATIENT_S)
        connection = await pool.acquire(LONG)
        assert path.fall_silent() == 1
        asked, closing = asyncio.ensure_future(connection.fetch(PID)), asyncio.ensure_future(pool.close())
        with pytest.raises(NoAnswerError):
            await asked
        pool.release(connection)
        await closing
    assert pool.size == 0


async def test_a_feed_goes_on(
    runtime: Runtime, own_backends: Backends, org: UUID, log_lines: pytest.LogCaptureFixture
) -> None:
    async with (
        silent_path(own_backends) as path,
        runtime_of(path.backends, patience_s=PATIENCE_S) as hearing,
        asyncio.timeout(LONG),
    ):
        hearing.outages.logs = True
        feed, ear = Feeds(hearing).of(org), Ear()
        feed.listeners[ear] = None
        await feed.start()
        await emit(runtime, org)
        await ear.came.wait()
        ear.came.clear()

        async def rests() -> bool:
            return [each.pending_commit for each in hearing.pool._idle] == [False]

        await eventually(rests)
        assert path.fall_silent()
        await emit(runtime, org)
        await ear.came.wait()
        assert ear.heard == 2
        assert len(lines_with(log_lines, "NoAnswerError")) == 1
        feed.leave(ear)
