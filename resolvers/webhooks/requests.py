"""Requested deliveries: a test event, or an event that is sent again. They are attempted at once."""

from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.audit import audit_entries
from models.base import TIMESTAMP
from models.jobs import JobFunction, JobQueue, JobState, jobs, queued
from models.typeid import decode, encode, new_uuid, uuid_at
from models.webhooks import (
    DELIVERY,
    TEST_EVENT,
    WEBHOOK,
    DeliveryStatus,
    EndpointCircuit,
    EndpointStatus,
    deliveries,
    events,
    webhook_endpoints,
)
from resolvers.audit.entries import new_entry
from resolvers.changes.write import apply
from resolvers.collections.rows import Key, locked
from resolvers.context import Context, Row, now
from resolvers.database.sql import ORG, owned, statement
from resolvers.errors import Conflict, Refusal, not_found
from resolvers.webhooks import circuits
from resolvers.webhooks.cancelling import each_of
from resolvers.webhooks.collections import WEBHOOKS
from resolvers.webhooks.deliveries import must_not_be_weaker

# The limit for one delivery. Each redelivery starts the schedule of attempts again.
REDELIVERIES = 10
TOO_MANY_REDELIVERIES = Conflict(
    "TOO_MANY_REDELIVERIES", f"The delivery was sent again {REDELIVERIES} times, which is the maximum."
)
DELIVERY_RUNNING = Conflict("DELIVERY_RUNNING", "The delivery is being sent: wait for the result.")
WEBHOOK_DISABLED = Conflict("WEBHOOK_DISABLED", "The webhook endpoint is disabled: enable it first.")
# The limit for one endpoint. Audit entries are counted: they cannot be deleted, and an index finds them.
TEST_EVENTS = 10
TEST_EVENTS_WITHIN = timedelta(minutes=10)
TEST_EVENTS_BOUND = f"{TEST_EVENTS} test events within {TEST_EVENTS_WITHIN // timedelta(minutes=1)} minutes"
_CONCURRENCY_KEY = sa.bindparam("concurrency_key", type_=sa.Uuid)
_DUE = sa.bindparam("due", type_=TIMESTAMP)
_MOMENT = sa.bindparam("moment", type_=TIMESTAMP)
_SINCE = sa.bindparam("since", type_=TIMESTAMP)
_DELIVERY = sa.bindparam("delivery_id", type_=sa.Uuid)
_TEST: sa.ColumnClause[str] = sa.literal_column(f"'{WEBHOOK.action('test')}'", sa.Text)


def _job(**columns: Any) -> sa.CTE:
    """Return the insert of a delivery's job, with other ``columns``."""
    work = jobs.insert().values(
        org_id=ORG,
        id=sa.bindparam("job_id", type_=sa.Uuid),
        function=JobFunction.WEBHOOK_DELIVERY.value,
        subject_id=_DELIVERY,
        concurrency_key=_CONCURRENCY_KEY,
        queue=JobQueue.WEBHOOKS.value,
        run_at=_DUE,
        state=JobState.QUEUED.value,
        attempt=0,
        claim_no=0,
        **columns,
    )
    return work.returning(jobs.c.id).cte("work")


@statement
def _test() -> sa.Select[Any]:
    """Return the insert of a test event, its only delivery and the job."""
    event, endpoint = sa.bindparam("event_id", type_=sa.Uuid), sa.bindparam("endpoint_id", type_=sa.Uuid)
    recorded_event = events.insert().values(
        org_id=ORG,
        id=event,
        type=TEST_EVENT,
        resource_id=endpoint,
        resource_version=sa.bindparam("resource_version", type_=sa.Integer),
        data=sa.bindparam("data", type_=sa.Text),
        occurred_at=_MOMENT,
    )
    sent = deliveries.insert().values(
        org_id=ORG,
        id=_DELIVERY,
        event_id=event,
        endpoint_id=endpoint,
        event_type=TEST_EVENT,
        status=DeliveryStatus.PENDING.value,
        attempts=sa.cast(sa.literal("[]", sa.Text), pg.JSONB),
        next_attempt_at=_DUE,
        updated_at=_MOMENT,
    )
    shown = sent.returning(*deliveries.c).cte("sent")
    return sa.select(shown).add_cte(recorded_event.returning(events.c.id).cte("recorded_event"), _job())


@statement
def _latest_tests() -> sa.Select[Any]:
    entries = audit_entries.c
    of_endpoint = (entries.target_id == sa.bindparam("endpoint_id", type_=sa.Uuid), entries.action == _TEST)
    # The index has ids, whose time may be some milliseconds ahead when many are made at once.
    late = (entries.id >= sa.bindparam("least", type_=sa.Uuid), entries.occurred_at > _SINCE)
    query = owned(audit_entries, entries.occurred_at).where(*of_endpoint, *late)
    return query.order_by(entries.id.desc()).limit(TEST_EVENTS)


async def _must_have_test_events_left(ctx: Context, endpoint: Row) -> None:
    # The endpoint is locked, so that no other request adds a test event meanwhile.
    moment = now()
    since = moment - TEST_EVENTS_WITHIN
    rows = await ctx.fetch(_latest_tests(), endpoint_id=endpoint["id"], least=uuid_at(since), since=since)
    latest = [row["occurred_at"] for row in rows]
    if len(latest) < TEST_EVENTS:
        return
    wait = max(1, ceil((latest[-1] + TEST_EVENTS_WITHIN - moment).total_seconds()))
    minutes = TEST_EVENTS_WITHIN // timedelta(minutes=1)
    message = (
        f"The endpoint was sent {TEST_EVENTS} test events within {minutes} minutes, which is the maximum; retry later."
    )
    raise Refusal("RATE_LIMITED", message, field="id", limit=TEST_EVENTS, retryAfter=wait)


async def send_test(ctx: Context, key: Key) -> Row:
    """Send an event ``webhook.test`` to an endpoint, whatever its event types; its data is the endpoint.

    Return the delivery. Raises Refusal NOT_FOUND, CONFLICT (WEBHOOK_DISABLED), or RATE_LIMITED after ten within ten
    minutes.
    """
    endpoint = await locked(ctx, WEBHOOKS, key)
    must_be_enabled(endpoint["status"])
    await _must_have_test_events_left(ctx, endpoint)
    delivery, job, moment = new_uuid(), new_uuid(), now()
    place = await _place(ctx, endpoint["id"], endpoint["circuit"], delivery, moment)
    await _recorded(ctx, endpoint, "test", delivery)
    row = await ctx.row(
        _test(), event_id=new_uuid(), endpoint_id=endpoint["id"], resource_version=endpoint["version"],
        data=ctx.runtime.renderers[WEBHOOK.prefix](endpoint), delivery_id=delivery, job_id=job, moment=moment, **place,
    )  # fmt: skip
    ctx.jobs_to_wake.append(job)
    return row


async def _place(ctx: Context, endpoint: UUID, circuit: str, delivery: UUID, moment: datetime) -> dict[str, Any]:
    """Return when a requested delivery is due, and the concurrency key of its job.

    It is due at once; if the endpoint's circuit is open and another probe is in progress, when that ends. If it is the
    probe itself, it has a key of its own, as workers may have paused the endpoint's key.
    """
    place = {"concurrency_key": endpoint, "due": moment}
    if circuit == EndpointCircuit.CLOSED:
        return place
    until = await circuits.reserve(ctx, endpoint, moment)
    return {"concurrency_key": delivery, "due": moment} if until is None else place | {"due": until}


def must_be_enabled(status: str) -> None:
    if status != EndpointStatus.ENABLED:
        raise WEBHOOK_DISABLED.refusal("id")


async def _recorded(ctx: Context, endpoint: Any, verb: str, delivery: Any) -> None:
    entry = new_entry(WEBHOOK.action(verb), {}, {"delivery": encode(DELIVERY.prefix, delivery)})
    await apply(ctx, WEBHOOKS, None, endpoint, (), [entry])


@statement
def locked_delivery() -> sa.Select[Any]:
    ends = webhook_endpoints.c
    where = sa.and_(ends.org_id == deliveries.c.org_id, ends.id == deliveries.c.endpoint_id, ends.deleted_at.is_(None))
    joined = deliveries.join(webhook_endpoints, where)
    shown = (ends.status.label("endpoint_status"), ends.circuit, ends.scopes)
    query = sa.select(*deliveries.c, *shown).select_from(joined)
    return query.where(deliveries.c.org_id == ORG, deliveries.c.id == _DELIVERY).with_for_update(of=deliveries)


def due_now() -> sa.CTE:
    this = (deliveries.c.org_id == ORG, deliveries.c.id == _DELIVERY)
    values: dict[str, Any] = {
        "status": DeliveryStatus.PENDING.value,
        "redeliveries": deliveries.c.redeliveries + 1,
        "next_attempt_at": _MOMENT,
        "updated_at": _MOMENT,
    }
    return deliveries.update().where(*this).values(values).returning(*deliveries.c).cte("again")


@statement
def _again() -> sa.Select[Any]:
    """Return the statement that makes an ended delivery pending, with a new job."""
    # In the trace of its event, and not of the request that sends it again.
    made = sa.and_(events.c.org_id == deliveries.c.org_id, events.c.id == deliveries.c.event_id)
    this = (deliveries.c.org_id == ORG, deliveries.c.id == _DELIVERY)
    trace = sa.select(events.c.traceparent).select_from(events.join(deliveries, made)).where(*this)
    work = _job(traceparent=trace.scalar_subquery())
    again = due_now()
    return sa.select(again, work.c.id.label("job")).join_from(again, work, sa.true())


@statement
def _sooner() -> sa.Select[Any]:
    """Return the statement that makes the job of a pending delivery due now; it has no row while the job runs."""
    mine = (jobs.c.org_id == ORG, jobs.c.subject_id == _DELIVERY, *queued(JobFunction.WEBHOOK_DELIVERY))
    # A worker locks job, endpoint, delivery, in this order. Who begins with the delivery, as here, never waits for its
    # job: whoever has that is about to run it.
    free = each_of(sa.select(jobs.c.id).where(*mine).with_for_update(skip_locked=True).cte("free").c.id)
    due = jobs.update().where(jobs.c.org_id == ORG, jobs.c.id == free).values(run_at=_MOMENT)
    work = due.returning(jobs.c.id).cte("work")
    again = due_now()
    return sa.select(again, work.c.id.label("job")).join_from(again, work, sa.true())


@statement
def _placed() -> sa.Select[Any]:
    """Return the statement that sets the key of a delivery's queued job, and when both are due."""
    this = (deliveries.c.org_id == ORG, deliveries.c.id == _DELIVERY)
    moved = deliveries.update().where(*this).values(next_attempt_at=_DUE).returning(*deliveries.c).cte("moved")
    job = (jobs.c.org_id == ORG, jobs.c.id == sa.bindparam("job_id", type_=sa.Uuid))
    placed = jobs.update().where(*job).values(concurrency_key=_CONCURRENCY_KEY, run_at=_DUE)
    work = placed.returning(jobs.c.id).cte("work")
    return sa.select(moved, work.c.id.label("job")).join_from(moved, work, sa.true())


async def redeliver(ctx: Context, key: Key) -> Row:
    """Send an event to its endpoint again, with the same id and body. A pending delivery is sent now.

    Raises Refusal NOT_FOUND, FORBIDDEN for a key that may not read all events of the endpoint, or CONFLICT
    (WEBHOOK_DISABLED, DELIVERY_RUNNING while it is being sent, or TOO_MANY_REDELIVERIES after the tenth).
    """
    delivery_id = decode(DELIVERY.prefix, key.id)
    old = None if delivery_id is None else await ctx.row(locked_delivery(), delivery_id=delivery_id)
    if delivery_id is None or old is None:
        raise not_found(DELIVERY.label)
    must_not_be_weaker(ctx, old["scopes"])
    must_be_enabled(old["endpoint_status"])
    if old["redeliveries"] >= REDELIVERIES:
        raise TOO_MANY_REDELIVERIES.refusal("id", limit=REDELIVERIES)
    row, endpoint, moment = None, old["endpoint_id"], now()
    if old["status"] != DeliveryStatus.SENDING:
        waits = old["status"] == DeliveryStatus.PENDING
        row = await ctx.row(
            _sooner() if waits else _again(), delivery_id=delivery_id, job_id=new_uuid(), concurrency_key=endpoint,
            due=moment, moment=moment,
        )  # fmt: skip
    if row is None:
        raise DELIVERY_RUNNING.refusal("id")
    if old["circuit"] != EndpointCircuit.CLOSED:
        # After the job is locked, as a worker that has it locks the endpoint before the delivery.
        place = await _place(ctx, endpoint, old["circuit"], delivery_id, moment)
        row = await ctx.row(_placed(), delivery_id=delivery_id, job_id=row["job"], **place)
        assert row is not None, "the delivery and its job are locked"
    await _recorded(ctx, {"id": old["endpoint_id"]}, "redeliver", delivery_id)
    ctx.jobs_to_wake.append(row["job"])
    return row
