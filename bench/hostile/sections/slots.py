"""1,100 slow bodies of one address, and what a client of another one is answered meanwhile."""

import asyncio
import resource
import time
from collections import Counter

import httpx

from bench.hostile.figures import Figure
from bench.hostile.target import Organization, Target

SECTION = "Slots"
SLOW, SHARE = 1_100, 250
# A body has 10 s, and what is dropped after its refusal 10 s more.
LIFE_S = 21.0
NEIGHBOUR = "127.0.0.2"
QUERY = {"query": "{ clients(first: 5) { nodes { id } } }"}
DROPPED = 0


async def measure(server: Target) -> list[Figure]:
    """Every connection drips a byte a second until the server ends it; the neighbour asks until all have ended."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    org = await server.organization()
    started, ended = time.monotonic(), asyncio.Event()
    with server.watching() as watched:
        asking = asyncio.create_task(_neighbour(server, org, ended))
        found = await asyncio.gather(*(_drip(server.port, org.key) for _ in range(SLOW)))
        seconds = time.monotonic() - started
        ended.set()
        statuses = await asking
    slow = Counter(found)
    return [
        Figure(f"beside {SLOW:,} slow bodies of one address, another one's requests", statuses.total(), "", None, 20),
        Figure("those of them that were not answered 200", statuses.total() - statuses[200], "", 0),
        Figure("slow bodies that were waited for (408)", slow[408], "", SHARE),
        Figure(
            "slow bodies that were refused (429) or closed at once", slow[429] + slow[DROPPED], "", None, SLOW - SHARE
        ),
        Figure("seconds until the last of them ended", seconds, "s", LIFE_S),
        Figure("memory", watched.rise_mib, "MiB", 64),
    ]


async def _drip(port: int, key: str) -> int:
    """The status that a slow body was answered with, or DROPPED."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionError:
        return DROPPED
    head = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n"
    writer.write(f"{head}authorization: Bearer {key}\r\n\r\n".encode())
    answering = asyncio.create_task(reader.read(65_536))
    try:
        while not answering.done():
            writer.write(b" ")
            await asyncio.wait([answering], timeout=1)
        response = answering.result()
        return int(response[9:12]) if response else DROPPED
    except ConnectionError:
        return DROPPED
    finally:
        answering.cancel()
        writer.transport.abort()


async def _neighbour(server: Target, org: Organization, ended: asyncio.Event) -> Counter[int]:
    statuses: Counter[int] = Counter()
    headers = {"Authorization": f"Bearer {org.key}"}
    transport = httpx.AsyncHTTPTransport(local_address=NEIGHBOUR)
    async with httpx.AsyncClient(base_url=server.base, headers=headers, transport=transport, timeout=60) as http:
        while not ended.is_set():
            statuses[(await http.post("/graphql", json=QUERY)).status_code] += 1
            await asyncio.sleep(0.05)
    return statuses
