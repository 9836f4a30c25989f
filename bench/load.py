"""The load: connections that ask again as soon as they are answered, and how long each answer took."""

import asyncio
import re
import tempfile
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import cast

from bench.workloads import Workload

CONNECTIONS = 16
# An answer that takes longer than this is none.
PATIENCE_SECONDS = 20.0
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


class UnexpectedAnswer(Exception):
    """An answer that is not what the workload says: what was measured would mean nothing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Requests a second, and the latencies in milliseconds that half and 99 of 100 requests stayed within."""

    rate: float
    p50: float
    p99: float


@dataclass(slots=True)
class _Tally:
    """What all connections of one measurement share."""

    status: bytes
    until: float
    latencies: list[float] = field(default_factory=list)


class _Connection(asyncio.Protocol):
    """One keep-alive connection with one request under way."""

    def __init__(self, request: bytes, tally: _Tally, done: "asyncio.Future[None]") -> None:
        self.request, self.tally, self.done = request, tally, done
        self.buffer, self.needed, self.started = b"", 0, 0.0
        self.transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        # A cast: uvloop's transports derive from none of asyncio's.
        self.transport = cast("asyncio.WriteTransport", transport)
        self._ask()

    def _ask(self) -> None:
        assert self.transport is not None, "a connection asks once it is made"
        self.started = time.perf_counter()
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        """Take in a part of an answer; when it is whole, note its time and ask again."""
        self.buffer += data
        if not self.needed:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            length = _LENGTH.search(self.buffer, 0, end + 2)
            if length is None or self.buffer[9:12] != self.tally.status:
                self._end(UnexpectedAnswer(self.buffer[:500].decode(errors="replace")))
                return
            self.needed = end + 4 + int(length[1])
        if len(self.buffer) < self.needed:
            return
        self.buffer, self.needed = b"", 0
        ended = time.perf_counter()
        self.tally.latencies.append(ended - self.started)
        if ended < self.tally.until:
            self._ask()
        else:
            self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """A connection that the server closes early spoils the measurement."""
        self._end(UnexpectedAnswer(f"the connection was lost: {exc}"))

    def _end(self, error: Exception | None) -> None:
        if not self.done.done():
            if error is None:
                self.done.set_result(None)
            else:
                self.done.set_exception(error)
        if self.transport is not None:
            self.transport.close()


async def drive(port: int, requests: list[bytes], status: int, seconds: float) -> Outcome:
    """One connection for each request, which it repeats for so long. Raises UnexpectedAnswer, or TimeoutError."""
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    tally = _Tally(str(status).encode(), started + seconds)
    ends = [loop.create_future() for _ in requests]
    for request, end in zip(requests, ends, strict=True):
        await loop.create_connection(partial(_Connection, request, tally, end), "127.0.0.1", port)
    async with asyncio.timeout(seconds + PATIENCE_SECONDS):
        await asyncio.gather(*ends)
    took = time.perf_counter() - started
    ordered = sorted(tally.latencies)
    p50, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000 for part in (0.5, 0.99))
    return Outcome(len(ordered) / took, p50, p99)


async def drive_wrk(wrk: str, port: int, workload: Workload, key: str, seconds: float) -> Outcome:
    """The same, by wrk. Raises UnexpectedAnswer."""
    lines = [f'wrk.method = "{workload.method}"', f'wrk.headers["Authorization"] = "Bearer {key}"']
    if workload.body:
        text = workload.body.decode().replace("\\", "\\\\").replace('"', '\\"')
        lines += ['wrk.headers["Content-Type"] = "application/json"', f'wrk.body = "{text}"']
    with tempfile.TemporaryDirectory(prefix="counterfoil-bench-") as folder:
        script = Path(folder, "request.lua")
        await asyncio.to_thread(script.write_text, "\n".join(lines))
        url = f"http://127.0.0.1:{port}{workload.path}"
        options = ("-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "--latency", "-s", str(script))
        process = await asyncio.create_subprocess_exec(wrk, *options, url, stdout=asyncio.subprocess.PIPE)
        out, _ = await process.communicate()
    return read_wrk(out.decode())


def read_wrk(text: str) -> Outcome:
    """What wrk printed. Raises UnexpectedAnswer when an answer was no success, or nothing can be read."""
    rate = re.search(r"Requests/sec: +([\d.]+)", text)
    parts = [re.search(rf"^ +{part}% +([\d.]+)(us|ms|s|m)$", text, re.MULTILINE) for part in (50, 99)]
    if "Non-2xx" in text or "Socket errors" in text or rate is None or None in parts:
        raise UnexpectedAnswer(text)
    p50, p99 = (float(found[1]) * _UNITS[found[2]] for found in parts if found is not None)
    return Outcome(float(rate[1]), p50, p99)
