"""What is done to the stack while the load runs."""

import asyncio
import random
from dataclasses import dataclass

from bench.chaos.stack import Stack, moment

PAUSE_S = (1.0, 2.5)
FROZEN_S = (1.0, 2.0)
BACKEND_S = 10.0


@dataclass(frozen=True, slots=True)
class Injury:
    """One kill or stop: what it is, and when it was done (a stop: when it was over)."""

    name: str
    at: float


INJURIES = (
    "SIGKILL worker",
    "SIGKILL postmaster",
    "SIGKILL a backend",
    "SIGKILL Valkey",
    "SIGKILL API",
    "SIGSTOP PostgreSQL",
    "SIGSTOP Valkey",
)
_KILLED = {"worker": "worker", "postmaster": "postgres", "Valkey": "valkey", "API": "api"}
_FROZEN = {"PostgreSQL": "postgres", "Valkey": "valkey"}


async def _injure(stack: Stack, name: str, choice: random.Random) -> Injury:
    signal, _, what = name.partition(" ")
    if signal == "SIGSTOP":
        go_on = stack.freeze(_FROZEN[what])
        try:
            await asyncio.sleep(choice.uniform(*FROZEN_S))
        finally:
            go_on()
    elif what in _KILLED:
        stack.kill(_KILLED[what])
    else:
        async with asyncio.timeout(BACKEND_S):
            while not stack.kill_backend(choice):  # noqa: ASYNC110 - another process's state has no event
                await asyncio.sleep(0.01)
    return Injury(name, moment())


async def injure(stack: Stack, seconds: float, choice: random.Random) -> list[Injury]:
    """Injure the stack for so many seconds, in rounds of all of them, the next one once the API is ready again.

    The first round is always done whole.
    """
    done: list[Injury] = []
    end = moment() + seconds
    while True:
        for name in choice.sample(INJURIES, len(INJURIES)):
            if len(done) >= len(INJURIES) and moment() > end:
                return done
            await asyncio.sleep(choice.uniform(*PAUSE_S))
            done.append(await _injure(stack, name, choice))
            await stack.ready()
