"""A client of plain sockets, for what no HTTP library would send."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress


async def sent(port: int, pieces: Iterable[bytes], seconds: float = 30.0) -> bytes:
    """Send the pieces for as long as the server takes them; what is read until it closes or resets the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = bytearray()

    async def read() -> None:
        with suppress(ConnectionError):
            while part := await reader.read(65_536):
                answer.extend(part)

    async def write() -> None:
        with suppress(ConnectionError):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()

    writing = asyncio.create_task(write())
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await read()
    writing.cancel()
    await asyncio.wait([writing])
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    return bytes(answer)


def status(answer: bytes) -> int:
    """The status of the first answer; 0 where there is none."""
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0
