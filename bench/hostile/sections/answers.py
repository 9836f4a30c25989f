"""Large answers: what one takes of the process's memory, and how long others wait meanwhile."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg

from bench.hostile.figures import Figure
from bench.hostile.reading import slowness
from bench.hostile.target import MEBIBYTE, Organization, Target

SECTION = "Answers"

CLIENTS, ORDERS, MESSAGES, CHARACTERS = 8, 64, 62, 20_000
# The first is refused for its cost, the second for its size, the last is as large as an answer may be.
NESTED = "{ clients(first: 8) { nodes { orders(first: 8) { nodes { messages(first: %d) { nodes { body } } } } } } }"
QUERIES = {
    "of 105 bytes": NESTED % MESSAGES,
    "within its cost": NESTED % 24,
    "of JSON of 6,400 empty lists": "{ orders(first: 64) { nodes { formData } } }",
    "that is answered": "{ orders(first: 2) { nodes { messages(first: 50) { nodes { body also: id } } } } }",
}
# An object with a long list, shown a hundred times, each part of it under 29 names.
NAMES = " ".join(f"a{number}: %s" for number in range(29))
SHOWN = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on %s { %s { %s } } } }"
FORM = "mutation($input: CreateFormInput!) { createForm(input: $input) { form { id } } }"
INVOICE = "mutation($input: CreateInvoiceInput!) { createInvoice(input: $input) { invoice { id } } }"
FIELDS = [{"key": f"k{number}", "label": "x", "type": "SELECT", "options": ["a", "b"]} for number in range(50)]
LINES = [{"description": "x", "quantity": 1, "unitPrice": 1}] * 1_000
NEST = """update orders set form_data = (select jsonb_object_agg(a, (select jsonb_agg(jsonb_build_array())
  from generate_series(1, 64))) from generate_series(1, 100) as a)"""
# One piece of work takes 50 ms at most, and another request has its own part of some turns.
MAX_WAIT_MS = 75.0
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
    found, scale = [], slowness()
    async with server.client(organization.key) as http:
        await http.get("/api/v1/clients")
        asked = {name: {"query": query} for name, query in QUERIES.items()} | await _lists(http, organization)
        for name, body in asked.items():
            for times in (1, 3):
                with server.watching() as watched:
                    seen = await _ask(http, body, times)
                title = f"{times} × a query {name}"
                found += [
                    Figure(f"{title}, answer", seen.largest / MEBIBYTE, "MiB", 8),
                    Figure(f"{title}, memory", watched.rise_mib, "MiB", 64 * times),
                    Figure(f"{title}, others wait", seen.waited_s * 1000, "ms", MAX_WAIT_MS * times * scale),
                ]
    return found


async def _lists(http: httpx.AsyncClient, organization: Organization) -> dict[str, dict[str, Any]]:
    """Return what asks for long lists."""

    async def made(text: str, **given: Any) -> str:
        answer = await http.post("/graphql", json={"query": text, "variables": {"input": given}})
        return str(next(iter(next(iter(answer.json()["data"].values())).values()))["id"])

    def body(key: str, type_: str, name: str, member: str) -> dict[str, Any]:
        return {"query": SHOWN % (type_, name, NAMES % ((member,) * 29)), "variables": {"ids": [key] * 100}}

    form = await made(FORM, name="x", fields=FIELDS)
    invoice = await made(INVOICE, clientId=organization.sample["client"], currency="EUR", lines=LINES)
    return {
        "of 100 forms of 50 fields": body(form, "Form", "fields", "options"),
        "of 100 invoices of 1,000 lines": body(invoice, "Invoice", "lines", "quantity"),
    }


def _fill(server: Target, organization: Organization) -> None:
    with psycopg.connect(server.environment["MIGRATION_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("select set_config('app.org_id', %s, false)", [organization.org_id])
        connection.execute(MOVE, [CLIENTS])
        connection.execute(WRITE, [CHARACTERS, MESSAGES])
        connection.execute(NEST)
        connection.execute("vacuum analyze")


async def _ask(http: httpx.AsyncClient, body: dict[str, Any], times: int) -> _Seen:
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
        async with http.stream("POST", "/graphql", json=body, headers=plain) as response:
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
