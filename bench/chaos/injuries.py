"""What is done to the stack while the load runs."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass

from bench.chaos.answers import AFTER, BEFORE, Answers
from bench.chaos.stack import WORKERS, Stack, moment

PAUSE_S = (1.0, 2.5)
FROZEN_S = (1.0, 2.0)
BACKEND_S = 10.0


@dataclass(frozen=True, slots=True)
class Injury:
    """One kill or stop: what it is, and when it was done (a stop: when it was over).

    ``last`` is whether it was the last of a burst, after which everything had time to recover.
    """

    name: str
    at: float
    last: bool = True


@dataclass(frozen=True, slots=True)
class Counts:
    """How often each is injured: workers, PostgreSQL, Valkey (killed so often, and flushed), and what else there is."""

    workers: int
    postgres: int
    valkey: int
    others: int

    def by_name(self) -> dict[str, int]:
        """The number of each injury."""
        return {
            "SIGKILL worker": self.workers,
            "SIGKILL postmaster": self.postgres,
            "SIGKILL Valkey": self.valkey,
            "FLUSHALL Valkey": self.valkey,
            "SIGKILL a backend": self.others,
            f"SIGKILL worker {BEFORE}": self.others,
            f"SIGKILL worker {AFTER}": self.others,
            "SIGKILL API": self.others,
            "SIGSTOP PostgreSQL": self.others,
            "SIGSTOP Valkey": self.others,
        }


INJURIES = tuple(Counts(1, 1, 1, 1).by_name())
_KILLED: Mapping[str, tuple[str, ...]] = {
    "worker": WORKERS, "postmaster": ("postgres",), "Valkey": ("valkey",), "API": ("api",),
}  # fmt: skip
_FROZEN = {"PostgreSQL": "postgres", "Valkey": "valkey"}


async def _injure(stack: Stack, answers: Answers, name: str, choice: random.Random) -> None:
    signal, _, what = name.partition(" ")
    if signal == "FLUSHALL":
        await stack.flush()
    elif signal == "SIGSTOP":
        go_on = stack.freeze(_FROZEN[what])
        try:
            await asyncio.sleep(choice.uniform(*FROZEN_S))
        finally:
            go_on()
    elif what in _KILLED:
        await stack.kill(*choice.sample(_KILLED[what], len(_KILLED[what])))
    elif what.startswith("worker "):
        await answers.kill(what.removeprefix("worker "))
    else:
        async with asyncio.timeout(BACKEND_S):
            while not stack.kill_backend(choice):  # noqa: ASYNC110 - another process's state has no event
                await asyncio.sleep(0.01)


def bursts(counts: Counts, size: int, choice: random.Random) -> list[list[str]]:
    """The injuries by chance in bursts of about so many. Each of them is the last of a burst at least once."""
    numbers = counts.by_name()
    last = [name for name, number in numbers.items() if number]
    rest = [name for name, number in numbers.items() for _ in range(number - 1)]
    choice.shuffle(rest)
    number = max(len(last), -(-sum(numbers.values()) // size))
    last, rest = [*last, *rest[: number - len(last)]], rest[number - len(last) :]
    choice.shuffle(last)
    return [[*rest[index::number], name] for index, name in enumerate(last)]


async def injure(
    stack: Stack, answers: Answers, listed: list[list[str]], choice: random.Random,
    recovered: Callable[[float], Awaitable[None]],
) -> AsyncIterator[Injury]:  # fmt: skip
    """Injure the stack, each time once the API is ready again, and after each burst once everything has recovered."""

    async def done(name: str, *, last: bool) -> Injury:
        await asyncio.sleep(choice.uniform(*PAUSE_S))
        await _injure(stack, answers, name, choice)
        made = Injury(name, moment(), last)
        await stack.ready()
        return made

    for *before, name in listed:
        for each in before:
            yield await done(each, last=False)
        ending = await done(name, last=True)
        yield ending
        await recovered(ending.at)
