"""Typesets outside the application: in one process, whose time and memory have bounds, and which may die."""

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from uuid import UUID

import orjson

from resolvers.typesetting.fair_lock import FairLock

PROGRAM = Path(__file__).with_name("process.py")
# An invoice of a thousand lines takes 80 MiB, of a quarter of a million characters up to 450.
MEMORY_BYTES = 768 * 1024 * 1024
# Of the time of a core, so that a busy machine fails none; then of a clock, in case a document waits for something.
SECONDS, LONGEST_S = 5, 30.0
# A process that did nothing for as long is ended: it holds 40 MiB or more.
IDLE_S = 60.0
WAITING_OF_ORGANIZATION, WAIT_S = 16, 10.0
MADE = b"\x00"
# One document takes one core, whatever the machine has, and reserves no memory for more threads.
_ENVIRONMENT = {"RAYON_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}


class TypesettingError(Exception):
    """A document could not be made: the files are wrong, or took too much time or memory."""


class Typesetter:
    """Makes PDFs, one at a time, of organizations alternately. Its process is started when it is first needed."""

    def __init__(self, *, seconds: int = SECONDS, memory: int = MEMORY_BYTES, idle_seconds: float = IDLE_S) -> None:
        self._seconds, self._memory, self._idle_seconds = seconds, memory, idle_seconds
        self._lock = FairLock(WAITING_OF_ORGANIZATION, WAIT_S)
        # The process, while there is one.
        self.process: Process | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def pdf(self, org_id: UUID, files: Mapping[str, bytes], at: datetime) -> bytes:
        """Return the PDF of some files, of which ``main.typ`` is the first; it has the date ``at``.

        Raises TypesettingError, or Refusal UNAVAILABLE where too many wait.
        """
        async with self._lock.held(org_id):
            if self._timer is not None:
                self._timer.cancel()
            process, whole = await self._ready(), False
            try:
                async with asyncio.timeout(LONGEST_S):
                    outcome, last, body = await _exchange(process, files, at)
                whole = True
            except TimeoutError:
                raise TypesettingError(f"it took more than {LONGEST_S:g} s") from None
            except (asyncio.IncompleteReadError, ConnectionError):
                raise TypesettingError(await self._ended(process)) from None
            finally:
                if not whole:
                    # Also where the caller is cancelled: the answer would be taken for that of the next document.
                    await self.close()
            if last:
                self._retire()
            else:
                self._timer = asyncio.get_running_loop().call_later(self._idle_seconds, self._retire)
        if outcome != MADE:
            raise TypesettingError(body.decode())
        return body

    async def _ready(self) -> Process:
        process = self.process
        if process is None or process.returncode is not None:
            command = (sys.executable, "-I", str(PROGRAM), str(self._memory), str(self._seconds))
            # In a session of its own, so that a terminal's Ctrl-C does not reach it: it ends when its input does.
            self.process = process = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=_ENVIRONMENT, start_new_session=True
            )
        return process

    async def _ended(self, process: Process) -> str:
        """Return why a process ended that was to answer."""
        await process.wait()
        took_time = process.returncode == -signal.SIGXCPU
        return f"it took more than {self._seconds} s of a core" if took_time else "its process ended"

    def _retire(self) -> None:
        """Let the process end by itself: its input ends."""
        process, self.process = self.process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()

    async def close(self) -> None:
        """End the process at once, and wait for it."""
        process, self.process = self.process, None
        if self._timer is not None:
            self._timer.cancel()
        if process is not None:
            if process.returncode is None:
                process.kill()
            await process.communicate()


async def _exchange(process: Process, files: Mapping[str, bytes], at: datetime) -> tuple[bytes, bool, bytes]:
    """Send a job; return the outcome, whether it is the process's last, and the answer. ``process`` has the
    form of both."""
    assert process.stdin is not None
    assert process.stdout is not None
    sizes = {name: len(content) for name, content in files.items()}
    job = orjson.dumps({"timestamp": int(at.timestamp()), "sizes": sizes})
    process.stdin.write(b"\n".join([job, b"".join(files.values())]))
    await process.stdin.drain()
    head = await process.stdout.readexactly(10)
    body = await process.stdout.readexactly(int.from_bytes(head[2:], "big"))
    return head[:1], head[1] == 1, body
