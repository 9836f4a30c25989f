"""Receivers that count: a healthy one, and one each that hangs, drips, answers 500, redirects or sends without end."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

import orjson

from bench.chaos.stack import moment

HANG_S = 60.0
DRIP_S = 0.5
HUGE_BYTES = 10 * 1024**3
_CHUNK = bytes(64 * 1024)
_BACKLOG = 1_000

# What happened to which resource: an event's type, the resource's id and its version.
Happened = tuple[str, str, int]
Respond = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Listener:
    """One receiver. ``events`` has the times at which each webhook-id came, ``bodies`` the digests of its bodies.

    ``webhook_ids`` has the webhook-id of each event.
    """

    name: str
    respond: Respond
    url: str = ""
    events: dict[str, list[float]] = field(default_factory=dict)
    bodies: dict[str, set[bytes]] = field(default_factory=dict)
    webhook_ids: dict[Happened, str] = field(default_factory=dict)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one delivery, count it, and answer as this receiver does."""
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                headers = dict(line.split(": ", 1) for line in head.strip().split("\r\n")[1:])
                self._count(headers["webhook-id"], await reader.readexactly(int(headers["content-length"])))
                await self.respond(writer)
        finally:
            writer.transport.abort()

    def _count(self, webhook_id: str, body: bytes) -> None:
        self.events.setdefault(webhook_id, []).append(moment())
        self.bodies.setdefault(webhook_id, set()).add(hashlib.sha256(body).digest())
        event = orjson.loads(body)
        data = event["data"]
        self.webhook_ids[event["type"], data["publicId"], data["version"]] = webhook_id


async def _healthy(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    await writer.drain()


async def _hang(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(HANG_S)
    await _healthy(writer)


async def _drip(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    # As in bench.chaos.receivers: the client may go while this sleeps.
    while not writer.is_closing():
        writer.write(b"X-More: yes\r\n")
        await writer.drain()
        await asyncio.sleep(DRIP_S)


async def _fail(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


def _redirect(target: str) -> Respond:
    async def respond(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 307 Moved\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()

    return respond


async def _huge(writer: asyncio.StreamWriter) -> None:
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {HUGE_BYTES}\r\n\r\n".encode())
    for _ in range(HUGE_BYTES // len(_CHUNK)):
        writer.write(_CHUNK)
        await writer.drain()


def healthy(name: str = "healthy") -> Listener:
    """A receiver that takes everything."""
    return Listener(name, _healthy)


def hostile(elsewhere: str) -> list[Listener]:
    """The receivers that are not healthy; one of them redirects to ``elsewhere``, where nothing may arrive."""
    responds = {"hangs": _hang, "drips": _drip, "fails": _fail, "redirects": _redirect(elsewhere), "sends 10 GB": _huge}
    return [Listener(name, respond) for name, respond in responds.items()]


@asynccontextmanager
async def listening(*listeners: Listener) -> AsyncIterator[None]:
    """Let receivers listen, each on a port of its own, for the block."""
    servers: list[asyncio.Server] = []
    tasks: set[asyncio.Task[None]] = set()

    def serve(listener: Listener, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(listener.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    try:
        for each in listeners:
            server = await asyncio.start_server(partial(serve, each), "127.0.0.1", 0, backlog=_BACKLOG)
            servers.append(server)
            each.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
        yield
    finally:
        for server in servers:
            server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
