"""One organization's searches and new documents, and what another one has of the process and its pool meanwhile."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import httpx

from bench.hostile.figures import Figure
from bench.hostile.sections.charges import WIDE
from bench.hostile.target import Organization, Target

SECTION = "Shares"
# What a deployment has: a measured server has no limits otherwise.
SETTINGS = {"RATE_BUCKET": "100000", "RATE_REFILL": "10000"}

CALLERS, SECONDS, PAUSE_S = 14, 10.0, 0.02
ONE = {"orders": {"some": {"total": {"gt": 1}, "service": {"price": {"gt": 1}}, "messages": {"some": {}}}}}
RELATIONS = {"and": [ONE] * 4}
# What a caller sends, by how many requests were sent before it.
Body = Callable[[int], dict[str, Any]]


def _counts(times: int) -> Body:
    listed = " ".join(f"a{index}: clients(first: 1, filter: $f) {{ totalCount }}" for index in range(times))
    body = {"query": f"query($f: ClientFilter) {{ {listed} }}", "variables": {"f": RELATIONS}}
    return lambda number: body


def _new(number: int) -> dict[str, Any]:
    return {"query": f"{WIDE['80 lists below clients']}#{number}"}


NOISES: dict[str, Body | None] = {
    "nobody": None, "20 counts": _counts(20), "5 counts": _counts(5), "documents that were never met": _new
}  # fmt: skip


async def measure(server: Target) -> list[Figure]:
    """A neighbour alone, beside counts over twelve relations, and beside documents that take long to compile."""
    noisy = await server.organization(2_000, 6_000, 6_000)
    neighbour = await server.organization()
    found: list[Figure] = []
    alone: dict[str, float] = {}
    async with server.client(noisy.key) as http:
        for name, body in NOISES.items():
            ended = asyncio.Event()
            codes: Counter[str] = Counter()
            numbers = count()
            callers = [
                asyncio.create_task(_call(http, body, numbers, ended, codes))
                for _ in range(CALLERS)
                if body is not None
            ]
            waited, statuses = await _neighbour(server, neighbour)
            ended.set()
            await asyncio.gather(*callers)
            beside = f"beside {name}"
            at = {"p50": waited[len(waited) // 2] * 1000, "p99": waited[int(len(waited) * 0.99)] * 1000}
            if body is None:
                alone = at
                found += [Figure(f"{beside}, a neighbour's {part}", value, "ms") for part, value in at.items()]
            else:
                # How far a neighbour is held up depends on the machine: that it is answered does not.
                found += [
                    Figure(f"{beside}, a neighbour's {part} ({value:.0f} ms)", value / alone[part], "× alone")
                    for part, value in at.items()
                ]
            found.append(Figure(f"{beside}, a neighbour's refusals", sum(statuses.values()) - statuses[200], "", 0))
            found += [Figure(f"{beside}, {code}", count) for code, count in sorted(codes.items())]
    return found


async def _call(
    http: httpx.AsyncClient, body: Body, numbers: Iterator[int], ended: asyncio.Event, codes: Counter[str]
) -> None:
    while not ended.is_set():
        response = (await http.post("/graphql", json=body(next(numbers)))).json()
        errors: list[dict[str, Any]] = response.get("errors") or [{"extensions": {"code": "answered"}}]
        codes[errors[0]["extensions"]["code"]] += 1
        # A client that is asked to wait does, a little.
        await asyncio.sleep(PAUSE_S)


async def _neighbour(server: Target, organization: Organization) -> tuple[list[float], Counter[int]]:
    """How long a small list takes, in order, and its statuses."""
    waited: list[float] = []
    statuses: Counter[int] = Counter()
    until = time.perf_counter() + SECONDS
    async with server.client(organization.key) as http:
        while time.perf_counter() < until:
            started = time.perf_counter()
            statuses[(await http.get("/api/v1/clients?limit=5")).status_code] += 1
            waited.append(time.perf_counter() - started)
            await asyncio.sleep(PAUSE_S)
    return sorted(waited), statuses
