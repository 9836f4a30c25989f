"""What a document costs before it is answered: the guard's corpus, each as a document that was never met."""

from collections.abc import Mapping
from time import monotonic
from typing import Any

from bench.hostile.figures import Figure
from bench.hostile.reading import slowness
from bench.hostile.target import Organization, Target
from tests.support.hostile_documents import EXPANDED, HOSTILE, INCLUDED, included, unfolded

SECTION = "Documents"
SETTINGS = {"RATE_BUCKET": "100000000"}
MAX_MS = 50.0
# The clock of a process ticks every 10 ms: a document is sent so often that a tick is little.
TIMES, MAX_S = 10, 2.0
WORST = 5
DOCUMENTS = 600


async def measure(server: Target) -> list[Figure]:
    """The worst of the corpus, and all of it together, in the processor's time for one document."""
    org = await server.organization()
    # First, while nothing is kept yet.
    kept = await _kept(server, org)
    spent = {name: await _spent(server, org, text, variables) for name, (text, variables) in HOSTILE.items()}
    worst = sorted(spent, key=lambda name: spent[name], reverse=True)
    named = [name for name in EXPANDED if name not in worst[:WORST]]
    most = MAX_MS * slowness()
    found = [Figure(name, spent[name], "ms", most) for name in [*worst[:WORST], *named]]
    found.append(Figure(f"one of the corpus's {len(spent)} on the average", sum(spent.values()) / len(spent), "ms"))
    return [*found, await _variants(server, org, most), *kept]


async def _spent(server: Target, org: Organization, text: str, variables: Mapping[str, Any]) -> float:
    """Milliseconds of the processor for one document, of some that differ in a comment."""
    times, start = 0, monotonic()
    async with server.client(org.key) as http:
        with server.watching() as watched:
            while times < TIMES and monotonic() - start < MAX_S:
                await http.post("/graphql", json={"query": f"{text}#{times}", "variables": variables})
                times += 1
    return watched.cpu_s / times * 1_000


async def _variants(server: Target, org: Organization, most: float) -> Figure:
    """Each choice of a document's conditions in turn, so that none is known when it is asked for again."""
    text = included(8)
    async with server.client(org.key) as http:
        with server.watching() as watched:
            for number in range(2**8):
                chosen = {name: bool(number >> index & 1) for index, name in enumerate(INCLUDED[:8])}
                await http.post("/graphql", json={"query": text, "variables": chosen})
    return Figure("one of 256 choices of a document's conditions", watched.cpu_s / 2**8 * 1_000, "ms", most)


async def _kept(server: Target, org: Organization) -> list[Figure]:
    """The memory that many large documents leave, of a client with a key, each of which was answered."""
    answered = 0
    async with server.client(org.key) as http:
        with server.watching() as watched:
            for number in range(DOCUMENTS):
                response = await http.post("/graphql", json={"query": f"{unfolded(2, 4)}#{number}"})
                answered += response.status_code == 200 and "errors" not in response.json()
    return [
        Figure(f"{DOCUMENTS} large documents with a key, answered", answered, "", None, DOCUMENTS),
        Figure("the same, memory", watched.rise_mib, "MiB", 128),
    ]
