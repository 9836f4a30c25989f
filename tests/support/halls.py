"""A receiver of several requests on each of its connections, which it keeps open or ends."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.jobs import OK

# Instead of an answer: the connection is reset.
RESET = b"reset"


class Hall:
    """A receiver that answers request after request: its connections, and what each was asked."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = answers or (OK,)
        self.asked: list[list[bytes]] = []
        self.writers: list[asyncio.StreamWriter] = []
        self.left = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until its sender ends it or an answer does."""
        mine: list[bytes] = []
        self.asked.append(mine)
        self.writers.append(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                mine.append(await reader.readexactly(length))
                answer = self.answers[min(sum(map(len, self.asked)), len(self.answers)) - 1]
                if answer == RESET:
                    linger = struct.pack("ii", 1, 0)
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    break
                writer.write(answer)
                await writer.drain()
                if b"\r\n\r\n" not in answer:
                    break
        except (OSError, asyncio.IncompleteReadError):
            self.left += 1
        finally:
            writer.close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/"


@asynccontextmanager
async def hall(*answers: bytes) -> AsyncIterator[Hall]:
    """A receiver that gives these answers in turn, the last for ever; one without a whole head ends the connection."""
    made = Hall(*answers)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
