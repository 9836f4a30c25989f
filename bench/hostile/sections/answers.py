"""Large answers: what one takes of the process's memory, and how long others wait meanwhile."""

import asyncio
import time
from dataclasses import dataclass

import httpx
import psycopg

from bench.hostile.figures import Figure
from bench.hostile.target import MEBIBYTE, Organization, Target

SECTION = "Answers"

CLIENTS, ORDERS, MESSAGES, CHARACTERS = 8, 64, 62, 20_000
# The first is refused for its cost, the second for its size, the third is as large as an answer may be.
NESTED = "{ clients(first: 8) { nodes { orders(first: 8) { nodes { messages(first: %d) { nodes { body } } } } } } }"
QUERIES = {
    "of 105 bytes": NESTED % MESSAGES,
    "within its cost": NESTED % 24,
    "that is answered": "{ orders(first: 2) { nodes { messages(first: 50) { nodes { body also: id } } } } }",
}
# Every order has the same client in turn, and a thread of long messages, of four bytes a character.
MOVE = """update orders set client_id = (select (array_agg(id order by id))[1 + place %% %s] from clients)
  from (select id as at, row_number() over (order by id) as place from orders) as placed where placed.at = orders.id"""
WRITE = """insert into messages (org_id, id, version, updated_at, order_id, author_kind, author_name, body, visibility,
  attachments) select org_id, gen_random_uuid(), 1, now(), id, 'STAFF', 'x', repeat(chr(128512), %s), 'PUBLIC', '[]'
  from orders, generate_series(1, %s)"""


@dataclass(slots=True)
class _Seen:
    """What came of some requests at once: their greatest answer, and the longest that another one waited."""

    largest: int = 0
    waited_s: float = 0.0


async def measure(server: Target) -> list[Figure]:
    """Each query once, and three times at once."""
    organization = await server.organization(CLIENTS, ORDERS, ORDERS)
    _fill(server, organization)
    found = []
    async with server.client(organization.key) as http:
        await http.get("/api/v1/clients")
        for name, query in QUERIES.items():
            for times in (1, 3):
                with server.watching() as watched:
                    seen = await _ask(http, query, times)
                title = f"{times} × a query {name}"
                found += [
                    Figure(f"{title}, answer", seen.largest / MEBIBYTE, "MiB", 8),
                    Figure(f"{title}, memory", watched.rise_mib, "MiB", 64 * times),
                    Figure(f"{title}, others wait", seen.waited_s * 1000, "ms", 150 * times),
                ]
    return found


def _fill(server: Target, organization: Organization) -> None:
    with psycopg.connect(server.environment["MIGRATION_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("select set_config('app.org_id', %s, false)", [organization.org_id])
        connection.execute(MOVE, [CLIENTS])
        connection.execute(WRITE, [CHARACTERS, MESSAGES])
        connection.execute("vacuum analyze")


async def _ask(http: httpx.AsyncClient, query: str, times: int) -> _Seen:
    seen, ended = _Seen(), asyncio.Event()

    async def other() -> None:
        while not ended.is_set():
            started = time.perf_counter()
            await http.get("/api/health")
            seen.waited_s = max(seen.waited_s, time.perf_counter() - started)
            await asyncio.sleep(0.002)

    async def ask() -> None:
        # As it is, so that what is counted is what was made.
        plain = {"Accept-Encoding": "identity"}
        async with http.stream("POST", "/graphql", json={"query": query}, headers=plain) as response:
            size = 0
            # Not kept: this process is none of what is measured, and answers at once with the other's requests.
            async for part in response.aiter_raw():
                size += len(part)
        seen.largest = max(seen.largest, size)

    waiting = asyncio.create_task(other())
    await asyncio.sleep(0.1)
    await asyncio.gather(*(ask() for _ in range(times)))
    ended.set()
    await waiting
    return seen
