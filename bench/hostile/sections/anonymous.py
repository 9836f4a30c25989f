"""What somebody without a key makes the process do: while its address may ask, and once it has spent its budget."""

from collections import Counter

import httpx
from graphql import get_introspection_query

from bench.hostile.figures import Figure
from bench.hostile.reading import slowness
from bench.hostile.target import Target
from models.names import article
from schema.graph import CORE

SECTION = "Without a key"
# Each document has an address of its own, whose bucket is full.
SETTINGS = {"INTROSPECTION": "true", "TRUSTED_PROXIES": "127.0.0.1/32"}

# Nearly as many tokens as a document may have with a key, and as it may have without.
LONG = "{ clients { nodes { id } } " + " ".join(f"x{index}" for index in range(1_900)) + " }"
SHORT = "{ clients { nodes { id } } " + " ".join(f"x{index}" for index in range(480)) + " }"
HEALTH = "{ " + " ".join(f"h{index}: health {{ ... {{ status }} ... {{ status }} }}" for index in range(19)) + " }"
# The standard introspection query reads the whole schema: its bound is for each type.
INTROSPECTION = (get_introspection_query(), 0.2 * len(CORE.type_map))
# The most that a document takes which is read, and that an address takes in a second for good, in milliseconds.
DOCUMENTS = {
    "long": (LONG, 5.0),
    "short": (SHORT, 15.0),
    "introspection": INTROSPECTION,
    "health": (HEALTH, 15.0),
}
MOST, TIMES, REFUSED_MS = 1_000, 200, 2.0


async def measure(server: Target) -> list[Figure]:
    """Each document until it is refused for the rate, and then some times more. Each differs from the one before."""
    found, slow = [], slowness()
    for number, (name, (document, most_ms)) in enumerate(DOCUMENTS.items(), start=1):
        async with server.client(headers={"X-Forwarded-For": f"198.51.100.{number}"}) as http:
            with server.watching() as reading:
                statuses = await _until_refused(http, document)
            with server.watching() as refused:
                after = await _ask(http, document, TIMES)
        times = statuses.total()
        found += [
            Figure(f"{article(name)} {name} document, times before the first 429", times, "", MOST),
            Figure(
                f"{article(name)} {name} document that is read ({dict(statuses)}), CPU each",
                reading.cpu_s * 1000 / times / slow,
                "ms",
                most_ms,
            ),
            Figure(f"the same after it, CPU each of {TIMES}", refused.cpu_s * 1000 / TIMES / slow, "ms", REFUSED_MS),
            Figure("of these refused for the rate", after[429], "", None, TIMES * 0.9),
        ]
    return found


async def _until_refused(http: httpx.AsyncClient, document: str) -> Counter[int]:
    statuses: Counter[int] = Counter()
    for number in range(MOST + 1):
        status = (await http.post("/graphql", json={"query": f"{document}#{number}"})).status_code
        if status == 429:
            break
        statuses[status] += 1
    return statuses


async def _ask(http: httpx.AsyncClient, document: str, times: int) -> Counter[int]:
    return Counter([(await http.post("/graphql", json={"query": document})).status_code for _ in range(times)])
