"""Webhooks that one worker delivers, one at a time and in batches: `python -m bench.deliveries`."""

import argparse
import asyncio
import resource
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import uvloop

from bench.server import database, settings_of, settle
from models.typeid import new_uuid
from resolvers import clients, organizations
from resolvers.database.connection import PooledConnection
from resolvers.database.runtime import Runtime
from resolvers.webhooks import mutations as webhooks
from server.wiring import running
from workers import main as worker
from workers.jobs import batches
from workers.jobs.batches import MOST
from workers.webhooks.addresses import Addresses
from workers.webhooks.http import Sender

ENDPOINTS = 16
DONE = "select count(*) from deliveries where org_id = $1 and status = 'SUCCEEDED'"
LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Delivered:
    """What so many deliveries took: seconds, the worker's own CPU seconds, statements, round trips."""

    number: int
    seconds: float
    cpu: float
    statements: int
    round_trips: int

    def line(self, name: str) -> str:
        """A line of the table."""
        each = 1000 * self.cpu / self.number, self.statements / self.number, self.round_trips / self.number
        return f"| {name} | {self.number / self.seconds:.0f} | {each[0]:.2f} | {each[1]:.1f} | {each[2]:.1f} |"


@asynccontextmanager
async def _receiver() -> AsyncIterator[int]:
    """The port of a receiver in a process of its own."""
    command = (sys.executable, "-m", "bench.receiver")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


async def _fill(runtime: Runtime, port: int, number: int) -> UUID:
    """An organization with so many deliveries that are due, of as many endpoints as it may nearly have."""
    ctx = organizations.command_line(runtime, new_uuid())
    async with ctx.transaction():
        await organizations.create(ctx, "Bench", f"bench-{ctx.org_id}")
        for index in range(ENDPOINTS):
            url = f"http://127.0.0.1:{port}/{index}"
            await webhooks.create(ctx, {"url": url, "events": ["*"]})
    for index in range(number // ENDPOINTS):
        async with ctx.transaction():
            await clients.create(ctx, {"name": f"Client {index}", "email": f"client-{index}@example.com"})
    return ctx.org_id


class _Counted:
    """How many statements are run and how many messages are waited for, by every connection of this process."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        for owner, name in ((PooledConnection, "rows"), (asyncpg.Connection, "execute"), (asyncpg.Connection, "fetch")):
            setattr(owner, name, self._counting(getattr(owner, name), name))

    def _counting(self, call: Any, name: str) -> Any:
        async def counted(*given: Any, **options: Any) -> Any:
            self.calls[name] += 1
            return await call(*given, **options)

        return counted

    def take(self) -> tuple[int, int]:
        """Statements and round trips since the last look."""
        calls, self.calls = self.calls, Counter()
        return calls["rows"] + calls["fetch"], sum(calls.values())


async def _deliver(runtime: Runtime, redis_url: str, org_id: UUID, number: int, **options: Any) -> Delivered:
    counted, stop = options.pop("counted"), asyncio.Event()
    counted.take()
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    task = asyncio.create_task(worker.run(runtime, redis_url, stop=stop, sweep_seconds=1, **options))
    while True:
        await asyncio.sleep(LOOK_S)
        async with runtime.bound(org_id) as connection:
            if await connection.fetchval(DONE, org_id) >= number:
                break
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    statements, round_trips = counted.take()
    stop.set()
    await task
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Delivered(number, seconds, cpu, statements, round_trips)


async def _measure(environment: dict[str, str], number: int, slots: int, rounds: int) -> list[str]:
    lines: list[str] = []
    given = environment | {"WEBHOOK_ALLOW_PRIVATE": "true"}
    async with running(settings_of(given)) as runtime, _receiver() as port:
        counted = _Counted()
        for name in ("one at a time", "in batches") * rounds:
            org_id = await _fill(runtime, port, number)
            await asyncio.to_thread(settle, environment)
            options: dict[str, Any] = {"slots": slots}
            batches.MOST = MOST
            if name == "one at a time":
                batches.MOST = 1
                options |= {"sender": Sender(Addresses(True), True)}
            found = await _deliver(runtime, environment["REDIS_URL"], org_id, number, counted=counted, **options)
            lines.append(found.line(name))
    return lines


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.deliveries", description=__doc__)
    parser.add_argument("--number", type=int, default=3_200, help="deliveries of each round (default 3200)")
    parser.add_argument("--slots", type=int, default=16, help="slots of the worker (default 16)")
    parser.add_argument("--rounds", type=int, default=2, help="rounds of each way (default 2)")
    arguments = parser.parse_args()
    number = arguments.number // ENDPOINTS * ENDPOINTS
    with database() as environment:
        lines = uvloop.run(_measure(environment, number, arguments.slots, arguments.rounds))
    print("| deliveries | each second | CPU of the worker, ms | statements | round trips |\n|---|--:|--:|--:|--:|")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
