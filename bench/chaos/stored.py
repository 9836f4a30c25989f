"""What the database has of one organization when all is over: its objects, events and deliveries."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

from bench.chaos.listeners import Happened
from bench.chaos.stack import Stack, moment
from bench.chaos.tenants import Tenant
from models.typeid import encode

DRAIN_S = 120.0
LOOK_S = 0.25
# The tables of what the load creates, by the prefixes of IDs.
TABLES = {
    "client": "clients", "order": "orders", "service": "services", "message": "messages", "invoice": "invoices",
    "subscription": "subscriptions", "job": "agent_jobs", "report": "reports",
}  # fmt: skip
VERSIONS = " union all ".join(f"select '{prefix}', id, version from {table}" for prefix, table in TABLES.items())
MARKS = (
    "select split_part(email, '@', 1) from clients union all select notes from orders"
    " union all select body from messages union all select metadata->>'mark' from invoices"
    " union all select metadata->>'mark' from subscriptions union all select input->>'mark' from agent_jobs"
)
# What a worker did is written by the transaction of its audit entry. Its own effects have accounts of their own.
EVENTS = """select id, type, resource_id, resource_version, exists(
    select from audit_entries where target_id = resource_id and source = 'WORKER' and audit_entries.xmin = events.xmin
  ) from events where type not in ('webhook.test', 'agent_job.step', 'report.progress')"""
DELIVERIES = "select event_id, status from deliveries where endpoint_id = %s"
WAITING = "select count(*) from deliveries where endpoint_id = %s and status in ('PENDING', 'SENDING')"
# What goes on, or is to be begun by now.
GOES_ON = """select (select count(*) from jobs where org_id = %s
    and (state = 'RUNNING' or (state = 'QUEUED' and run_at <= now())))
  + (select count(*) from agent_jobs where status in ('QUEUED', 'RUNNING'))
  + (select count(*) from reports where status in ('QUEUED', 'RUNNING'))"""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database has: the events with whether a client caused them, the deliveries to the healthy endpoint."""

    versions: Mapping[str, int]
    marks: Counter[str]
    numbers: list[int]
    events: list[tuple[str, Happened, bool]]
    deliveries: Mapping[str, str]
    sealed: int


def ask(stack: Stack, tenant: Tenant, *statements: tuple[str, tuple[Any, ...]]) -> list[list[Any]]:
    """The rows of statements in an organization, of one snapshot."""
    with psycopg.connect(stack.environment["DATABASE_URL"]) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute("select set_config('app.org_id', %s, false)", [str(tenant.org_id)])
        return [connection.execute(sql, values).fetchall() for sql, values in statements]


def stored_of(stack: Stack, tenant: Tenant) -> Stored:
    """Read what the database has."""
    versions, marks, numbers, events, deliveries, seals = ask(
        stack, tenant, (VERSIONS, ()), (MARKS, ()), ("select number from orders", ()), (EVENTS, ()),
        (DELIVERIES, (tenant.endpoint,)), ("select count(*) from audit_seals", ()),
    )  # fmt: skip
    happened = [
        (encode("event", key), (type_, encode(_prefix(type_), resource), version), not worker)
        for key, type_, resource, version, worker in events
    ]
    return Stored(
        {encode(prefix, key): version for prefix, key, version in versions},
        Counter(mark for (mark,) in marks if mark),
        [number for (number,) in numbers],
        happened,
        {encode("event", event): status for event, status in deliveries},
        seals[0][0],
    )


def _prefix(event: str) -> str:
    return {"agent_job": "job"}.get(name := event.partition(".")[0], name)


async def drained(stack: Stack, tenants: Iterable[Tenant], seconds: float) -> bool:
    """Wait until every delivery to a healthy receiver and every job has ended; whether they did in time."""
    end = moment() + seconds
    for tenant in tenants:
        while await asyncio.to_thread(_waits, stack, tenant):
            if moment() > end:
                return False
            await asyncio.sleep(LOOK_S)
    return True


def _waits(stack: Stack, tenant: Tenant) -> bool:
    (delivering,), (going,) = ask(stack, tenant, (WAITING, (tenant.endpoint,)), (GOES_ON, (tenant.org_id,)))
    return bool(delivering[0] or going[0])
