"""What documents cost their organization, beside what they take of the processor: nothing that takes long is cheap."""

from collections.abc import Iterator, Mapping
from itertools import count
from time import monotonic
from typing import Any

import httpx
import psycopg

from bench.hostile.figures import Figure
from bench.hostile.reading import slowness
from bench.hostile.target import Organization, Target
from models.typeid import decode
from tests.support.hostile_documents import HOSTILE, INCLUDED, ORDER, many

SECTION = "Charges"
# Nothing is given back while it is measured.
SETTINGS = {"RATE_BUCKET": "1000000000", "RATE_REFILL": "1"}
# With the default settings an organization is given 10,000 a second: 10 are worth a millisecond.
UNITS = 10
# What a caller may take for each unit, and what any request takes, which is no document's fault.
MOST, REQUEST_MS = 3.0, 1.0
# The clock of a process ticks every 10 ms: a document is sent so often that a tick is little.
TIMES, MAX_S = 40, 1.5
WORST = 8

_CLIENT = "id name email company status notes tags metadata createdAt updatedAt version"
_CARD = f"{ORDER} client {{ {_CLIENT} }} service {{ id name }}"
_DEEP = f"orders(first: 1) {{ nodes {{ {ORDER} }} }}"


def _root(inner: str) -> str:
    return "{ " + inner + " }"


def _client(inner: str) -> str:
    return _root("clients(first: 1) { nodes { " + inner + " } }")


WIDE: dict[str, str] = {
    "health 19 times in 60 inline fragments": _root(many("a#: health { " + "... { status } " * 3 + "}", 19)),
    "100 aliases of a scalar": _client(many("a#: name", 100)),
    "16 lists of orders": _root(many(f"a#: orders(first: 1) {{ nodes {{ {_CARD} }} }}", 16)),
    "80 lists below clients": _client(many("a#: orders(first: 1) { nodes { id number status } }", 80)),
    "300 fields again and again": _client(f"... {{ {_CLIENT} }} " * 27),
    "600 fields by a fragment": _root(many("a#: clients(first: 1) { nodes { ...c } }", 19))
    + f" fragment c on Client {{ {_CLIENT} {_DEEP} }}",
    "1,900 numbers": _root("nodes(ids: [" + "1 " * 1_900 + "]) { id }"),
    "100 fragments that nobody needs": _root("health { status }") + many("fragment f# on Client { id name }", 100),
    "overlapping lists": _root("clients(first: 1) { nodes { id orders(first: 1) { nodes { id status } } } } " * 40),
    "overlapping objects": _client("... on Client { id name orders(first: 1) { nodes { id } } } " * 60),
}


def _choices(field: str) -> str:
    declared = ", ".join(f"${name}: Boolean!" for name in INCLUDED[:8])
    return f"query({declared}) {_root(' '.join(field.replace('#', name) for name in INCLUDED[:8]))}"


CHOICES = _choices(f"#: clients(first: 1) @include(if: $#) {{ nodes {{ {_CLIENT} {_DEEP} }} }}")
FREE_CHOICES = _choices("#: health @include(if: $#) { " + "... { status } " * 20 + "}")
PAGES = (
    "query($n: Int) { clients(first: 1) { nodes { id " + many("a#: orders(first: $n) { nodes { id } }", 80) + " } } }"
)


# Texts as long as messages are, of words, which compress to a half as people's do.
LENGTH, WORDS = 20_000, 3_200
WRITE = """insert into messages (org_id, id, version, updated_at, order_id, author_kind, author_name, body, visibility,
  attachments) select org_id, gen_random_uuid(), 1, now(), id, 'STAFF', 'x', left((select string_agg(
  substr(md5((word + random() * 2000)::int::text || place), 1, 3 + (random() * 6)::int), ' ')
  from generate_series(1, %s) as word), %s), 'PUBLIC', '[]'
  from (select org_id, id from orders where id = %s) as one, generate_series(1, 100) as place"""
LONG = {
    "100 long texts": "messages(orderId: $order, first: 100) { nodes { body } }",
    "80 long texts twice": "messages(orderId: $order, first: 80) { nodes { a: body b: body } }",
    "20 long texts six times": "messages(orderId: $order, first: 20) { nodes { " + many("a#: body", 6) + " } }",
    "more long texts than an answer may have": "messages(orderId: $order) { nodes { " + many("a#: body", 30) + " } }",
}


def _asked(order: str) -> Iterator[tuple[str, Iterator[tuple[str, Mapping[str, Any]]]]]:
    """Documents that differ in a comment, and documents that are asked with other variables each time."""
    for name, (text, variables) in {**HOSTILE, **{name: (text, {}) for name, text in WIDE.items()}}.items():
        yield name, ((f"{text}#{number}", variables) for number in count())
    for name, text in (("lists that variables include", CHOICES), ("health that variables include", FREE_CHOICES)):
        choices = ({gate: bool(number >> place & 1) for place, gate in enumerate(INCLUDED[:8])} for number in count())
        yield name, ((text, choice) for choice in choices)
    for name, text in LONG.items():
        yield name, ((f"query($order: ID!) {_root(text)}", {"order": order}) for _ in count())
    yield "pages of a size that varies", ((PAGES, {"n": number % 50 + 1}) for number in count())


async def measure(server: Target) -> list[Figure]:
    """The dearest for what they cost, in milliseconds of the processor for ten units, above what any request takes."""
    org = await server.organization()
    _fill(server, org)
    slow = slowness()
    found: list[tuple[float, str, float, float]] = []
    async with server.client(org.key) as http:
        for name, asked in _asked(org.sample["order"]):
            taken, charged = await _spent(server, http, asked)
            above = max(0.0, taken / slow - REQUEST_MS)
            found.append((above * UNITS / max(charged, 1), name, taken, charged))
    found.sort(reverse=True)
    figures = []
    for ratio, name, taken, charged in found[:WORST]:
        figures.append(Figure(f"{name}: {taken:.1f} ms for {charged:.0f}", ratio, "ms for 10", MOST))
    return figures


def _fill(server: Target, organization: Organization) -> None:
    with psycopg.connect(server.environment["MIGRATION_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("select set_config('app.org_id', %s, false)", [organization.org_id])
        connection.execute(WRITE, [WORDS, LENGTH, decode("order", organization.sample["order"])])
        connection.execute("vacuum analyze messages")


async def _spent(
    server: Target, http: httpx.AsyncClient, asked: Iterator[tuple[str, Mapping[str, Any]]]
) -> tuple[float, float]:
    """Milliseconds of the processor, and what was charged, for one."""
    before, start, times = await _left(http), monotonic(), 0
    with server.watching() as watched:
        while times < TIMES and monotonic() - start < MAX_S:
            text, variables = next(asked)
            await http.post("/graphql", json={"query": text, "variables": variables})
            times += 1
    return watched.cpu_s / times * 1_000, (before - await _left(http)) / times


async def _left(http: httpx.AsyncClient) -> int:
    """What the organization may still spend."""
    response = await http.post("/graphql", json={"query": "{ health { status } }"})
    left: int = response.json()["extensions"]["cost"]["remaining"]
    return left
