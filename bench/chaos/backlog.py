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
from workers.jobs.fair_queue import MAX_WAITING_OF_KEY
from workers.jobs.runner import EACH, KEYS_AT_ONCE, WINDOW

ORGANIZATIONS = 100
KEYS_OF_ORGANIZATION = 10
# The share of one key in all that is due.
BIG = 0.9
LOOKS = 20
QUEUE = "webhooks"
INSERT = (
    "insert into jobs (org_id, id, function, subject_id, concurrency_key, queue, run_at, state, attempt, claim_no)"
    " select %(org)s, gen_random_uuid(), 'WEBHOOK_DELIVERY', gen_random_uuid(), key, 'webhooks',"
    " now() - random() * interval '1 hour', 'QUEUED', 0, 0"
    " from unnest(%(keys)s::uuid[]) as key, generate_series(1, %(each)s)"
)


def _fill(url: str, number: int) -> list[due.OrgKey]:
    """So many due jobs: most in one key, the rest shared by the others. The keys."""
    small = round(number * (1 - BIG) / (ORGANIZATIONS * KEYS_OF_ORGANIZATION))
    found: list[due.OrgKey] = []
    with psycopg.connect(url) as connection:
        for index in range(ORGANIZATIONS):
            org, keys = new_uuid(), [new_uuid() for _ in range(KEYS_OF_ORGANIZATION)]
            connection.execute("select set_config('app.org_id', %s, true)", [str(org)])
            connection.execute(INSERT, {"org": org, "keys": keys, "each": small})
            if not index:
                connection.execute(INSERT, {"org": org, "keys": keys[:1], "each": round(number * BIG)})
            found += [(org, key) for key in keys]
    return found


async def _median(look: Callable[[], Awaitable[object]]) -> float:
    """The median of several looks, in milliseconds."""
    took = []
    for _ in range(LOOKS):
        started = time.perf_counter()
        await look()
        took.append(time.perf_counter() - started)
    return statistics.median(took) * 1000


async def _looks(runtime: Runtime, keys: list[due.OrgKey]) -> dict[str, float]:
    middle: tuple[UUID, UUID] = sorted(keys)[len(keys) // 2]
    return {
        "the oldest": await _median(lambda: due.due(runtime, [QUEUE], WINDOW)),
        "some of each key": await _median(lambda: due.due_by_key(runtime, QUEUE, due.START, KEYS_AT_ONCE, EACH)),
        "some of each key, from the middle": await _median(
            lambda: due.due_by_key(runtime, QUEUE, middle, KEYS_AT_ONCE, EACH)
        ),
        "more of some keys": await _median(
            lambda: due.due_of_keys(runtime, QUEUE, keys[:KEYS_OF_ORGANIZATION], MAX_WAITING_OF_KEY)
        ),
    }


async def measure(number: int) -> dict[str, dict[str, float]]:
    """The median look of each kind, before PostgreSQL has analyzed and after."""
    with database() as environment:
        keys = _fill(environment["DATABASE_URL"], number)
        async with running(settings_of(environment)) as runtime:
            fresh = await _looks(runtime, keys)
        with psycopg.connect(environment["MIGRATION_DATABASE_URL"], autocommit=True) as connection:
            connection.execute("vacuum analyze jobs")
        async with running(settings_of(environment)) as runtime:
            return {"not analyzed": fresh, "analyzed": await _looks(runtime, keys)}


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
