"""Workers that die when a model has answered them: before the answer is committed, or right after its commit."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import psycopg

from bench.chaos.models import Models
from bench.chaos.stack import Stack
from bench.chaos.stored import ask
from bench.chaos.tenants import Tenant
from models.typeid import decode

# No healthy job comes for longer than this only where nothing works.
WAIT_S = 120.0
# A commit takes some milliseconds, unless the worker or the database is killed by something else.
COMMIT_S = 10.0
COMMITTED = "select from agent_steps where job_id = %s and index = %s and kind = 'MODEL' and messages is not null"
BEFORE, AFTER = "before its answer's commit", "after its answer's commit"


@dataclass(slots=True)
class Answers:
    """Kills the worker that a healthy model has just answered. ``killed`` are the calls with the time of the kill."""

    stack: Stack
    tenants: Sequence[Tenant]
    models: Models
    killed: list[tuple[str, float]] = field(default_factory=list)

    async def kill(self, when: str) -> None:
        """Kill the worker whose call is answered next, at once or when its answer is committed. Raises TimeoutError."""
        async with asyncio.timeout(WAIT_S):
            while not await self._kill(when):
                continue

    async def _kill(self, when: str) -> bool:
        done: asyncio.Future[tuple[str, str]] = asyncio.get_running_loop().create_future()

        def answered(key: str, port: int) -> bool:
            """Take the next answer, if it is known to whom it goes."""
            name = self.stack.worker_at(port)
            if name is not None and not done.done():
                self.models.sent = lambda: self._sent(when, key, name, done)
            return name is not None

        self.models.answers = answered
        key, name = await done
        if when == BEFORE:
            return True
        if not await asyncio.to_thread(self._committed, key):
            return False
        self._end(key, name)
        return True

    def _sent(self, when: str, key: str, name: str, done: "asyncio.Future[tuple[str, str]]") -> None:
        if when == BEFORE:
            self._end(key, name)
        done.set_result((key, name))

    def _end(self, key: str, name: str) -> None:
        self.stack.end(name)
        self.killed.append((key, time.time()))

    def _committed(self, key: str) -> bool:
        """Wait for the commit of a call's answer; whether it came."""
        job, _, index = key.partition(":")
        values, end = (decode("job", job), int(index)), time.monotonic() + COMMIT_S
        while time.monotonic() < end:
            with suppress(psycopg.OperationalError):
                if any(ask(self.stack, each, (COMMITTED, values))[0] for each in self.tenants):
                    return True
        return False

    def fell(self) -> Mapping[str, int]:
        """How many kills fell before the commit, so that the call came again, and how many after it."""
        again = (any(at > moment for at in self.models.asked[key]) for key, moment in self.killed)
        return Counter(BEFORE if each else AFTER for each in again)
