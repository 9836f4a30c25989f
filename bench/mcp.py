"""What a call of a tool at /mcp costs beside the same operation at /graphql: ``python -m bench.mcp``.

One server process answers one connection; the doors take turns. Prints milliseconds and the server's CPU for a request,
and its memory before and after the first message to /mcp, which loads the library.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from bench.data import SMALL, fill
from bench.server import Server, database, serving, settings_of, settle, step_aside
from models.typeid import new_uuid
from schema.operations import OPERATIONS
from server.wiring import running

ROUNDS, REQUESTS = 10, 40
MEBIBYTE = 1024 * 1024
NEWEST, OLDER = "2026-07-28", "2025-06-18"
_META = {
    "io.modelcontextprotocol/protocolVersion": NEWEST,
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
_ACCEPTED = {"Accept": "application/json, text/event-stream"}


def _variables(name: str, client: str) -> dict[str, Any]:
    """Return the variables of an operation; what is created is new each time."""
    if name == "CreateClient":
        return {"input": {"name": "Ada", "email": f"{new_uuid().hex}@example.com"}}
    return {"id": client} if name == "GetClient" else {"first": 20}


async def _over_graphql(http: httpx.AsyncClient, name: str, variables: Mapping[str, Any]) -> None:
    given = ({"counted": False} if name == "ListClients" else {}) | dict(variables)
    answer = await http.post("/graphql", json={"query": OPERATIONS[name].text, "variables": given})
    assert "errors" not in answer.json(), answer.text


async def _over_mcp(http: httpx.AsyncClient, revision: str, method: str, **params: Any) -> None:
    headers = _ACCEPTED | {"MCP-Protocol-Version": revision}
    if revision == NEWEST:
        headers |= {"Mcp-Method": method, "Mcp-Name": params.get("name", "")}
        params["_meta"] = _META
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    answer = await http.post("/mcp", json=body, headers={name: value for name, value in headers.items() if value})
    result = answer.json()["result"]
    assert not result.get("isError"), answer.text


async def _ask(http: httpx.AsyncClient, door: str, name: str, client: str) -> None:
    if name == "tools/list":
        await _over_mcp(http, door, name)
    elif door == "/graphql":
        await _over_graphql(http, name, _variables(name, client))
    else:
        await _over_mcp(http, door, "tools/call", name=name, arguments=_variables(name, client))


async def _measure(server: Server, http: httpx.AsyncClient, name: str, client: str) -> None:
    doors = (NEWEST, OLDER) if name == "tools/list" else ("/graphql", NEWEST, OLDER)
    took: dict[str, list[float]] = {door: [] for door in doors}
    cpu = dict.fromkeys(doors, 0.0)
    for door in doors:
        await _ask(http, door, name, client)
    for _ in range(ROUNDS):
        for door in doors:
            before = server.cpu()
            for _ in range(REQUESTS):
                started = time.perf_counter()
                await _ask(http, door, name, client)
                took[door].append(time.perf_counter() - started)
            cpu[door] += server.cpu() - before
    for door in doors:
        each = 1000 * statistics.median(took[door]), 1000 * cpu[door] / (ROUNDS * REQUESTS)
        print(f"| {name} | {door} | {each[0]:.2f} | {each[1]:.2f} |", flush=True)


async def _run(urls: Mapping[str, str], folder: Path) -> None:
    async with running(settings_of(urls), min_size=1, max_size=1) as runtime:
        filled = await fill(runtime, 4711, SMALL)
    settle(urls)
    async with (
        serving("ours", urls, folder) as server,
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{server.port}", headers={"Authorization": f"Bearer {filled.key}"}, timeout=60
        ) as http,
    ):
        client = filled.sample.client
        for name in ("GetClient", "ListClients"):
            await _over_graphql(http, name, _variables(name, client))
        memory = [server.resident()]
        started = time.perf_counter()
        await _over_mcp(http, NEWEST, "tools/list")
        first = time.perf_counter() - started
        memory.append(server.resident())
        print("| operation | door | ms | CPU ms |\n|---|---|---:|---:|")
        for name in ("GetClient", "ListClients", "CreateClient", "tools/list"):
            await _measure(server, http, name, client)
        memory.append(server.resident())
        shown = ", ".join(f"{each / MEBIBYTE:.0f}" for each in memory)
        print(f"\nMiB before the first message to /mcp, after it, and at the end: {shown}")
        print(f"The first message took {first:.2f} s.")


def main() -> None:
    """Run the command."""
    step_aside()
    with tempfile.TemporaryDirectory() as folder, database() as urls:
        asyncio.run(_run(urls, Path(folder)))


if __name__ == "__main__":
    main()
