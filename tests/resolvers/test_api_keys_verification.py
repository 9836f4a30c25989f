"""Keys: what a look-up costs, who pays for it, and what becomes of it when the database does not answer."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from migrations.runner import upgrade
from models.typeid import new_uuid
from resolvers.api_keys import verification as keys
from resolvers.api_keys.verification import KeyVerifier, new_key
from resolvers.database.runtime import Runtime
from resolvers.errors import Refusal
from server import system
from server.database.databases import role_of
from server.dev.embedded import ephemeral_servers
from server.wiring import running
from tests.support.api import Org, make_org, serving, settings_of
from tests.support.away import lines_with, log_lines
from tests.support.memory import memory_folder
from tests.support.refusals import error, problem
from tests.support.servers import Backends

__all__ = ["log_lines"]


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The key ids that were looked up in the database."""
    found: list[Any] = []
    real = KeyVerifier._look_up

    async def noted(self: KeyVerifier, raw: str, key_id: Any, until: float) -> Any:
        found.append(key_id)
        return await real(self, raw, key_id, until)

    monkeypatch.setattr(KeyVerifier, "_look_up", noted)
    return found


async def test_keys_that_do_not_work_push_out_none_that_works(
    acme: Org, api_runtime: Runtime, looked_up: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "CACHED_KEYS", 3)
    made, good = KeyVerifier(api_runtime), [acme.key, await acme.new_key("*"), await acme.new_key("*")]
    for raw in good:
        assert await made.actor_of(raw) is not None
    for _ in range(10):
        assert await made.actor_of(new_key(new_uuid())) is None
    looked_up.clear()
    for raw in good:
        assert await made.actor_of(raw) is not None
    assert looked_up == []
    assert (len(made.cache), len(made.refused)) == (3, 3)
    # The oldest goes when one more works, not all of them.
    assert await made.actor_of(await acme.new_key("*")) is not None
    assert (len(made.cache), len(looked_up)) == (3, 1)


async def test_a_key_that_is_revoked_is_kept_as_one_that_does_not_work(
    acme: Org, api_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, raw = KeyVerifier(api_runtime), await acme.new_key("*")
    monkeypatch.setattr(keys, "CACHED_SECONDS", 0)
    assert await made.actor_of(raw) is not None
    await acme.rows("update api_keys set revoked_at = now() where last_four = $1", raw[-4:])
    assert await made.actor_of(raw) is None
    assert (len(made.cache), len(made.refused)) == (0, 1)


@pytest.mark.parametrize("works", [True, False])
async def test_many_who_ask_for_one_key_make_one_look_up(
    acme: Org, api_runtime: Runtime, looked_up: list[Any], works: bool
) -> None:
    made, raw = KeyVerifier(api_runtime), acme.key if works else new_key(new_uuid())
    asked: list[None] = []

    def may_look() -> bool:
        asked.append(None)
        return True

    actors = await asyncio.gather(*(made.actor_of(raw, may_look) for _ in range(50)))
    assert (len(looked_up), len(asked), made.looking) == (1, 1, {})
    assert {actor is not None for actor in actors} == {works}
    assert len({actor.key_id for actor in actors if actor is not None}) == works
    # Another key has a look-up of its own.
    both = await asyncio.gather(*(made.actor_of(each) for each in (raw, await acme.new_key("*"))))
    assert (len(looked_up), both[1] is not None) == (2, True)


async def test_who_stops_waiting_for_a_look_up_does_not_stop_it_for_others(
    acme: Org, api_runtime: Runtime, looked_up: list[Any]
) -> None:
    made = KeyVerifier(api_runtime)
    waiting = [asyncio.create_task(made.actor_of(acme.key)) for _ in range(3)]
    await asyncio.sleep(0)
    for gone in waiting[:2]:
        gone.cancel()
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert [isinstance(each, asyncio.CancelledError) for each in ended] == [True, True, False]
    assert (ended[2] is not None, len(looked_up)) == (True, 1)
    # Also when nobody is left: what was found is there for the next one.
    raw = await acme.new_key("*")
    alone = asyncio.create_task(made.actor_of(raw))
    await asyncio.sleep(0)
    alone.cancel()
    await asyncio.wait([alone])
    assert await made.actor_of(raw) is not None
    assert (len(looked_up), made.looking) == (2, {})


async def test_a_look_up_that_fails_fails_for_all_who_wait_and_is_made_anew(
    acme: Org, api_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = KeyVerifier(api_runtime)
    with monkeypatch.context() as patched:
        patched.setattr(keys, "LOOK_UP_S", 0.0)
        ended = await asyncio.gather(*(made.actor_of(acme.key) for _ in range(5)), return_exceptions=True)
    assert [each.code for each in ended if isinstance(each, Refusal)] == ["UNAVAILABLE"] * 5
    assert (made.looking, made.cache, made.refused) == ({}, {}, {})
    assert await made.actor_of(acme.key) is not None


async def test_after_too_many_failures_a_key_costs_a_look_up_now_and_then(
    backends: Backends, api_runtime: Runtime, looked_up: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.access.authentication.LOOK_UP_EVERY_S", 1_000.0)
    async with serving(settings_of(backends, auth_failures_per_minute=5)) as base:
        org = await make_org(api_runtime, base)
        assert (await org.http.get("/api/v1/clients")).status_code == 200
        fresh = await org.new_key("*")

        async def ask(raw: str) -> httpx.Response:
            return await org.http.get("/api/v1/clients", headers={"Authorization": f"Bearer {raw}"})

        looked_up.clear()
        for _ in range(5):
            problem(await ask(new_key(new_uuid())), 401, "UNAUTHENTICATED")
        assert len(looked_up) == 5
        for _ in range(20):
            refused = await ask(new_key(new_uuid()))
            problem(refused, 429, "RATE_LIMITED")
            assert refused.headers["retry-after"]
        assert len(looked_up) == 6
        # One that has worked here goes on, also when its verdict is old: it is looked up.
        monkeypatch.setattr(keys, "CACHED_SECONDS", 0.0)
        for _ in range(2):
            assert (await ask(org.key)).status_code == 200
        # One that is new here has its turn.
        assert (await ask(fresh)).status_code == 429
        monkeypatch.setattr("server.access.authentication.LOOK_UP_EVERY_S", 0.0)
        assert (await ask(fresh)).status_code == 200
        await org.http.aclose()


@pytest.fixture(scope="module")
def mortal() -> Iterator[Backends]:
    """Servers whose processes a test may stop and kill."""
    with ephemeral_servers(memory_folder()) as started:
        made = Backends(started.database_url, started.migration_database_url, started.redis_url)
        upgrade(made.migration_database_url, role_of(made.database_url))
        yield made


@pytest.mark.parametrize("ended_by", [signal.SIGCONT, signal.SIGKILL])
async def test_a_backend_that_does_not_answer_a_look_up_is_a_503(
    mortal: Backends, monkeypatch: pytest.MonkeyPatch, ended_by: signal.Signals
) -> None:
    monkeypatch.setattr(keys, "LOOK_UP_S", 0.3)
    monkeypatch.setattr(system, "READY_S", 0.3)
    mine = "select pid from pg_stat_activity where usename = current_user and pid <> pg_backend_pid()"
    async with (
        serving(settings_of(mortal, pool_min=1, pool_max=2)) as base,
        running(settings_of(mortal), max_size=1) as runtime,
    ):
        org = await make_org(runtime, base)
        # These servers answer a commit before it is written: what the crash must leave is, with one that waits.
        kept = "set local synchronous_commit = on; update api_keys set name = name; commit"
        async with runtime.connection() as connection:
            await connection.execute(f"begin; {runtime.tenant(org.id)}; {kept}")
            (row,) = await connection.fetch(mine)
        stopped = row["pid"]
        os.kill(stopped, signal.SIGSTOP)
        try:
            answer = await org.http.get("/api/v1/clients")
            problem(answer, 503, "UNAVAILABLE")
            assert answer.headers["retry-after"] == "1"
        finally:
            os.kill(stopped, ended_by)
        # Killed, it takes all others with it, and the server starts anew: never a 500 meanwhile.
        statuses: list[int] = []
        while not statuses or statuses[-1] != 200:
            answer = await org.graphql("{ clients { totalCount } }")
            if answer.status_code != 200:
                error(answer, 503, "UNAVAILABLE")
                assert answer.headers["retry-after"] == "1"
            statuses.append(answer.status_code)
            assert len(statuses) < 2_000
        await org.http.aclose()


async def test_a_backend_that_dies_in_a_look_up_is_asked_anew(mortal: Backends, looked_up: list[Any]) -> None:
    async with running(settings_of(mortal), min_size=1, max_size=1) as runtime:
        org = await make_org(runtime, "http://127.0.0.1:1")
        link = await runtime.pool.acquire(1)
        pid = await link.fetchval("select pg_backend_pid()")
        runtime.pool.release(link)
        async with runtime.connection(runtime.side) as connection:
            await connection.fetchval("select pg_terminate_backend($1, 5000)", pid)
        looked_up.clear()
        assert await KeyVerifier(runtime).actor_of(org.key) is not None
        assert len(looked_up) <= 2
        await org.http.aclose()


async def test_readiness_does_not_wait_for_a_database_that_does_not_answer(
    mortal: Backends, monkeypatch: pytest.MonkeyPatch, log_lines: pytest.LogCaptureFixture
) -> None:
    assert system.READY_S == 2.0
    monkeypatch.setattr(system, "READY_S", 0.2)
    mine = "select pid from pg_stat_activity where usename = current_user and pid <> pg_backend_pid()"
    async with (
        serving(settings_of(mortal, pool_min=1, pool_max=1)) as base,
        running(settings_of(mortal), max_size=1) as runtime,
        httpx.AsyncClient(base_url=base, timeout=4) as http,
    ):
        assert (await http.get("/api/ready")).status_code == 200
        async with runtime.connection() as connection:
            (row,) = await connection.fetch(mine)
        os.kill(row["pid"], signal.SIGSTOP)
        try:
            # Its connection is given up, which takes longer than the answer (and the client's time-out).
            answer = await http.get("/api/ready")
            assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})
            assert answer.headers["retry-after"] == "1"
            [logged] = lines_with(log_lines, "not ready")
            assert "no answer within 0.2 s" in logged
            assert "Error" not in logged
        finally:
            with suppress(ProcessLookupError):
                os.kill(row["pid"], signal.SIGCONT)
