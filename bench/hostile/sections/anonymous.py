"""What somebody without a key makes the process do."""

from collections import Counter

import httpx
from graphql import get_introspection_query

from bench.hostile.figures import Figure
from bench.hostile.target import Target

SECTION = "Without a key"
SETTINGS = {"INTROSPECTION": "true"}

# Nearly as many tokens as a document may have with a key, and as it may have without.
LONG = "{ clients { nodes { id } } " + " ".join(f"x{index}" for index in range(1_900)) + " }"
SHORT = "{ clients { nodes { id } } " + " ".join(f"x{index}" for index in range(480)) + " }"
TIMES = 200


async def measure(server: Target) -> list[Figure]:
    """Each document so many times."""
    found = []
    async with server.client() as http:
        await http.post("/graphql", json={"query": "{ health { status } }"})
        for name, document in (("long", LONG), ("short", SHORT), ("introspection", get_introspection_query())):
            with server.watching() as watched:
                statuses = await _ask(http, document)
            found += [
                Figure(f"{TIMES} × a {name} document, CPU each", watched.cpu_s * 1000 / TIMES, "ms", 5),
                Figure(f"{TIMES} × a {name} document, refused for the rate", statuses[429], "", None, TIMES // 4),
            ]
    return found


async def _ask(http: httpx.AsyncClient, document: str) -> Counter[int]:
    return Counter([(await http.post("/graphql", json={"query": document})).status_code for _ in range(TIMES)])
