"""The load: connections that ask again as soon as they are answered, from a process of its own.

Run as a module it is that process: a job as one line of JSON on standard input, what came of it on standard output.
"""

import asyncio
import json
import selectors
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

CONNECTIONS = 16
# An answer that takes longer than this is none.
PATIENCE_SECONDS = 20.0
_LINE_LIMIT = 1 << 27
_LENGTH = b"\r\ncontent-length: "


class UnexpectedResponse(Exception):
    """An answer that is not what the workload says: what was measured would mean nothing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a load: how long it took, each request's latency in milliseconds, and the generator's own CPU
    seconds."""

    seconds: float
    latencies: list[float]
    cpu: float = 0.0

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(self.seconds + other.seconds, self.latencies + other.latencies, self.cpu + other.cpu)

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds

    def within(self, part: float) -> float:
        """The latency in milliseconds that a part of the requests (0.99: 99 of 100) stayed within."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


@dataclass(slots=True)
class _Connection:
    """One keep-alive connection with one request under way."""

    request: bytes
    socket: socket.socket
    buffer: bytes = b""
    needed: int = 0
    started: float = field(default_factory=time.perf_counter)

    def ask(self) -> None:
        self.started = time.perf_counter()
        self.socket.sendall(self.request)

    def take(self, status: bytes) -> bool:
        """Take in what has come; whether the answer is whole. Raises UnexpectedResponse."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise UnexpectedResponse("the connection was closed early")
        buffer = self.buffer = self.buffer + data if self.buffer else data
        if not self.needed:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                return False
            head = buffer[: end + 2].lower()
            at = head.find(_LENGTH)
            if at < 0 or head[9:12] != status:
                raise UnexpectedResponse(buffer[:500].decode(errors="replace"))
            at += len(_LENGTH)
            self.needed = end + 4 + int(head[at : head.index(b"\r", at)])
        if len(buffer) < self.needed:
            return False
        self.buffer, self.needed = b"", 0
        return True


def drive(port: int, requests: list[bytes], status: int, seconds: float) -> Outcome:
    """One connection for each request, which it repeats for so long. Raises UnexpectedResponse, or OSError."""
    expected = str(status).encode()
    latencies: list[float] = []
    selector = selectors.DefaultSelector()
    cpu, started = time.process_time(), time.perf_counter()
    until = started + seconds
    for request in requests:
        connected = socket.create_connection(("127.0.0.1", port))
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(request, connected)
        selector.register(connected, selectors.EVENT_READ, connection)
        connection.ask()
    left = len(requests)
    while left:
        ready = selector.select(PATIENCE_SECONDS)
        if not ready:
            raise UnexpectedResponse(f"no answer within {PATIENCE_SECONDS} s")
        for key, _ in ready:
            connection = key.data
            if not connection.take(expected):
                continue
            ended = time.perf_counter()
            latencies.append((ended - connection.started) * 1000)
            if ended < until:
                connection.ask()
            else:
                selector.unregister(connection.socket)
                connection.socket.close()
                left -= 1
    took = time.perf_counter() - started
    selector.close()
    return Outcome(took, latencies, time.process_time() - cpu)


class Generator:
    """The process that makes the load, as its parent sees it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def drive(self, port: int, requests: list[bytes], status: int, seconds: float) -> Outcome:
        """Make a load and wait for its end. Raises UnexpectedResponse."""
        assert self._process.stdin is not None, "it is a pipe"
        assert self._process.stdout is not None, "it is a pipe"
        job = {"port": port, "requests": [each.decode() for each in requests], "status": status, "seconds": seconds}
        self._process.stdin.write(json.dumps(job).encode() + b"\n")
        line = await self._process.stdout.readline()
        found: dict[str, Any] = json.loads(line) if line else {"error": "the generator ended"}
        if "error" in found:
            raise UnexpectedResponse(found["error"])
        return Outcome(found["seconds"], found["latencies"], found["cpu"])


@asynccontextmanager
async def generating() -> AsyncIterator[Generator]:
    """A generator for the block."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.load", stdin=pipe, stdout=pipe, limit=_LINE_LIMIT
    )
    try:
        yield Generator(process)
    finally:
        assert process.stdin is not None, "it is a pipe"
        process.stdin.close()
        await process.wait()


def _main() -> None:
    for line in sys.stdin:
        job = json.loads(line)
        requests = [each.encode() for each in job["requests"]]
        try:
            outcome = drive(job["port"], requests, job["status"], job["seconds"])
        except (OSError, UnexpectedResponse) as error:
            found: dict[str, Any] = {"error": str(error)}
        else:
            latencies = [round(each, 3) for each in outcome.latencies]
            found = {"seconds": outcome.seconds, "latencies": latencies, "cpu": outcome.cpu}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    _main()
