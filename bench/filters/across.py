"""Measures what lists of a million orders need of other tables: ``python -m bench.filters.across``.

Orders by their client's name, orders that are searched across client and service; beside them tags, and messages that
were not read.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg

from bench.filters.__main__ import TIME_OUT_MS, timed
from bench.filters.data import FRESH, LARGE, analyze, fill
from bench.filters.lists import LISTS
from bench.server import database, settings_of
from models.actors import ActorKind
from models.typeid import new_uuid
from resolvers.actor import Actor
from resolvers.database.runtime import Runtime
from schema.requests.engine import Engine
from server.wiring import running

SIZE = replace(
    LARGE, messages=1_000, tickets=1_000, replies=0, submissions=0, audit_entries=0, deliveries=0, invoices=1_000,
    subscriptions=1_000, agent_jobs=0, report_rows=0, failed_jobs=0,
)  # fmt: skip
# Each order has one of 500 tags more; the newest hundred have 200 messages.
MORE = (
    """insert into tag_uses (org_id, resource, tag, subject_id)
select org_id, 'order', 'tag ' || number %% 500, id from orders where org_id = %s""",
    """insert into messages (org_id, id, version, updated_at, order_id, author_kind, author_name, body, visibility,
 attachments) select org_id, gen_random_uuid(), 1, now(), id, 'STAFF', 'Ada', 'Hello', 'PUBLIC', '[]'
from (select * from orders where org_id = %s order by id desc limit 100) as newest, generate_series(1, 200)""",
)
# Filters of orders by their client's name.
NAMED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("all", {}),
    ("1 in 10", {"status": {"eq": "PENDING"}}),
    ("1 in 100", {"total": {"gt": 990_000}}),
    ("1 in 10,000", {"status": {"eq": "REVISION_REQUESTED"}}),
    ("none", {"status": {"eq": "CANCELLED"}}),
    ("of 1 in 10 clients", {"client": {"status": {"eq": "LEAD"}}}),
)
TERMS = ("client", "service", "100", "7", "company 7", "service 100", "org 5", "nothing")


def _across(terms: str) -> dict[str, Any]:
    """A filter that finds each term in the words of an order, of its client or of its service."""
    some = [{"or": [{"search": t}, {"client": {"search": t}}, {"service": {"search": t}}]} for t in terms.split()]
    return {"and": some}


def _documents() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield what is asked, a document and its variables."""
    yield "tags, 20", "{ orderTags { tag count } }", {}
    yield "tags, 100", "{ orderTags(first: 100) { tag count } }", {}
    yield "tags, 20 of a beginning", '{ orderTags(startsWith: "tag 4") { tag count } }', {}
    yield "unread, 100 orders", "{ orders(first: 100) { nodes { unreadMessages } } }", {}
    for direction in ("ASC", "DESC"):
        for what, filter_ in NAMED:
            order = {"o": [{"field": "CLIENT_NAME", "direction": direction}], "f": filter_}
            yield f"by name {direction}, {what}", LISTS["orders"].text("orders", "CLIENT_NAME"), order
    for field in ("CREATED_AT", "TOTAL"):
        for direction in ("DESC", "ASC"):
            for terms in TERMS:
                order = {"o": [{"field": field, "direction": direction}], "f": _across(terms)}
                yield f"search {terms!r} by {field} {direction}", LISTS["orders"].text("orders", field), order


async def _measured(runtime: Runtime, actor: Actor, known: str) -> None:
    engine = Engine()
    for name, text, variables in _documents():
        prepared = engine.measure(text, None, variables)
        engine.validate(prepared, None)
        tries = [await timed(runtime, actor, engine, prepared) for _ in range(2)]
        refused = "refused" if tries[0][1] else ""
        print(f"| {known} | {name} | {min(time for time, _ in tries):.1f} | {refused} |", flush=True)


async def _main() -> None:
    org_id = new_uuid()
    actor = Actor(ActorKind.CLI, "bench", "bench", frozenset({"*"}), org_id)
    with database() as environment:
        owner = environment["MIGRATION_DATABASE_URL"]
        settings = settings_of(environment | {"STATEMENT_TIMEOUT_MS": f"{TIME_OUT_MS}"})
        fill(owner, new_uuid(), FRESH)
        analyze(owner)
        fill(owner, org_id, SIZE)
        with psycopg.connect(owner) as connection:
            connection.execute("select set_config('app.org_id', %s, true)", [str(org_id)])
            for statement in MORE:
                connection.execute(statement, [org_id])
        print("| statistics | what | ms | |\n|---|---|---:|---|", flush=True)
        for known in ("fresh", "analyzed"):
            async with running(settings, min_size=1, max_size=1) as runtime:
                await _measured(runtime, actor, known)
            analyze(owner)


if __name__ == "__main__":
    asyncio.run(_main())
