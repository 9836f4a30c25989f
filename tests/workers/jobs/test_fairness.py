"""Fairness, for real: receivers that hang stop nobody's deliveries, neither while they run nor while they wait."""

import json
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

from bench.chaos.receivers import HANGING, HOSTILE, listening
from models.typeid import new_uuid
from resolvers.database.runtime import Runtime
from resolvers.database.sql import Sql
from resolvers.jobs import due
from tests.support.jobs import (
    emit,
    eventually,
    listen_at,
    receiver,
    rows,
    sender,
    settled,
    working,
)
from tests.support.tarpit import came, tarpit
from workers.jobs import runner
from workers.jobs.backoff import JITTER
from workers.jobs.sweep import FIRST_PURGE_S

INSERT = """insert into jobs
  (org_id, id, function, subject_id, concurrency_key, queue, run_at, state, attempt, claim_no)
  select $1, gen_random_uuid(), 'WEBHOOK_DELIVERY', gen_random_uuid(), $2, 'webhooks',
    now() + make_interval(secs => $3), 'QUEUED', 0, 0 from generate_series(1, $4)"""
# Older jobs of another queue, of one key or of one each.
BACKLOG = """insert into jobs
  (org_id, id, function, subject_id, concurrency_key, queue, run_at, state, attempt, claim_no)
  select $1, gen_random_uuid(), 'REPORT', gen_random_uuid(), coalesce($2, gen_random_uuid()), 'reports',
    now() - interval '1 minute', 'QUEUED', 0, 0 from generate_series(1, $3)"""


def patient(runtime: Runtime) -> AbstractAsyncContextManager[None]:
    """A worker whose tries never time out, so that what hangs does for the whole test, however slow the machine is."""
    endless = sender(total_seconds=3_600, connect_seconds=600)
    return working(runtime, sender=endless, lease_seconds=600, heartbeat_seconds=60)


async def test_hostile_receivers_stop_no_others(runtime: Runtime, org: UUID) -> None:
    neighbour = uuid4()
    async with AsyncExitStack() as stack:
        hanging, release = await stack.enter_async_context(tarpit())
        own, foreign = [await stack.enter_async_context(receiver()) for _ in range(2)]
        for _ in range(HANGING):
            await listen_at(runtime, org, hanging.url)
        for serve in HOSTILE[HANGING:]:
            await listen_at(runtime, org, await stack.enter_async_context(listening(serve)))
        await listen_at(runtime, org, own.url)
        await listen_at(runtime, neighbour, foreign.url)
        await emit(runtime, org, 40)
        async with patient(runtime):
            # All that can hang does; only then the others' deliveries are made, each to its end.
            await came(hanging, HANGING * 2)
            await came(own, 40)
            await emit(runtime, org, 20)
            await emit(runtime, neighbour, 60)
            await came(own, 60)
            await settled(runtime, neighbour, number=60)
            assert len(foreign.requests) == 60
            # Nothing that hangs has ended meanwhile, and no more of it was begun.
            assert (len(hanging.requests), hanging.left) == (HANGING * 2, 0)
            release.set()


async def test_a_backlog_of_one_lane_leaves_the_sweep_room_for_others(runtime: Runtime, org: UUID) -> None:
    """More is due than one look brings, all of it older than the neighbour's."""
    neighbour = uuid4()
    async with tarpit() as (hanging, release), receiver() as there:
        key, _ = await listen_at(runtime, org, hanging.url)
        await emit(runtime, org, 2)
        await rows(runtime, org, INSERT, org, key, -60.0, runner.WINDOW * 3)
        await listen_at(runtime, neighbour, there.url)
        await emit(runtime, neighbour, 50)
        async with patient(runtime):
            await settled(runtime, neighbour, number=50)
            assert len(there.requests) == 50
            assert len(hanging.requests) <= 2
            release.set()


async def test_three_hundred_endpoints_at_a_tarpit(runtime: Runtime) -> None:
    """Many organizations hang at once; the neighbour's one change is delivered before any of theirs ends."""
    neighbour, slow = uuid4(), [uuid4() for _ in range(15)]
    async with tarpit() as (hanging, release), receiver() as there:
        for org in slow:
            for _ in range(20):
                await listen_at(runtime, org, hanging.url)
            await emit(runtime, org)
        await listen_at(runtime, neighbour, there.url)
        async with patient(runtime):
            await came(hanging, 15 * 10)
            await emit(runtime, neighbour)
            await settled(runtime, neighbour)
            assert (len(there.requests), hanging.left) == (1, 0)
            release.set()


async def test_each_lane_is_found_however_much_another_has(runtime: Runtime) -> None:
    orgs, big = [uuid4() for _ in range(5)], new_uuid()
    await rows(runtime, orgs[0], INSERT, orgs[0], big, -3_600.0, 3_000)
    keys = {(org, new_uuid()) for org in orgs for _ in range(4)}
    for org, key in keys:
        await rows(runtime, org, INSERT, org, key, -1.0, 3)
    later = new_uuid()
    await rows(runtime, orgs[0], INSERT, orgs[0], later, 3_600.0, 3)
    oldest, more = await due.due(runtime, ["webhooks", "agents"], 100)
    assert (len(oldest), more, {job.concurrency_key for job in oldest}) == (100, {"webhooks"}, {big})
    found, after, looks = [], due.START, 0
    while looks == 0 or after != due.START:
        part, after = await due.due_by_key(runtime, "webhooks", after, 4, 2)
        found += part
        looks += 1
    of_key = {key: sum((job.org_id, job.concurrency_key) == key for job in found) for key in keys | {(orgs[0], big)}}
    assert set(of_key.values()) == {2}
    assert len(found) == 2 * len(of_key)
    assert looks == (len(keys) + 2) // 4 + 1
    few = await due.due_of_keys(runtime, "webhooks", [(orgs[0], big), (orgs[0], later), *sorted(keys)[:2]], 5)
    assert sorted(sum(job.concurrency_key == key for job in few) for key in {job.concurrency_key for job in few}) == [
        3,
        3,
        5,
    ]


async def test_looking_at_every_lane_reads_little_of_a_large_backlog(runtime: Runtime, org: UUID) -> None:
    """Pages read are counted: they grow with the keys that are visited, not with what is due in one."""
    keys = [new_uuid() for _ in range(10)]
    for key in keys:
        await rows(runtime, org, INSERT, org, key, -1.0, 10)
    small = await _pages(runtime)
    await rows(runtime, org, INSERT, org, keys[0], -1.0, 20_000)
    assert await _pages(runtime) <= small + 40


async def test_a_backlog_of_another_queue_is_not_read(runtime: Runtime, org: UUID) -> None:
    """A worker of few queues looks for its own jobs, whether the others are of one key or of one each."""
    big = new_uuid()
    await rows(runtime, org, INSERT, org, new_uuid(), -1.0, 10)
    looks: tuple[tuple[Sql, dict[str, Any]], ...] = (
        (due._due(), {"queues": ["webhooks", "agents"], "limit": 500}),
        (due._due_by_key(), {"queue": "webhooks", "org": due.START[0], "key": due.START[1], "keys": 100, "limit": 8}),
        (due._due_of_keys(), {"queue": "webhooks", "org_ids": [org], "concurrency_keys": [big], "limit": 8}),
    )
    few = [await _read(runtime, *look) for look in looks]
    for key in (big, None):
        await rows(runtime, org, BACKLOG, org, key, 10_000)
    for look, before in zip(looks, few, strict=True):
        assert await _read(runtime, *look) <= before + 5


async def _pages(runtime: Runtime) -> int:
    values = {"queue": "webhooks", "org": due.START[0], "key": due.START[1], "keys": 100, "limit": 8}
    return await _read(runtime, due._due_by_key(), values)


async def _read(runtime: Runtime, sql: Sql, values: dict[str, Any]) -> int:
    """How many pages a look reads."""
    async with runtime.connection() as connection:
        [row] = await connection.fetch(f"explain (analyze, buffers, format json) {sql.text}", *sql.arguments(values))
    plan = json.loads(row[0])[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


async def test_a_long_lane_is_worked_off_without_waiting_for_the_sweep(runtime: Runtime, org: UUID) -> None:
    async with receiver() as there:
        await listen_at(runtime, org, there.url)
        await emit(runtime, org, 150)
        # One sweep at the start, and the next one an hour later.
        async with working(runtime, sweep_seconds=3_600):
            await settled(runtime, org, number=150)
        assert len(there.requests) == 150


async def test_retention_comes_first_within_a_minute(runtime: Runtime, org: UUID) -> None:
    assert FIRST_PURGE_S * (1 + JITTER) < 60
    await rows(runtime, org, "insert into directory (resource, key, org_id) values ('slug', 'acme', $1)", org)
    insert = "insert into idempotency_records values ($1, $2, 'k', 0, 'f', '{}', now() - interval '25 hours')"
    await rows(runtime, org, insert, org, new_uuid())
    async with working(runtime, first_purge_seconds=0.01):

        async def gone() -> bool:
            return await rows(runtime, org, "select 1 from idempotency_records where org_id = $1", org) == []

        await eventually(gone)
