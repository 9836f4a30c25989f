"""Redeliveries: an event is sent to its endpoint again, at once, a limited number of times."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from models.jobs import JobFunction, jobs, queued
from models.typeid import decode, new_uuid
from models.webhooks import DELIVERY, DeliveryStatus, EndpointCircuit, deliveries, events, webhook_endpoints
from resolvers.collections.rows import Key
from resolvers.context import Context, Row, now
from resolvers.database.sql import ORG, Sql, statement
from resolvers.errors import Conflict, not_found
from resolvers.webhooks import circuits
from resolvers.webhooks.cancelling import each_of
from resolvers.webhooks.reading import must_be_readable
from resolvers.webhooks.requests import (
    CONCURRENCY_KEY,
    DUE,
    MOMENT,
    THIS_DELIVERY,
    job_of,
    must_be_enabled,
    place_of,
    recorded,
)

# The limit for one delivery. Each redelivery, of a delivery that has ended, starts the schedule of attempts again.
REDELIVERIES = 10
TOO_MANY_REDELIVERIES = Conflict(
    "TOO_MANY_REDELIVERIES", f"The delivery was sent again {REDELIVERIES} times, which is the maximum."
)
DELIVERY_RUNNING = Conflict("DELIVERY_RUNNING", "The delivery is being sent: wait for the result.")
_THIS = (deliveries.c.org_id == ORG, deliveries.c.id == THIS_DELIVERY)


@statement
def locked_delivery() -> sa.Select[Any]:
    """Return the select that locks a delivery, with its endpoint's status and circuit."""
    ends = webhook_endpoints.c
    where = sa.and_(ends.org_id == deliveries.c.org_id, ends.id == deliveries.c.endpoint_id, ends.deleted_at.is_(None))
    joined = deliveries.join(webhook_endpoints, where)
    shown = (ends.status.label("endpoint_status"), ends.circuit)
    query = sa.select(*deliveries.c, *shown).select_from(joined)
    return query.where(*_THIS).with_for_update(of=deliveries)


def due_now(redeliveries: int) -> sa.CTE:
    """Return the update that makes a delivery pending and due, and counts so many redeliveries."""
    values: dict[str, Any] = {
        "status": DeliveryStatus.PENDING.value,
        "redeliveries": deliveries.c.redeliveries + redeliveries,
        "next_attempt_at": MOMENT,
        "updated_at": MOMENT,
    }
    return deliveries.update().where(*_THIS).values(values).returning(*deliveries.c).cte("again")


@statement
def _again() -> sa.Select[Any]:
    """Return the statement that makes an ended delivery pending, with a new job."""
    # In the trace of its event, and not of the request that sends it again.
    made = sa.and_(events.c.org_id == deliveries.c.org_id, events.c.id == deliveries.c.event_id)
    trace = sa.select(events.c.traceparent).select_from(events.join(deliveries, made)).where(*_THIS)
    work = job_of(traceparent=trace.scalar_subquery())
    again = due_now(1)
    return sa.select(again, work.c.id.label("job")).join_from(again, work, sa.true())


def _free_job() -> sa.CTE:
    """Return the select that locks the job of a pending delivery; it has no row while the job runs."""
    mine = (jobs.c.org_id == ORG, jobs.c.subject_id == THIS_DELIVERY, *queued(JobFunction.WEBHOOK_DELIVERY))
    # A worker locks job, endpoint, delivery, in this order. Who begins with the delivery, as here, never waits for its
    # job: whoever has that is about to run it.
    return sa.select(jobs.c.id).where(*mine).with_for_update(skip_locked=True).cte("free")


@statement
def _sooner() -> sa.Select[Any]:
    """Return the statement that makes the job of a pending delivery due now: none of its attempts is a further one."""
    due = jobs.update().where(jobs.c.org_id == ORG, jobs.c.id == each_of(_free_job().c.id)).values(run_at=MOMENT)
    work = due.returning(jobs.c.id).cte("work")
    again = due_now(0)
    return sa.select(again, work.c.id.label("job")).join_from(again, work, sa.true())


@statement
def _unchanged() -> sa.Select[Any]:
    """Return the select of a pending delivery and its job."""
    work = _free_job()
    return sa.select(*deliveries.c, work.c.id.label("job")).join_from(deliveries, work, sa.true()).where(*_THIS)


@statement
def _placed() -> sa.Select[Any]:
    """Return the statement that sets the key of a delivery's queued job, and when both are due."""
    moved = deliveries.update().where(*_THIS).values(next_attempt_at=DUE).returning(*deliveries.c).cte("moved")
    job = (jobs.c.org_id == ORG, jobs.c.id == sa.bindparam("job_id", type_=sa.Uuid))
    placed = jobs.update().where(*job).values(concurrency_key=CONCURRENCY_KEY, run_at=DUE)
    work = placed.returning(jobs.c.id).cte("work")
    return sa.select(moved, work.c.id.label("job")).join_from(moved, work, sa.true())


def must_have_redeliveries_left(delivery: Row) -> None:
    """Raise Refusal CONFLICT, TOO_MANY_REDELIVERIES, for a delivery that was sent again as often as it may be."""
    if delivery["redeliveries"] >= REDELIVERIES:
        raise TOO_MANY_REDELIVERIES.refusal("id", limit=REDELIVERIES)


async def _statement_for(ctx: Context, old: Row, moment: datetime) -> Sql:
    """Return what is to be done to a delivery. Raises Refusal CONFLICT."""
    if old["status"] == DeliveryStatus.SENDING:
        raise DELIVERY_RUNNING.refusal("id")
    if old["status"] != DeliveryStatus.PENDING:
        must_have_redeliveries_left(old)
        return _again()
    if old["circuit"] == EndpointCircuit.CLOSED:
        asked = old["next_attempt_at"] <= moment
    else:
        # To ask anew would give the endpoint's probe up, and wait for its end.
        asked = await circuits.is_placed(ctx, old["endpoint_id"], old["next_attempt_at"])
    return _unchanged() if asked else _sooner()


async def redeliver(ctx: Context, key: Key) -> Row:
    """Send an event to its endpoint again, with the same id and body. Return the delivery.

    Of a pending delivery the next attempt is made now, which is no redelivery; where that is due already, nothing
    changes.

    Raises Refusal NOT_FOUND, FORBIDDEN for a caller that may not read the event, or CONFLICT
    (WEBHOOK_DISABLED, DELIVERY_RUNNING while it is being sent, or TOO_MANY_REDELIVERIES after the tenth).
    """
    delivery_id = decode(DELIVERY.prefix, key.id)
    old = None if delivery_id is None else await ctx.row(locked_delivery(), delivery_id=delivery_id)
    if delivery_id is None or old is None:
        raise not_found(DELIVERY.label)
    await must_be_readable(ctx, old)
    must_be_enabled(old["endpoint_status"])
    endpoint, moment = old["endpoint_id"], now()
    asked = await _statement_for(ctx, old, moment)
    row = await ctx.row(
        asked, delivery_id=delivery_id, job_id=new_uuid(), concurrency_key=endpoint, due=moment, moment=moment
    )
    if row is None:
        raise DELIVERY_RUNNING.refusal("id")
    ctx.jobs_to_wake.append(row["job"])
    if asked is _unchanged():
        return row
    if old["circuit"] != EndpointCircuit.CLOSED:
        # After the job is locked, as a worker that has it locks the endpoint before the delivery.
        place = await place_of(ctx, endpoint, old["circuit"], delivery_id, moment)
        row = await ctx.row(_placed(), delivery_id=delivery_id, job_id=row["job"], **place)
        assert row is not None, "the delivery and its job are locked"
    await recorded(ctx, {"id": endpoint}, "redeliver", delivery_id)
    return row
