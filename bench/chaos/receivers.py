"""A healthy receiver beside hostile ones: `python -m bench.chaos.receivers --seconds 300`.

One worker process delivers the changes of two organizations. First each has a healthy receiver alone; then the first
one gets receivers that hang, drip, answer 500, redirect and send without end. At last an organization has 300
endpoints at a tarpit, and its neighbour makes one change.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from uuid import UUID

import uvloop

from bench.server import database, settings_of
from models.clients import CLIENT
from models.typeid import encode, new_uuid
from models.webhooks import API_VERSION
from resolvers import clients
from resolvers.database.runtime import Runtime
from resolvers.organizations import command_line
from resolvers.webhooks.secrets import encrypt, new_secret
from server.wiring import running
from workers.jobs.wake import Waker

HANGING, TARPIT = 8, 300
EACH_S = 0.5  # how often each organization makes a change
PATIENCE_S = 100.0  # as long as a delivery may take before it counts as missing
HEAD = b"HTTP/1.1 200 OK\r\n"
INSERT = (
    "insert into webhook_endpoints (org_id, id, version, updated_at, url, events, scopes, secret, api_version, status)"
    " values ($1, $2, 1, now(), $3, '{*}', '{*,clients:read}', $4, $5, 'ENABLED')"
)

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Phase:
    """What became of the changes of one phase: seconds from the commit to the healthy receiver."""

    receiver: str
    others: str
    changes: int
    missing: int
    p50: float
    p99: float
    most: float


@dataclass(slots=True)
class Healthy:
    """A receiver that answers at once and knows when each client's event came first."""

    came: dict[str, float] = field(default_factory=dict)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = await read_request(reader)
        self.came.setdefault(json.loads(body)["data"]["publicId"], time.monotonic())
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """The body of a request."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
    return await reader.readexactly(length)


async def _hang(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def _drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(HEAD)
    while not writer.is_closing():  # uvloop takes nothing more once the client is gone
        writer.write(b"X-More: yes\r\n")
        await writer.drain()
        await asyncio.sleep(0.5)


async def _huge(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(HEAD + b"\r\n")
    while True:
        writer.write(bytes(65_536))
        await writer.drain()


def _answering(response: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(response)
        await writer.drain()

    return serve


FAILING = _answering(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
_MOVED = _answering(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n")
HOSTILE: list[Serve] = [*([_hang] * HANGING), _drip, FAILING, _MOVED, _huge]


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[str]:
    """The URL of a receiver on a port of its own."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await serve(reader, writer)
        writer.transport.abort()

    server = await asyncio.start_server(one, "127.0.0.1", 0, backlog=1_000)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    finally:
        server.close()


async def endpoint(runtime: Runtime, org_id: UUID, url: str) -> UUID:
    """Make an endpoint that hears of everything; its key."""
    key = new_uuid()
    secret = encrypt(runtime.secret_keys, org_id, key, new_secret())
    async with runtime.bound(org_id) as connection:
        await connection.execute(INSERT, org_id, key, url, secret, API_VERSION)
    return key


async def change(runtime: Runtime, org_id: UUID) -> tuple[str, float]:
    """Create a client; its id, and when it was kept."""
    ctx = command_line(runtime, org_id)
    async with ctx.transaction():
        row = await clients.create(ctx, {"name": "Ada", "email": f"ada-{new_uuid().hex}@example.com"})
    return encode(CLIENT.prefix, row["id"]), time.monotonic()


async def _drive(runtime: Runtime, org_id: UUID, seconds: float) -> dict[str, float]:
    """Make changes at a steady pace; when each was kept."""
    kept: dict[str, float] = {}
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        kept.update([await change(runtime, org_id)])
        await asyncio.sleep(max(0.0, begun + len(kept) * EACH_S - time.monotonic()))
    return kept


async def waited(healthy: Healthy, kept: dict[str, float]) -> None:
    """Wait until all changes have come, or for so long that they count as missing."""
    for _ in range(int(PATIENCE_S * 20)):
        if kept.keys() <= healthy.came.keys():
            return
        await asyncio.sleep(1 / 20)


def _result(name: str, others: str, healthy: Healthy, kept: dict[str, float]) -> Phase:
    # What is missing took at least so long.
    took = sorted(healthy.came.get(key, moment + PATIENCE_S) - moment for key, moment in kept.items())
    missing = len(kept.keys() - healthy.came.keys())
    cuts = statistics.quantiles(took, n=100, method="inclusive") if len(took) > 1 else took * 99
    return Phase(name, others, len(kept), missing, cuts[49], cuts[98], took[-1])


@asynccontextmanager
async def worker(environment: dict[str, str]) -> AsyncIterator[None]:
    """A worker in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server.cli", "worker"),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


async def _phase(runtime: Runtime, pairs: dict[str, tuple[UUID, Healthy]], others: str, seconds: float) -> list[Phase]:
    """Both organizations make changes for so long."""
    kept = await asyncio.gather(*(_drive(runtime, org_id, seconds) for org_id, _ in pairs.values()))
    listed = list(zip(pairs.items(), kept, strict=True))
    await asyncio.gather(*(waited(healthy, times) for (_, (_, healthy)), times in listed))
    return [_result(name, others, healthy, times) for (name, (_, healthy)), times in listed]


async def _tarpit(runtime: Runtime, neighbour: UUID, healthy: Healthy, orgs: int) -> Phase:
    """One change that goes to 300 endpoints at a tarpit, shared by so many organizations, and then the neighbour's."""
    async with listening(_hang) as url:
        slow = [new_uuid() for _ in range(orgs)]
        for org_id in slow:
            for _ in range(TARPIT // orgs):
                await endpoint(runtime, org_id, url)
        await asyncio.gather(*(change(runtime, org_id) for org_id in slow))
        await asyncio.sleep(0.5)
        kept = dict([await change(runtime, neighbour)])
        await waited(healthy, kept)
    return _result("another organization", f"{TARPIT} endpoints at a tarpit, of {orgs}", healthy, kept)


@asynccontextmanager
async def _stage() -> AsyncIterator[tuple[Runtime, dict[str, tuple[UUID, Healthy]]]]:
    """An empty database with a worker, and two organizations with a healthy receiver each."""
    async with AsyncExitStack() as stack:
        environment = stack.enter_context(database()) | {"WEBHOOK_ALLOW_PRIVATE": "true"}
        runtime = await stack.enter_async_context(running(settings_of(environment)))
        waker = Waker(environment["REDIS_URL"])
        stack.push_async_callback(waker.close)
        runtime.wake = waker.wake
        pairs = {name: (new_uuid(), Healthy()) for name in ("its own organization", "another organization")}
        for org_id, healthy in pairs.values():
            await endpoint(runtime, org_id, await stack.enter_async_context(listening(healthy.serve)))
        await stack.enter_async_context(worker(environment))
        for org_id, healthy in pairs.values():
            await waited(healthy, dict([await change(runtime, org_id)]))
        yield runtime, pairs


async def measure(seconds: float) -> list[Phase]:
    """Every phase, the one with hostile receivers for so many seconds."""
    async with _stage() as (runtime, pairs), AsyncExitStack() as stack:
        rows = await _phase(runtime, pairs, "none", max(seconds / 5, 5.0))
        owner, _ = pairs["its own organization"]
        for serve in HOSTILE:
            await endpoint(runtime, owner, await stack.enter_async_context(listening(serve)))
        rows += await _phase(runtime, pairs, f"{HANGING} hanging, dripping, 500, 302, huge", seconds)
    for orgs in (1, 15):
        async with _stage() as (runtime, pairs):
            rows.append(await _tarpit(runtime, *pairs["another organization"], orgs))
    return rows


def shown(rows: list[Phase]) -> str:
    """The rows as a table."""
    lines = ["| healthy receiver of | beside | changes | missing | p50 s | p99 s | longest s |"]
    lines.append("|---|---|--:|--:|--:|--:|--:|")
    for row in rows:
        times = " | ".join(f"{value:.3f}" for value in (row.p50, row.p99, row.most))
        lines.append(f"| {row.receiver} | {row.others} | {row.changes} | {row.missing} | {times} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.chaos.receivers", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0, help="how long hostile receivers stand beside")
    print(shown(uvloop.run(measure(parser.parse_args().seconds))))


if __name__ == "__main__":
    main()
