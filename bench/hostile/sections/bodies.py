"""Bodies of 100 KB and more that REST refuses: what one takes of the processor, and what its organization pays."""

from collections import Counter
from itertools import count

import httpx
import orjson

from bench.hostile.figures import Figure
from bench.hostile.reading import slowness
from bench.hostile.target import Target

SECTION = "Refused bodies"
# As a deployment has them, and then an organization whose bucket is never empty.
SETTINGS = {"RATE_BUCKET": "1000000", "RATE_REFILL": "1"}
TIMES = 400
# With the default settings an organization is given 10,000 a second: 10 are worth a millisecond.
UNITS, MOST = 10, 3.0
CLIENTS = "/api/v1/clients"
CLIENT = {"name": "Ada", "email": "ada@example.com"}
ID = "client_01h455vb4pex5vsknk084sn02q"
BODIES = {
    "not JSON": b"{" * 100_000,
    "no object": b"[" + b"1," * 49_999 + b"1]",
    "33,000 unknown fields of objects": orjson.dumps(CLIENT | {"unknown": [{}] * 33_000}),
    "10,000 unknown fields": orjson.dumps(CLIENT | {f"x{number:05}": 1 for number in range(9_000)}),
    "a text of 100,000 characters": orjson.dumps(CLIENT | {"notes": "x" * 100_000}),
    "25,000 tags": orjson.dumps(CLIENT | {"tags": ["x"] * 25_000}),
    "125,000 numbers as IDs": orjson.dumps({"clientId": ID, "serviceId": ID, "assigneeIds": [1] * 125_000}),
    "125,000 lines that are none": orjson.dumps({"clientId": ID, "lines": [1] * 125_000}),
}
# Of other objects than clients.
PATHS = {"125,000 numbers as IDs": "/api/v1/orders", "125,000 lines that are none": "/api/v1/invoices"}


async def measure(server: Target) -> list[Figure]:
    """Each body so many times, from an organization that can pay for it; and from one that cannot."""
    slow = slowness()
    found = []
    for name, body in BODIES.items():
        org = await server.organization()
        async with server.client(org.key) as http:
            before = await _left(http)
            with server.watching() as watched:
                statuses = await _ask(http, body, TIMES, PATHS.get(name, CLIENTS))
            charged = (before - await _left(http)) / TIMES
        taken = watched.cpu_s * 1000 / TIMES
        found += [
            Figure(f"{TIMES} × {name}, answered 400", statuses[400], "", TIMES, TIMES),
            Figure(
                f"{name}: {taken:.1f} ms of CPU for {charged:.0f}",
                taken / slow * UNITS / max(charged, 1),
                "ms for 10",
                MOST,
            ),
        ]
    return [*found, *await _empty(server, slow)]


async def _empty(server: Target, slow: float) -> list[Figure]:
    org, body = await server.organization(), BODIES["25,000 tags"]
    async with server.client(org.key) as http:
        for _ in count():
            if (await http.post(CLIENTS, content=body, headers=JSON)).status_code == 429:
                break
        with server.watching() as watched:
            statuses = await _ask(http, body, TIMES)
    taken = watched.cpu_s * 1000 / TIMES
    return [
        Figure(f"{TIMES} × the same from who has spent its budget, answered 429", statuses[429], "", None, TIMES),
        Figure("the same, CPU each", taken / slow, "ms", 2),
    ]


JSON = {"Content-Type": "application/json"}


async def _ask(http: httpx.AsyncClient, body: bytes, times: int, path: str = CLIENTS) -> Counter[int]:
    statuses: Counter[int] = Counter()
    for _ in range(times):
        statuses[(await http.post(path, content=body, headers=JSON)).status_code] += 1
    return statuses


async def _left(http: httpx.AsyncClient) -> int:
    """What the organization may still spend."""
    response = await http.post("/graphql", json={"query": "{ health { status } }"})
    left: int = response.json()["extensions"]["cost"]["remaining"]
    return left
