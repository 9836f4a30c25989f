"""A client of plain sockets, for what no HTTP library would send."""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exchange:
    """What came of a connection: the answer, how many bytes were taken from us, and how long it lived."""

    response: bytes
    sent: int
    seconds: float

    @property
    def status(self) -> int:
        """The status of the first answer; 0 where there is none."""
        return int(self.response[9:12]) if self.response.startswith(b"HTTP/1.1 ") else 0


async def exchange(
    port: int, pieces: Iterable[bytes], *, pause: float = 0.0, most_s: float = 60.0, reads: bool = True
) -> Exchange:
    """Send the pieces for as long as the server takes them, and read what it sends, until it has ended both directions
    or time is over. What is ours is not ended: a client that stays is what the server has to get rid of."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    response, sent, started = bytearray(), 0, time.monotonic()

    async def read() -> None:
        with suppress(ConnectionError):
            while part := await reader.read(65_536):
                response.extend(part[: 1_000_000 - len(response)])

    async def write() -> None:
        nonlocal sent
        with suppress(ConnectionError):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                sent += len(piece)
                await asyncio.sleep(pause)
            while not reads and not writer.transport.is_closing():
                await asyncio.sleep(0.1)
                writer.write(b"\r\n")

    tasks = [asyncio.create_task(write())]
    if reads:
        tasks.append(asyncio.create_task(read()))
    try:
        await asyncio.wait(tasks, timeout=most_s)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        writer.transport.abort()
    return Exchange(bytes(response), sent, time.monotonic() - started)
