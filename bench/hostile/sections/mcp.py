"""What hostile clients of /mcp take: refused bodies, handshakes and polls without end, answers that nobody reads."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import httpx
import orjson

from bench.hostile.figures import Figure
from bench.hostile.reading import slowness
from bench.hostile.target import Organization, Target
from bench.hostile.wire import exchange
from models.agent_jobs import AGENT_JOB
from models.typeid import encode, new_uuid

SECTION = "MCP"
# An organization whose bucket is never empty, so that each request is read.
SETTINGS = {"RATE_BUCKET": "1000000", "RATE_REFILL": "1"}
TIMES = 100
# With the default settings an organization is given 10,000 a second: 10 are worth a millisecond. What is refused by the
# library has been read by us and by it.
UNITS, MOST = 10, 6.0
READERS, UNREAD_S = 20, 5.0
NEWEST = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": NEWEST,
    "io.modelcontextprotocol/clientInfo": {"name": "hostile", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}},
}
HEADERS = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
NONE: Mapping[str, Any] = MappingProxyType({})


def message(method: str, params: Mapping[str, Any] = NONE, **more: Any) -> bytes:
    """A message of JSON-RPC."""
    return orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": META}, **more})


def call(name: str = "GetClient", **arguments: Any) -> bytes:
    """A call of a tool."""
    return message("tools/call", {"name": name, "arguments": arguments})


def _deep(number: int) -> Any:
    """A list in a list, so many times."""
    found: list[Any] = []
    for _ in range(number):
        found = [found]
    return found


CALL = "tools/call"
BODIES: Mapping[str, tuple[str, bytes]] = {
    "100 KB that are no JSON": (CALL, b"{" * 100_000),
    "a batch of 300 messages": (CALL, b"[" + b",".join([call(id="x")] * 300) + b"]"),
    "an unknown method": ("no/such", message("no/such")),
    "an unknown tool": (CALL, call("x" * 200)),
    "an argument of 100 KB": (CALL, call("CreateClient", input={"name": "x" * 100_000})),
    "9,000 arguments": (CALL, call(**dict.fromkeys((f"x{number:05}" for number in range(9_000)), "1"))),
    "an argument 200 lists deep": (CALL, call(id=_deep(200))),
    "25,000 objects that are no message, without a revision": (
        "",
        b'{"a": [' + b",".join([b'{"a":1}'] * 25_000) + b"]}",
    ),
    "a task that there is not": ("tasks/get", message("tasks/get", {"taskId": encode(AGENT_JOB.prefix, new_uuid())})),
}


async def measure(server: Target) -> list[Figure]:
    """Each body so many times, then what a client may hold."""
    slow, found, org = slowness(), [], await server.organization()
    for name, (method, body) in BODIES.items():
        async with server.client(org.key, headers=HEADERS) as http:
            await _ask(http, method, body, 1)
            before = await _left(http)
            with server.watching() as watched:
                answers = await _ask(http, method, body, TIMES)
            charged = (before - await _left(http)) / TIMES
        taken = watched.cpu_s * 1000 / TIMES
        price = f"{name}: {taken:.1f} ms of CPU for {charged:.0f}"
        found += [
            Figure(f"{TIMES} × {name}, answered 500 or with a result", answers["wrong"], "", 0),
            Figure(price, taken / slow * UNITS / max(charged, 1), "ms for 10", MOST),
        ]
    return [*found, *await _handshakes(server, org), await _tasks(server, org), *await _unread(server, org)]


async def _ask(http: httpx.AsyncClient, method: str, body: bytes, times: int) -> Counter[str]:
    """How many answers were no refusal in the form of JSON-RPC."""
    found: Counter[str] = Counter()
    # Without a revision a client has an older one.
    named = {"MCP-Protocol-Version": NEWEST, "Mcp-Method": method} if method else {}
    if method == CALL and body.startswith(b'{"'):
        named["Mcp-Name"] = orjson.loads(body)["params"]["name"]
    for _ in range(times):
        answer = await http.post("/mcp", content=body, headers=named)
        told = answer.json()
        refused = "error" in told or told["result"].get("isError")
        found["refused" if refused and answer.status_code < 500 else "wrong"] += 1
    return found


async def _left(http: httpx.AsyncClient) -> int:
    """What the organization may still spend."""
    response = await http.post("/graphql", json={"query": "{ health { status } }"})
    left: int = response.json()["extensions"]["cost"]["remaining"]
    return left


async def _handshakes(server: Target, org: Organization) -> list[Figure]:
    """Clients of an older revision that begin again and again: no session is kept of any."""
    params = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "hostile", "version": "1"}}
    body = orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})
    async with server.client(org.key, headers=HEADERS) as http:
        for _ in range(TIMES):
            await http.post("/mcp", content=body)
        with server.watching() as watched:
            answers = [await http.post("/mcp", content=body) for _ in range(5 * TIMES)]
        streams = [(await http.request(method, "/mcp")).status_code for method in ("GET", "DELETE")]
    kept = sum("mcp-session-id" in answer.headers for answer in answers)
    return [
        Figure(f"{5 * TIMES:,} handshakes, memory", watched.rise_mib, "MiB", 8),
        Figure("sessions that they were given", kept, "", 0),
        Figure("streams that were opened, of 2 asked for", sum(status != 405 for status in streams), "", 0),
    ]


async def _tasks(server: Target, org: Organization) -> Figure:
    """Polls of tasks from many connections at once, beside which the API answers."""
    body, named = BODIES["a task that there is not"][1], {"MCP-Protocol-Version": NEWEST, "Mcp-Method": "tasks/get"}
    async with server.client(org.key, headers=HEADERS) as http:
        polls = [http.post("/mcp", content=body, headers=named) for _ in range(TIMES)]
        answers = await asyncio.gather(*polls)
    return Figure(f"{TIMES} polls at once, answered 500", sum(each.status_code == 500 for each in answers), "", 0)


async def _unread(server: Target, org: Organization) -> list[Figure]:
    """Clients that ask for the list of all tools, the largest answer without a row, and do not read it."""
    body = message("tools/list")
    head = f"POST /mcp HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {org.key}\r\ncontent-length: {len(body)}\r\n"
    named = {**HEADERS, "MCP-Protocol-Version": NEWEST, "Mcp-Method": "tools/list"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    whole = f"{head}{lines}\r\n".encode() + body
    first = await exchange(server.port, [whole], most_s=UNREAD_S)
    with server.watching() as watched:
        unread = [exchange(server.port, [whole * 4], most_s=UNREAD_S, reads=False) for _ in range(READERS)]
        await asyncio.gather(*unread)
    async with server.client(org.key) as http:
        after = (await http.get("/api/health")).status_code
    return [
        Figure("the list of all tools, status", first.status, "", 200, 200),
        Figure(f"{READERS} clients that ask for four of them and read none, memory", watched.rise_mib, "MiB", 64),
        Figure("health afterwards, status", after, "", 200, 200),
    ]
