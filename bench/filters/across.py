"""Measures what lists of a million orders would need of other tables: ``python -m bench.filters.across``.

Orders by their client's name, orders that are searched across client and service; beside them tags, and messages that
were not read.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg

from bench.filters.__main__ import TIME_OUT_MS, _clock_of, timed
from bench.filters.data import FRESH, LARGE, analyze, fill
from bench.filters.lists import LISTS
from bench.server import database, settings_of
from models.actors import ActorKind, Source
from models.typeid import new_uuid
from resolvers.actor import Actor
from resolvers.context import Context
from resolvers.database.runtime import Runtime
from resolvers.database.sql import Sql
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
# The orders of clients in the order of their names, from the index of each: what a page would read.
WALK = """select o.id from (select c.id, c.name_key from clients as c where c.org_id = $1::uuid
 order by c.name_key, c.id offset 0) as c join lateral (select o.id, o.status, o.total from orders as o
 where o.org_id = $1::uuid and o.client_id = c.id order by o.id offset 0) as o on true where {met}
order by c.name_key, c.id, o.id limit {most}"""
# All that match, with the names of their clients, sorted.
SORT = """select o.id from orders as o join lateral (select c.name_key from clients as c where c.org_id = $1::uuid
 and c.id = o.client_id offset 0) as c on true where o.org_id = $1::uuid and {met}
order by c.name_key, o.client_id, o.id limit {most}"""
# Clients without orders come first in the order, as those do whose names begin with a quote.
NO_ORDERS = """select o.id from (select c.id, c.name_key from clients as c where c.org_id = $1::uuid
 order by c.name_key, c.id limit {most}) as c join lateral (select o.id from orders as o
 where o.org_id = $1::uuid and o.client_id = c.id and o.id < '00000000-0000-0000-0000-000000000001' offset 0) as o
on true"""
NAMES = (
    ("walk, all", WALK.format(met="true", most=51)),
    ("walk, 1 in 10 (status = 'PENDING')", WALK.format(met="o.status = 'PENDING'", most=51)),
    ("walk, none (status = 'CANCELLED')", WALK.format(met="o.status = 'CANCELLED'", most=51)),
    ("walk, 1 in 100 (total)", WALK.format(met="o.total > 990000", most=51)),
    ("walk, the bound: 6,000 orders", WALK.format(met="true", most=6_000)),
    ("walk, 20,000 clients without orders", NO_ORDERS.format(most=20_000)),
    ("sort, 1 in 10,000", SORT.format(met="o.status = 'REVISION_REQUESTED'", most=51)),
    ("sort, 1 in 100", SORT.format(met="o.total > 990000", most=51)),
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
    for name, text in NAMES:
        ctx = Context(runtime, actor, "bench", Source.CLI)
        async with ctx.snapshot():
            assert ctx._transaction is not None, "a snapshot is open"
            found: list[float] = []
            rows: list[Any] = []
            for _ in range(2):
                # A statement before the first is measured: the transaction begins with it.
                await ctx.fetch(Sql("select $1::uuid", ("org_id",), {}))
                used = _clock_of(ctx._transaction.connection.get_server_pid())
                started = used()
                rows = await ctx.fetch(Sql(text, ("org_id",), {}))
                found.append(used() - started)
        print(f"| {known} | by name: {name} | {min(found):.1f} | {len(rows)} rows |", flush=True)


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
