"""What the sweep's statements cost at a million due jobs: `python -m bench.chaos.backlog`."""

import argparse
import statistics
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

import psycopg
import uvloop

from bench.server import database, settings_of
from models.typeid import new_uuid
from resolvers.database.runtime import Runtime
from resolvers.jobs import due
from server.wiring import running
from workers.runner import EACH, LANES, WINDOW
from workers.turns import WAITING_LANE

ORGANIZATIONS = 100
LANES_EACH = 10
# The share of one lane in all that is due.
BIG = 0.9
LOOKS = 20
INSERT = (
    "insert into jobs (org_id, id, kind, subject_id, lane, queue, run_at, state, attempt, claim_no)"
    " select %(org)s, gen_random_uuid(), 'WEBHOOK_DELIVERY', gen_random_uuid(), lane, 'webhooks',"
    " now() - random() * interval '1 hour', 'QUEUED', 0, 0"
    " from unnest(%(lanes)s::uuid[]) as lane, generate_series(1, %(each)s)"
)


def _fill(url: str, number: int) -> list[due.Lane]:
    """So many due jobs: most in one lane, the rest shared by the others. The lanes."""
    small = round(number * (1 - BIG) / (ORGANIZATIONS * LANES_EACH))
    found: list[due.Lane] = []
    with psycopg.connect(url) as connection:
        for index in range(ORGANIZATIONS):
            org, lanes = new_uuid(), [new_uuid() for _ in range(LANES_EACH)]
            connection.execute("select set_config('app.org_id', %s, true)", [str(org)])
            connection.execute(INSERT, {"org": org, "lanes": lanes, "each": small})
            if not index:
                connection.execute(INSERT, {"org": org, "lanes": lanes[:1], "each": round(number * BIG)})
            found += [(org, lane) for lane in lanes]
    return found


async def _median(look: Callable[[], Awaitable[object]]) -> float:
    """The median of several looks, in milliseconds."""
    took = []
    for _ in range(LOOKS):
        started = time.perf_counter()
        await look()
        took.append(time.perf_counter() - started)
    return statistics.median(took) * 1000


async def _looks(runtime: Runtime, lanes: list[due.Lane]) -> dict[str, float]:
    middle: tuple[UUID, UUID] = sorted(lanes)[len(lanes) // 2]
    return {
        "the oldest": await _median(lambda: due.due(runtime, WINDOW)),
        "some of each lane": await _median(lambda: due.due_by_lane(runtime, due.START, LANES, EACH)),
        "some of each lane, from the middle": await _median(lambda: due.due_by_lane(runtime, middle, LANES, EACH)),
        "more of some lanes": await _median(lambda: due.due_of(runtime, lanes[:LANES_EACH], WAITING_LANE)),
    }


async def measure(number: int) -> dict[str, dict[str, float]]:
    """The median look of each kind, before PostgreSQL has analyzed and after."""
    with database() as environment:
        lanes = _fill(environment["DATABASE_URL"], number)
        async with running(settings_of(environment)) as runtime:
            fresh = await _looks(runtime, lanes)
        with psycopg.connect(environment["MIGRATION_DATABASE_URL"], autocommit=True) as connection:
            connection.execute("vacuum analyze jobs")
        async with running(settings_of(environment)) as runtime:
            return {"not analyzed": fresh, "analyzed": await _looks(runtime, lanes)}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.chaos.backlog", description=__doc__)
    parser.add_argument("--jobs", type=int, default=1_000_000, help="how many jobs are due")
    found = uvloop.run(measure(parser.parse_args().jobs))
    print("| look | not analyzed, ms | analyzed, ms |\n|---|--:|--:|")
    for look, fresh in found["not analyzed"].items():
        print(f"| {look} | {fresh:.1f} | {found['analyzed'][look]:.1f} |")


if __name__ == "__main__":
    main()
