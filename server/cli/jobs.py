"""The bodies of the commands on an organization's jobs."""

import argparse
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import TypeVar

from models.agent_jobs import AGENT_JOB
from models.jobs import JOB, JobFunction, JobQueue, JobState
from models.typeid import created_at, decode, encode
from resolvers.collections.rows import Key
from resolvers.context import Context, Row
from resolvers.database.runtime import Runtime
from resolvers.jobs import loaders, mutations
from server.cli.console import say, say_table, time_cell
from server.cli.data import context_of, run_work
from server.errors import WrongCall

HEADERS = ("ID", "FUNCTION", "QUEUE", "STATE", "ATTEMPT", "DUE", "FINISHED", "ERROR", "SUBJECT")
SHOWN, MOST = 100, 10_000
E = TypeVar("E", bound=StrEnum)


def list_some(arguments: argparse.Namespace) -> int:
    """Print an organization's newest jobs as a table."""
    state = _member(JobState, arguments.state, "--state", "state")
    queue = _member(JobQueue, arguments.queue, "--queue", "queue")
    function = _member(JobFunction, arguments.function, "--function", "function")
    most = _limit(arguments.limit)

    async def work(runtime: Runtime) -> Sequence[Row]:
        ctx = await context_of(runtime, arguments.org)
        async with ctx.snapshot():
            return await loaders.listed(ctx, most, state=state, queue=queue, function=function)

    say_table([HEADERS, *map(_cells, run_work(work))])
    return 0


def show(arguments: argparse.Namespace) -> int:
    """Print what is known of a job, a line for each fact."""
    key = _key(arguments.id)

    async def work(runtime: Runtime) -> Row:
        ctx = await context_of(runtime, arguments.org)
        async with ctx.snapshot():
            return await loaders.find(ctx, key)

    row = run_work(work)
    facts = {
        "created": time_cell(created_at(row["id"]), ""),
        "claims": str(row["claim_no"]),
        "lease until": time_cell(row["lease_until"], "none"),
    }
    cells = zip((name.lower() for name in HEADERS), _cells(row), strict=True)
    for name, value in [*cells, *facts.items()]:
        say(f"{name:<13}{value}".rstrip())
    return 0


def retry(arguments: argparse.Namespace) -> int:
    """Queue a failed job again."""
    _change(arguments, mutations.retry)
    say(f"queued {arguments.id}")
    return 0


def cancel(arguments: argparse.Namespace) -> int:
    """Cancel a QUEUED job."""
    _change(arguments, mutations.cancel)
    say(f"cancelled {arguments.id}")
    return 0


def _change(arguments: argparse.Namespace, change: Callable[[Context, Key], Awaitable[Row]]) -> None:
    key = _key(arguments.id)

    async def work(runtime: Runtime) -> None:
        ctx = await context_of(runtime, arguments.org)
        async with ctx.transaction():
            await change(ctx, key)

    run_work(work)


def _key(text: str) -> Key:
    """Return the key of a worker's job. Raises WrongCall for the ID of an agent's job, which is called a job too."""
    if decode(AGENT_JOB.prefix, text) is not None:
        raise WrongCall(
            f"--id: {text} is an agent's job: see `agentJob` of the API; IDs of workers' jobs begin with {JOB.prefix}_"
        )
    return Key(text)


def _member(members: type[E], text: str | None, option: str, noun: str) -> E | None:
    """Return the member that an option names, in capitals or not. Raises WrongCall."""
    found = next((each for each in members if text is not None and each.casefold() == text.casefold()), None)
    if text is not None and found is None:
        raise WrongCall(f"{option}: there is no {noun} {text!r}, only {', '.join(members)}")
    return found


def _limit(text: str | None) -> int:
    if text is None:
        return SHOWN
    if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) <= MOST):
        raise WrongCall(f"--limit: must be a number from 1 to {MOST}")
    return int(text)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        encode(JOB.prefix, row["id"]),
        row["function"],
        row["queue"],
        row["state"],
        str(row["attempt"]),
        time_cell(row["run_at"], ""),
        time_cell(row["finished_at"], "-"),
        row["error_code"] or "none",
        loaders.subject_of(row),
    )
