"""Measures every filter in every order in a large organization: ``python -m bench.filters``."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

from bench.filters.cases import Case, cases
from bench.filters.data import FRESH, LARGE, Size, analyze, fill
from bench.filters.ids import id_of
from bench.filters.lists import COUNT, LISTS
from bench.server import database, settings_of
from models.actors import ActorKind, Source
from models.typeid import new_uuid
from resolvers.actor import Actor
from resolvers.context import Context
from resolvers.database.runtime import Runtime
from resolvers.database.sql import Sql
from schema.requests.engine import Engine
from schema.requests.prepared import Prepared
from server.wiring import running

BOUND_MS = 100.0
TIME_OUT_MS = 20_000


@dataclass(frozen=True, slots=True)
class Figure:
    """One filter in one order: the time of its prepared statement, and whether the page was refused."""

    case: Case
    order: str
    milliseconds: float
    refused: bool


class _Probe(Context):
    """A context that takes the time of its last statement in ``milliseconds``."""

    milliseconds = 0.0

    async def run(self, sql: Sql, arguments: Sequence[Any]) -> list[Any]:
        """Run a statement."""
        assert self._transaction is not None, "a snapshot is open"
        link = self._transaction.connection
        used = _clock_of(link.get_server_pid())
        started = used()
        try:
            return await super().run(sql, arguments)
        finally:
            self.milliseconds = used() - started


def _clock_of(process: int) -> Callable[[], float]:
    """What reads the milliseconds that a process of this machine has computed, which other work on it does not
    lengthen; of another machine's the time."""
    scheduled = Path(f"/proc/{process}/schedstat")
    if scheduled.exists() and b"postgres" in Path(f"/proc/{process}/cmdline").read_bytes():
        return lambda: int(scheduled.read_text(encoding="ascii").split()[0]) / 1e6
    return lambda: perf_counter() * 1e3


def _asked(size: Size, only: str) -> Iterator[tuple[Case, str, dict[str, Any]]]:
    for case in cases(size):
        if only in f"{case.listed} {case.name} {case.matches}":
            for field in LISTS[case.listed].sort_fields:
                for direction in ("DESC", "ASC"):
                    yield case, f"{field} {direction}", {"o": [{"field": field, "direction": direction}]}
            yield case, COUNT, {}


async def measure(runtime: Runtime, org_id: UUID, size: Size, only: str) -> list[Figure]:
    """Each filter of each list in each order, and its count."""
    actor = Actor(ActorKind.CLI, "bench", "bench", frozenset({"*"}), org_id)
    engine = Engine()
    found = []
    for case, order, variables in _asked(size, only):
        parent = LISTS[case.listed].parent
        given = variables | {"f": case.filter} | ({} if parent is None else {"id": id_of(*parent, 1)})
        prepared = engine.measure(LISTS[case.listed].text(case.listed, order), None, given)
        engine.validate(prepared, None)
        # Once to prepare it, which is all for a slow count, and up to three times to take its time.
        least, refused = await timed(runtime, actor, engine, prepared)
        if order != COUNT or least < 2 * BOUND_MS:
            for _ in range(3):
                least = min(least, (await timed(runtime, actor, engine, prepared))[0])
                if least < BOUND_MS / 2:
                    break
        found.append(Figure(case, order, least, refused))
    return found


async def timed(runtime: Runtime, actor: Actor, engine: Engine, prepared: Prepared) -> tuple[float, bool]:
    """The milliseconds of an operation's last statement, and whether it was refused."""
    ctx = _Probe(runtime, actor, "bench", Source.CLI)
    response = await engine.run(ctx, prepared)
    codes = [error["extensions"]["code"] for error in response.errors]
    assert codes in ([], ["QUERY_TOO_SLOW"]), response.errors
    return ctx.milliseconds, bool(codes)


@dataclass(slots=True)
class Worst:
    """Of a case the slowest order with its milliseconds, the milliseconds of its count, and how many orders were
    refused."""

    slowest: float = 0.0
    order: str = ""
    count: float = 0.0
    refused: int = 0


def _worst(found: list[Figure]) -> dict[tuple[str, str, str], Worst]:
    worst: dict[tuple[str, str, str], Worst] = {}
    for each in found:
        key = (each.case.listed, each.case.name, each.case.matches)
        one = worst.setdefault(key, Worst())
        if each.order == COUNT:
            one.count = each.milliseconds
            continue
        one.refused += each.refused
        if each.milliseconds > one.slowest:
            one.slowest, one.order = each.milliseconds, each.order
    return worst


def _summary(title: str, found: list[Figure]) -> str:
    pages = [each for each in found if each.order != COUNT]
    times = sorted(each.milliseconds for each in pages)
    counts = sorted(each.milliseconds for each in found if each.order == COUNT)
    slow, slow_counts = (sum(time > BOUND_MS for time in some) for some in (times, counts))
    refused = sum(each.refused for each in pages)
    return (
        f"{title}: {len(times)} pages, median {times[len(times) // 2]:.1f} ms, slowest {times[-1]:.0f} ms, {slow} over"
        f" {BOUND_MS:g} ms, {refused} refused; {len(counts)} counts, median {counts[len(counts) // 2]:.1f} ms, slowest"
        f" {counts[-1]:.0f} ms, {slow_counts} over {BOUND_MS:g} ms."
    )


def table(fresh: list[Figure], analyzed: list[Figure]) -> str:
    """A row for each filter: its slowest order before and after PostgreSQL has statistics, and its count."""
    before, after = _worst(fresh), _worst(analyzed)
    lines = [
        _summary("Without statistics", fresh), "", _summary("Analyzed", analyzed), "",
        "| list | filter | matches | page, fresh | analyzed | slowest order | refused | count, fresh | analyzed |",
        "|---|---|---|---:|---:|---|---:|---:|---:|",
    ]  # fmt: skip
    for key, one in before.items():
        other = after[key]
        times = f"{one.slowest:.1f} | {other.slowest:.1f} | {one.order}", f"{one.count:.1f} | {other.count:.1f}"
        refused = f"{max(one.refused, other.refused)}" if one.refused or other.refused else ""
        lines.append(f"| {' | '.join(key)} | {times[0]} | {refused} | {times[1]} |")
    return "\n".join([*lines, "", *_slow_counts([*before.items(), *after.items()])])


def _slow_counts(found: list[tuple[tuple[str, str, str], Worst]]) -> Iterator[str]:
    """The cases whose count takes longer than a page may, in a line for each list."""
    slow: dict[str, dict[str, None]] = {}
    for (listed, name, matches), one in found:
        if one.count > BOUND_MS:
            slow.setdefault(listed, {})[f"{name} ({matches})"] = None
    yield f"## Counts over {BOUND_MS:g} ms"
    yield ""
    yield from (f"- {listed}: {', '.join(names)}." for listed, names in slow.items())


async def _main(arguments: argparse.Namespace) -> None:
    size = FRESH if arguments.fresh else LARGE
    org_id = new_uuid()
    with database() as environment:
        owner = environment["MIGRATION_DATABASE_URL"]
        settings = settings_of(environment | {"STATEMENT_TIMEOUT_MS": f"{TIME_OUT_MS}"})
        # What PostgreSQL knows is another organization, which is worse than nothing.
        fill(owner, new_uuid(), FRESH)
        analyze(owner)
        print(f"== Filling an organization of {size.orders:,} orders", file=sys.stderr)
        fill(owner, org_id, size)
        async with running(settings, min_size=1, max_size=1) as runtime:
            print("== Measuring without statistics", file=sys.stderr)
            fresh = await measure(runtime, org_id, size, arguments.only)
        analyze(owner)
        async with running(settings, min_size=1, max_size=1) as runtime:
            print("== Measuring with them", file=sys.stderr)
            analyzed = await measure(runtime, org_id, size, arguments.only)
    found = table(fresh, analyzed)
    print(found)
    if arguments.write:
        arguments.write.write_text(f"{_HEAD.format(size.orders)}\n{found}\n", encoding="utf-8")


_HEAD = """# Filters at {:,} orders

The time of the prepared statement in milliseconds, as PostgreSQL's process computes it, so that other work on the
machine counts less: for each filter its slowest order, in either direction, a page of 50; before PostgreSQL has
statistics of them ("fresh": after an import) and after. Each is run once to prepare it, and then until it takes less
than 50 ms, three times at most; the least counts. A count that took more than 200 ms at first was not run again, and
what ran for 20 s was stopped. Written by `python -m bench.filters --write docs/filters.md`.

"Refused" is the number of orders, of both directions each, in which a page is QUERY_TOO_SLOW: its order leads past
20,000 rows that must be looked up in other tables, or 200,000 others, and too few of them match; 6,000 or 80,000 where
rows that follow each other in the order do not lie near each other. Why these cannot be had, and why others are, is in
[`0036`](decisions/0036-pages-that-stop.md) and [`0047`](decisions/0047-an-order-within-a-filter.md). A count has no
page to stop at, and is exact: it reads all that matches. A request that does not ask for `totalCount` does not pay for
it.
"""


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.filters", description="Measure every filter in every order.")
    parser.add_argument("--fresh", action="store_true", help="an import of 4,800 orders in place of 1,000,000")
    parser.add_argument("--only", default="", help="cases whose names hold this text")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write the table into this file")
    asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    main()
