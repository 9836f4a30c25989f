"""Receivers that count: a healthy one, and one each that hangs, drips, answers 500, redirects, resets or sends without
end.
"""

import asyncio
import hashlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import orjson

from bench.chaos.stack import moment

HANG_S = 60.0
DRIP_S = 1.0
HUGE_BYTES = 10 * 1024**3
_CHUNK = bytes(64 * 1024)
_BACKLOG = 1_000

# What happened to which resource: an event's type, the resource's id and its version.
Happened = tuple[str, str, int]
Respond = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Listener:
    """One receiver. ``events`` has the times at which each webhook-id came, ``bodies`` the digests of its bodies.

    ``webhook_ids`` has the webhook-id of each event, ``asked`` is how many connections there were.
    """

    name: str
    respond: Respond
    url: str = ""
    asked: int = 0
    events: dict[str, list[float]] = field(default_factory=dict)
    bodies: dict[str, set[bytes]] = field(default_factory=dict)
    webhook_ids: dict[Happened, str] = field(default_factory=dict)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one delivery, count it, and answer as this receiver does."""
        self.asked += 1
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                headers, body = await read_request(reader)
                if "webhook-id" in headers:
                    self._count(headers["webhook-id"], body)
                await self.respond(writer)
        finally:
            writer.transport.abort()

    def _count(self, webhook_id: str, body: bytes) -> None:
        self.events.setdefault(webhook_id, []).append(moment())
        self.bodies.setdefault(webhook_id, set()).add(hashlib.sha256(body).digest())
        event = orjson.loads(body)
        data = event["data"]
        self.webhook_ids[event["type"], data["publicId"], data["version"]] = webhook_id


async def read_request(reader: asyncio.StreamReader) -> tuple[dict[str, str], bytes]:
    """The headers of a request, by their names in lower case, and its body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lines = (line.split(": ", 1) for line in head.strip().split("\r\n")[1:])
    headers = {name.lower(): value for name, value in lines}
    return headers, await reader.readexactly(int(headers.get("content-length", 0)))


async def _healthy(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    await writer.drain()


async def _hang(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(HANG_S)
    await _healthy(writer)


async def _drip(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX-More: ")
    # As in bench.chaos.receivers: the client may go while this sleeps.
    while not writer.is_closing():
        writer.write(b"y")
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


async def _reset(writer: asyncio.StreamWriter) -> None:
    # Closed with this, a connection is not ended but reset.
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def healthy(name: str = "healthy") -> Listener:
    """A receiver that takes everything."""
    return Listener(name, _healthy)


def ways(elsewhere: str) -> dict[str, Respond]:
    """How servers answer that are not healthy; one of them redirects to ``elsewhere``, where nothing may arrive."""
    return {
        "hangs": _hang, "drips": _drip, "fails": _fail, "redirects": _redirect(elsewhere), "resets": _reset,
        "sends-10-GB": _huge,
    }  # fmt: skip


def hostile(elsewhere: str) -> list[Listener]:
    """The receivers that are not healthy."""
    return [Listener(name, respond) for name, respond in ways(elsewhere).items()]


class Served(Protocol):
    """What listens: ``url`` is where, once it does."""

    url: str

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request, and answer it."""


@asynccontextmanager
async def listening(*listeners: Served) -> AsyncIterator[None]:
    """Let servers listen, each on a port of its own, for the block."""
    servers: list[asyncio.Server] = []
    tasks: set[asyncio.Task[None]] = set()

    def serve(listener: Served, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
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
