"""1,000 idle subscribers of one process, and how soon they hear of what is committed: ``python -m bench.live``.

Another process commits, as a worker does, and tells the feed through Redis. Prints, for server-sent events and for
WebSockets, the milliseconds from the commit to the delivery, over all subscribers and events; the memory of the server
for each subscriber; and its CPU for each delivery. The subscribers are this one process: its time is in the figures.
"""

import argparse
import asyncio
import base64
import json
import os
import statistics
import struct
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.data import SMALL, fill
from bench.server import database, serving, settings_of, settle, step_aside
from models.typeid import new_uuid
from resolvers import clients, organizations
from server.wiring import running
from workers.live.announcing import Announcer

EVENTS, BETWEEN_S, SETTLE_S = 50, 0.3, 3.0
QUERY = 'subscription { events(types: ["client.created"]) { id type resourceId data } }'
KIBIBYTE = 1024


class Subscriber(asyncio.Protocol):
    """One subscriber, which notes when it is sent something. ``opening`` are the bytes with which it begins, each after
    the answer to the one before it."""

    def __init__(self, opening: list[bytes], mark: bytes, heard: list[float]) -> None:
        self.opening, self.mark, self.heard = opening, mark, heard
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._left = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(self.opening.pop(0))

    def data_received(self, data: bytes) -> None:
        moment = time.perf_counter()
        if not self.ready.done():
            if self.opening:
                self.transport.write(self.opening.pop(0))
            if not self.opening:
                self.ready.set_result(None)
            return
        data = self._left + data
        found = data.count(self.mark)
        self.heard += [moment] * found
        self._left = data[-len(self.mark) + 1 :] if not data.endswith(self.mark) else b""

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(exc or EOFError("refused"))


def _over_sse(key: str) -> list[bytes]:
    body = json.dumps({"query": QUERY}).encode()
    head = f"POST /graphql HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\naccept: text/event-stream\r\n"
    head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return [head.encode() + body]


def _frame(message: Mapping[str, Any]) -> bytes:
    """Return a masked text frame; the mask is zeros, which change nothing."""
    body = json.dumps(message).encode()
    size = bytes([0x80 | len(body)]) if len(body) < 126 else b"\xfe" + struct.pack("!H", len(body))
    return b"\x81" + size + bytes(4) + body


def _over_websocket(key: str) -> list[bytes]:
    head = "GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    head += f"sec-websocket-version: 13\r\nsec-websocket-key: {base64.b64encode(os.urandom(16)).decode()}\r\n"
    head += "sec-websocket-protocol: graphql-transport-ws\r\n\r\n"
    init = {"type": "connection_init", "payload": {"authorization": f"Bearer {key}"}}
    subscribe = {"id": "1", "type": "subscribe", "payload": {"query": QUERY}}
    # Subscribed once a message that is sent after it is answered.
    return [head.encode(), _frame(init), _frame(subscribe) + _frame({"type": "ping"})]


DOORS = {"server-sent events": (_over_sse, b"event: next"), "WebSockets": (_over_websocket, b'"type":"next"')}


async def _measure(urls: Mapping[str, str], folder: Path, door: str, key: str, org: Any, count: int) -> None:
    opening, mark = DOORS[door]
    settings = settings_of(urls)
    loop = asyncio.get_running_loop()
    async with serving("ours", urls, folder) as server, running(settings, max_size=2) as runtime:
        announcer = Announcer(settings.redis_url)
        runtime.announce = announcer.announce
        warm: list[float] = []
        subscribers: list[Subscriber] = []
        heard: list[float] = []

        async def subscribe(into: list[float]) -> None:
            made = Subscriber(opening(key), mark, into)
            await loop.create_connection(lambda: made, "127.0.0.1", server.port)
            async with asyncio.timeout(30):
                await made.ready
            subscribers.append(made)

        await subscribe(warm)
        await asyncio.sleep(SETTLE_S)
        before = server.resident()
        for _ in range(count):
            await subscribe(heard)
        await asyncio.sleep(SETTLE_S)
        memory, idle = server.resident() - before, server.cpu()
        await asyncio.sleep(SETTLE_S)
        idle, cpu = server.cpu() - idle, server.cpu()
        took: list[float] = []
        for _ in range(EVENTS):
            heard.clear()
            ctx = organizations.command_line(runtime, org)
            async with ctx.transaction():
                await clients.create(ctx, {"name": "Ada", "email": f"{new_uuid().hex}@example.com"})
            committed = time.perf_counter()
            async with asyncio.timeout(30):
                while len(heard) < count:  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
            took += [1000 * (moment - committed) for moment in heard]
            await asyncio.sleep(BETWEEN_S)
        cpu = server.cpu() - cpu
        cuts = statistics.quantiles(took, n=100)
        each = 1e6 * cpu / len(took)
        print(
            f"| {door} | {count} | {cuts[49]:.0f} | {cuts[98]:.0f} | {max(took):.0f} | {memory / count / KIBIBYTE:.0f}"
            f" | {each:.0f} | {100 * idle / SETTLE_S:.1f} |",
            flush=True,
        )
        for each_one in subscribers:
            each_one.transport.abort()
        await announcer.close()


async def _run(urls: Mapping[str, str], folder: Path, count: int) -> None:
    async with running(settings_of(urls), min_size=1, max_size=1) as runtime:
        filled = await fill(runtime, 4711, SMALL)
    settle(urls)
    print("| door | subscribers | p50 ms | p99 ms | most ms | KiB each | CPU µs a delivery | CPU % idle |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for door in DOORS:
        await _measure(urls, folder, door, filled.key, filled.org_id, count)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m bench.live", description=__doc__)
    parser.add_argument("--subscribers", type=int, default=1_000, help="how many subscribe (default: %(default)s)")
    count = parser.parse_args().subscribers
    step_aside()
    room = {"LIVE_STREAMS": str(count + 10), "ADDRESS_CONNECTIONS": str(count + 50)}
    room["LIMIT_CONCURRENCY"] = str(count + 100)
    with tempfile.TemporaryDirectory() as folder, database() as urls:
        asyncio.run(_run(urls | room, Path(folder), count))


if __name__ == "__main__":
    main()
