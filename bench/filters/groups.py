"""Measures the groups of a million orders and invoices, beside their counts: ``python -m bench.filters.groups``."""

import argparse
import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bench.filters.__main__ import TIME_OUT_MS, timed
from bench.filters.cases import cases
from bench.filters.data import FRESH, LARGE, Size, analyze, fill
from bench.filters.lists import COUNT, LISTS
from bench.server import database, settings_of
from models.actors import ActorKind
from models.typeid import new_uuid
from resolvers.actor import Actor
from resolvers.database.runtime import Runtime
from schema.requests.engine import Engine
from server.wiring import running

GROUPS = {
    "orders": "query ($f: OrderFilter) { orderCounts(filter: $f) { status count } }",
    "invoices": "query ($f: InvoiceFilter) { invoiceTotals(filter: $f) { status currency count total amountPaid } }",
}
# Their own rows at their number, and of the others what their filters lead to.
SIZE = replace(
    LARGE, tickets=50_000, replies=0, submissions=0, audit_entries=0, deliveries=0, messages=200_000, agent_jobs=0,
    report_rows=0, failed_jobs=0,
)  # fmt: skip


def _asked(size: Size, only: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield list, filter and how many rows it matches; first without a filter."""
    for listed in GROUPS:
        yield listed, "no filter", {}
    for case in cases(size):
        if case.listed in GROUPS and only in f"{case.listed} {case.name} {case.matches}":
            yield case.listed, f"{case.name} | {case.matches}", case.filter


async def _least(runtime: Runtime, actor: Actor, text: str, filter_: dict[str, Any]) -> float:
    engine = Engine()
    prepared = engine.measure(text, None, {"f": filter_})
    engine.validate(prepared, None)
    return min([(await timed(runtime, actor, engine, prepared))[0] for _ in range(2)])


async def _main(only: str) -> None:
    org_id = new_uuid()
    actor = Actor(ActorKind.CLI, "bench", "bench", frozenset({"*"}), org_id)
    with database() as environment:
        owner = environment["MIGRATION_DATABASE_URL"]
        settings = settings_of(environment | {"STATEMENT_TIMEOUT_MS": f"{TIME_OUT_MS}"})
        fill(owner, new_uuid(), FRESH)
        analyze(owner)
        fill(owner, org_id, SIZE)
        print("| statistics | list | filter | matches | count, ms | groups, ms |\n|---|---|---|---|---:|---:|")
        for known in ("fresh", "analyzed"):
            async with running(settings, min_size=1, max_size=1) as runtime:
                for listed, name, filter_ in _asked(SIZE, only):
                    count = await _least(runtime, actor, LISTS[listed].text(listed, COUNT), filter_)
                    groups = await _least(runtime, actor, GROUPS[listed], filter_)
                    print(f"| {known} | {listed} | {name} | {count:.0f} | {groups:.0f} |", flush=True)
            analyze(owner)


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.filters.groups", description="Measure groups and counts.")
    parser.add_argument("--only", default="", help="cases whose names hold this text")
    asyncio.run(_main(parser.parse_args().only))


if __name__ == "__main__":
    main()
