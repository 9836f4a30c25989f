"""`python -m bench.chaos`: kills and hostile servers under a load of changes, and what became of each change."""

import argparse
import asyncio
import json
import random
import secrets
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import uvloop

from bench.chaos import controls, tenants
from bench.chaos.accounts import two_bodies, verified, wrong
from bench.chaos.answers import Answers
from bench.chaos.changes import Connection
from bench.chaos.injuries import Counts, bursts, injure
from bench.chaos.journal import Journal
from bench.chaos.listeners import Listener, healthy, hostile, listening, ways
from bench.chaos.load import Unexpected
from bench.chaos.models import Models
from bench.chaos.report import RECOVERY_S, Report, shown
from bench.chaos.stack import WORKERS, Stack, moment, standing
from bench.chaos.stored import DRAIN_S, drained, stored_of
from bench.chaos.worked import astray, worked_of

CONNECTIONS = 8
QUIET_S = 5.0
LINES = 5
# Of each option: what a short run has, what one has without it, and what a full one has.
DEFAULTS: dict[str, tuple[float, float, float, str]] = {
    "workers": (2, 10, 100, "how often a worker is killed"),
    "postgres": (1, 3, 20, "how often PostgreSQL is killed"),
    "valkey": (1, 3, 20, "how often Valkey is killed, and how often it is flushed"),
    "others": (
        1,
        1,
        5,
        "how often a backend, the API and a worker at a commit are killed, PostgreSQL and Valkey stopped",
    ),
    "burst": (3, 3, 8, "how many injuries follow each other before everything is to recover"),
    # Workers load the libraries of models and charts with the first jobs that need them.
    "warm": (2, 15, 15, "seconds of load before it is measured"),
    "calm": (3, 20, 120, "seconds without injuries, before hostile servers are there and then beside them"),
    "pause": (0.5, 0.4, 0.4, "seconds between a connection's changes"),
    "patience": (2, RECOVERY_S, RECOVERY_S, "seconds that a burst waits for the recovery from the one before"),
}


def _note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


async def _calm(seconds: float) -> tuple[float, float]:
    began = moment()
    await asyncio.sleep(seconds)
    return began, moment()


async def _injured(stack: Stack, others: Sequence[Listener], arguments: argparse.Namespace, report: Report) -> None:
    """Let the load run alone, beside hostile servers, and while everything is injured."""
    await asyncio.sleep(arguments.warm)
    alone = await _calm(arguments.calm)
    await tenants.surround(stack, report.tenants[0], others, list(report.models.ways))
    await asyncio.sleep(QUIET_S)
    report.calm = alone, await _calm(arguments.calm)
    counts = Counts(**{name: getattr(arguments, name) for name in ("workers", "postgres", "valkey", "others")})
    report.asked = tuple(name for name, number in counts.by_name().items() if number)
    choice = random.Random(arguments.seed)

    async def recovered(since: float) -> None:
        await report.recovered(stack, since, arguments.patience)

    report.answers = answers = Answers(stack, report.tenants, report.models)
    async for injury in injure(stack, answers, bursts(counts, arguments.burst, choice), choice, recovered):
        report.injuries.append(injury)
    with suppress(TimeoutError):
        await asyncio.wait_for(report.models.all_asked.wait(), DRAIN_S)
    await asyncio.sleep(QUIET_S)


async def _drive(stack: Stack, others: Sequence[Listener], arguments: argparse.Namespace, report: Report) -> None:
    """The load and the injuries; afterwards what waits is done."""
    stopping = asyncio.Event()
    run = secrets.token_hex(4)
    connections = []
    for number in range(CONNECTIONS):
        tenant = report.tenants[number % len(report.tenants)]
        choice = random.Random(f"{arguments.seed}:{number}")
        name = f"{run}-{number}"
        connections.append(Connection(tenant, stack.base, name, report.journal, arguments.pause, choice))
    tasks = [asyncio.create_task(each.run(stopping)) for each in connections]
    try:
        await _injured(stack, others, arguments, report)
    finally:
        stopping.set()
        for error in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(error, BaseException) and not isinstance(error, Unexpected | TimeoutError):
                raise error
    await stack.ready()
    await tenants.disable(stack, report.tenants[0])
    report.drained = await drained(stack, report.tenants, DRAIN_S + 2 * arguments.lease)


async def _account(stack: Stack, report: Report) -> None:
    """Hold what was acknowledged and heard against what there is, while the stack still stands."""
    for tenant in report.tenants:
        for line in (unlike := await controls.unlike(stack, tenant, report.journal)):
            _note(f"{tenant.name}: {line}")
        report.wrong["reports that do not agree"] += len(unlike)
    # The events of these reports are on their way.
    await drained(stack, report.tenants, DRAIN_S)
    for tenant in report.tenants:
        stored, worked = stored_of(stack, tenant), worked_of(stack, tenant)
        report.wrong.update(wrong(report.journal, tenant, stored))
        report.wrong.update(astray(report.models, stored, worked))
        for name, listed in worked.successes.items():
            report.successes[name] += listed
        holds = stored.sealed and await asyncio.to_thread(verified, stack, tenant)
        report.wrong["audit logs that do not hold"] += int(not holds)
    report.wrong["deliveries with two bodies"] = two_bodies(report.listeners)


async def _chaos(arguments: argparse.Namespace) -> Report:
    elsewhere = healthy("elsewhere")
    receivers = [healthy(name) for name in tenants.NAMES]
    async with AsyncExitStack() as opened:
        await opened.enter_async_context(listening(elsewhere, *receivers))
        others, models = hostile(elsewhere.url), Models(ways(elsewhere.url))
        await opened.enter_async_context(listening(*others, models))
        # What starts the processes is this thread: they end with it.
        stack = opened.enter_context(standing(arguments.lease, {"OPENAI_BASE_URL": models.base_url}, _note))
        await stack.ready()
        found = await tenants.create(stack, receivers, list(models.ways))
        report = Report(Journal(), found, [*receivers, *others], models)
        watching = asyncio.create_task(stack.watch())
        try:
            await _drive(stack, others, arguments, report)
            await _account(stack, report)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        report.wrong["redirects followed"] = elsewhere.asked
        if report.failed:
            for line in report.journal.refused[:LINES]:
                _note(line)
            for name in ("api", *WORKERS):
                for line in stack.last_words(name):
                    _note(f"{name}: {line}")
    return report


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.chaos",
        description="Kill and stop every part under a load of changes, and account for each change, job and delivery.",
    )
    for name, (short, usual, full, what) in DEFAULTS.items():
        said = f"{what} (default {usual:g}; --short {short:g}, --full {full:g})"
        parser.add_argument(f"--{name}", type=type(usual), help=said)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--short", action="store_true", help="every kill and stop once or twice, in two minutes")
    length.add_argument("--full", action="store_true", help="a long run, which fails also where it is too slow")
    parser.add_argument("--seed", type=int, default=1, help="decides the order of changes and injuries (default 1)")
    parser.add_argument("--json", type=Path, help="also write the figures into this file")
    parser.add_argument("--lease", type=float, default=6.0, help="LEASE_SECONDS of the workers (default 6)")
    return parser


def main() -> None:
    """Injure, account and print; 1 when an account is not 0 or something was never met, or a full run is too slow."""
    arguments = _parser().parse_args()
    for name, (short, usual, full, _) in DEFAULTS.items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, short if arguments.short else full if arguments.full else usual)
    report = uvloop.run(_chaos(arguments))
    print(shown(report))
    if arguments.json:
        figures: dict[str, Any] = report.figures()
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    sys.exit(1 if report.failed or (arguments.full and report.slow) else 0)


if __name__ == "__main__":
    main()
