"""A server with short deadlines, asked over plain sockets."""

import asyncio
import json
import re
import struct
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from server.http.bounded import bounded
from server.http.edge import EdgeMiddleware
from server.http.held_bytes import HeldBytes
from server.http.slots import Slots
from server.monitoring.metrics import Metrics
from tests.support.jobs import eventually
from web.http import App

SHORT = 0.3
# No test waits longer for a server that should have ended the connection.
TIMEOUT_S = 20.0
CLOSE = b"connection: close\r\n"
# What asks for a WebSocket.
ASKED = (
    b"GET /socket%b HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%b\r\n"
)
HEAD = ASKED % (b"", b"")


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the path and the size of the body; some paths are slow, large or leave the body unread."""
    path = scope["path"]
    if path == "/large":
        await PlainTextResponse(b"x" * 8_000_000)(scope, receive, send)
        return
    if path == "/unread":
        await PlainTextResponse("unread", 401)(scope, receive, send)
        return
    body = await Request(scope, receive).body()
    if path == "/slow":
        await asyncio.sleep(3 * SHORT)
    await PlainTextResponse(f"{path} {len(body)}")(scope, receive, send)


async def talk(scope: Any, receive: Any, send: Any) -> None:
    """Accept a WebSocket and say what is said on it; answer a request as the echo does."""
    if scope["type"] != "websocket":
        await echo(scope, receive, send)
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message.get("text", "bytes")})


def frame(opcode: int, payload: bytes, *, last: bool = True) -> bytes:
    """A frame of a client, whose mask is zero; ``last``: of its message."""
    size, first = len(payload), 0x80 * last | opcode
    head = struct.pack("!BB", first, 0x80 | size) if size < 126 else struct.pack("!BBH", first, 0x80 | 126, size)
    return head + bytes(4) + payload


@asynccontextmanager
async def listening(
    app: App = echo,
    most: int | None = None,
    slots: Slots | None = None,
    sockets: Collection[str] = (),
    unread: HeldBytes | None = None,
    unfinished: HeldBytes | None = None,
    **seconds: float,
) -> AsyncIterator[int]:
    """The port of a server for the block, which offers WebSockets on some paths."""
    given = {"idle_s": 3 * SHORT, "drop_s": SHORT, "write_s": SHORT} | seconds
    edge: Any = EdgeMiddleware(app, Metrics(), seconds=5, timing=False)
    edge.sockets = sockets
    config = uvicorn.Config(
        edge, port=0, http=bounded(SHORT, slots, unread, unfinished, **given), ws="none", lifespan="off",
        log_config=None, access_log=False, limit_concurrency=most, proxy_headers=False,
    )  # fmt: skip
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    yield server.servers[0].sockets[0].getsockname()[1]
    await server.shutdown()


async def exchange(
    port: int, *pieces: bytes, pause: float = 0.0, end: bool = False, address: str = "127.0.0.1"
) -> bytes:
    """Send the pieces, and the client's end, from an address of ours; what comes until the server ends or resets the
    connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    answer = bytearray()

    async def send() -> None:
        with suppress(ConnectionError):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause)
            if end:
                writer.write_eof()

    sending = asyncio.create_task(send())
    try:
        async with asyncio.timeout(TIMEOUT_S):
            with suppress(ConnectionError):
                while part := await reader.read(65_536):
                    answer += part
    finally:
        sending.cancel()
        await asyncio.wait([sending])
        writer.transport.abort()
        await asyncio.sleep(0)
    return bytes(answer)


def request(path: str, body: bytes = b"", extra: bytes = b"") -> bytes:
    """A POST."""
    return b"POST %s HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n%s\r\n%s" % (path.encode(), len(body), extra, body)


def chunked(path: str, *chunks: bytes, end: bytes = b"0\r\n\r\n", extra: bytes = b"") -> bytes:
    """A POST whose body comes in chunks."""
    head = b"POST %s HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n%s\r\n" % (path.encode(), extra)
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + end


def statuses(answer: bytes) -> list[int]:
    """The status of each answer on a connection."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


# A body that does not come, or slowly.
SLOW = b"POST %s HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n%s\r\nx"
NEIGHBOUR = "127.0.0.2"


def retryable_problem(answer: bytes) -> tuple[int, str, str]:
    """The status, the media type and the code of an answer that is a problem, and that is to be tried again."""
    head, _, body = answer.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().splitlines()[1:])
    assert headers["retry-after"] == "1"
    made = json.loads(body)
    assert made["requestId"] == headers["x-request-id"]
    assert made["retryAfter"] == 1
    return statuses(answer)[0], headers["content-type"], made["code"]


TOO_MANY = (429, "application/problem+json", "RATE_LIMITED")
BUSY = (503, "application/problem+json", "UNAVAILABLE")


class Client:
    """A connection whose client goes on when it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def rest(self) -> bytes:
        """What comes until the connection's end; nothing where it was reset."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self.reader.read()
        except ConnectionError:
            return b""
        finally:
            self.writer.close()


async def client(port: int, data: bytes, address: str = "127.0.0.1") -> Client:
    """A client that has sent something, from an address of ours."""
    made = Client(*await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0)))
    made.writer.write(data)
    await made.writer.drain()
    return made


async def holds(held: HeldBytes, least: int) -> None:
    """Wait until so much is held."""

    async def reached() -> bool:
        return held.held >= least

    await eventually(reached)
