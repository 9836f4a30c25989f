"""Filters of ever new shapes, in variables: CPU of the process, a neighbour's wait, memory of PostgreSQL's backends."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import httpx
import psutil
import psycopg

from bench.hostile.figures import Figure
from bench.hostile.reading import slowness
from bench.hostile.target import MEBIBYTE, Organization, Target
from tests.support.filter_shapes import asking, order_filter

SECTION = "Filter shapes"
SETTINGS = {"RATE_BUCKET": "100000000"}
DOCUMENTS, PAUSE_S, TIMES = 200, 0.02, 200
# A slower machine is given more, in proportion.
MAX_MS, MAX_WAIT_MS, MAX_MIB = 10.0, 2_000.0, 64.0
AT_ONCE, KEPT = 10, (1_000, 3_000)
NEIGHBOUR = "/api/v1/clients?limit=5"
BACKENDS = "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
USUAL = {"status": {"in": ["PENDING", "SUBMITTED"]}, "client": {"name": {"startsWith": "a"}}, "total": {"gte": 5}}


async def measure(server: Target) -> list[Figure]:
    """Fresh documents of one client at once, beside a neighbour; then thousands more; and a usual filter meanwhile."""
    noisy, neighbour = await server.organization(), await server.organization()
    scale = slowness()
    numbers = count(1)
    found = [Figure("a usual filter, repeated, CPU with PostgreSQL's", await _usual(server, neighbour), "ms")]
    async with server.client(noisy.key, limits=httpx.Limits(max_connections=DOCUMENTS)) as http:
        # The tables' pieces, and whatever else is made once.
        await _ask(http, 1, numbers)
        async with _waits(server, neighbour) as waits:
            with server.watching() as watched:
                codes = Counter(await asyncio.gather(*[_ask(http, 1, numbers) for _ in range(DOCUMENTS)]))
        found += [
            Figure(f"{DOCUMENTS} documents of 22 conditions, CPU of each", watched.cpu_s / DOCUMENTS * 1_000, "ms",
                   MAX_MS * scale),
            *[Figure(f"{DOCUMENTS} documents, {code}", times) for code, times in sorted(codes.items())],
            Figure("a neighbour's longest wait beside them", max(waits) * 1_000, "ms", MAX_WAIT_MS * scale),
        ]  # fmt: skip
        asked = 0
        with server.watching() as watched:
            for most in KEPT:
                for _ in range(asked, most, AT_ONCE):
                    await _ask(http, AT_ONCE, numbers)
                asked = most
                found.append(Figure(f"after {most:,} shapes, the largest backend", _largest(server), "MiB", MAX_MIB))
        found.append(Figure(f"{asked:,} shapes, memory of the process", watched.rise_mib, "MiB", MAX_MIB))
    found.append(Figure("the usual filter, after them, CPU with PostgreSQL's", await _usual(server, neighbour), "ms"))
    return found


async def _ask(http: httpx.AsyncClient, filters: int, numbers: "count[int]") -> str:
    """How a document of new shapes ends: answered, or the code of an error."""
    variables = {f"f{index}": order_filter(next(numbers)) for index in range(filters)}
    response = (await http.post("/graphql", json={"query": asking(filters), "variables": variables})).json()
    errors: list[dict[str, Any]] = response.get("errors") or [{"extensions": {"code": "answered"}}]
    return str(errors[0]["extensions"]["code"])


async def _usual(server: Target, org: Organization) -> float:
    """Milliseconds of CPU, of the process and of the backends, for a filter that is asked for again and again."""
    async with server.client(org.key) as http:
        before = sum(each.cpu_times().user + each.cpu_times().system for each in _backends(server))
        with server.watching() as watched:
            for _ in range(TIMES):
                response = await http.post("/graphql", json={"query": asking(1), "variables": {"f0": USUAL}})
                assert "errors" not in response.json(), response.text
        after = sum(each.cpu_times().user + each.cpu_times().system for each in _backends(server))
    return (watched.cpu_s + after - before) / TIMES * 1_000


@asynccontextmanager
async def _waits(server: Target, org: Organization) -> AsyncIterator[list[float]]:
    """How long each of a neighbour's small requests takes during the block; the last one is waited for."""
    waited: list[float] = []
    ended = asyncio.Event()

    async def ask() -> None:
        async with server.client(org.key) as http:
            while not ended.is_set():
                started = time.perf_counter()
                await http.get(NEIGHBOUR)
                waited.append(time.perf_counter() - started)
                await asyncio.sleep(PAUSE_S)

    task = asyncio.create_task(ask())
    try:
        yield waited
    finally:
        ended.set()
        await task


def _backends(server: Target) -> list[psutil.Process]:
    with psycopg.connect(server.environment["MIGRATION_DATABASE_URL"]) as owner:
        return [psutil.Process(pid) for (pid,) in owner.execute(BACKENDS).fetchall()]


def _largest(server: Target) -> float:
    """MiB that are its own of the backend that has most of them."""
    return max(each.memory_full_info().uss for each in _backends(server)) / MEBIBYTE
