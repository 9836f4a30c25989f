"""Requested deliveries, which are attempted at once: test events, and what redeliveries need as well."""

from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.audit import audit_entries
from models.base import TIMESTAMP
from models.jobs import JobFunction, JobQueue, JobState, jobs
from models.typeid import encode, new_uuid, uuid_at
from models.webhooks import (
    DELIVERY,
    TEST_EVENT,
    WEBHOOK,
    DeliveryStatus,
    EndpointCircuit,
    EndpointStatus,
    deliveries,
    events,
)
from resolvers.audit.entries import new_entry
from resolvers.changes.write import apply
from resolvers.collections.rows import Key, locked
from resolvers.context import Context, Row, now
from resolvers.database.sql import ORG, owned, statement
from resolvers.errors import Conflict, Refusal
from resolvers.webhooks import circuits
from resolvers.webhooks.collections import WEBHOOKS

WEBHOOK_DISABLED = Conflict("WEBHOOK_DISABLED", "The webhook endpoint is disabled: enable it first.")
# The limit for one endpoint. Audit entries are counted: they cannot be deleted, and an index finds them.
TEST_EVENTS = 10
TEST_EVENTS_WITHIN = timedelta(minutes=10)
TEST_EVENTS_BOUND = f"{TEST_EVENTS} test events within {TEST_EVENTS_WITHIN // timedelta(minutes=1)} minutes"
CONCURRENCY_KEY = sa.bindparam("concurrency_key", type_=sa.Uuid)
DUE = sa.bindparam("due", type_=TIMESTAMP)
MOMENT = sa.bindparam("moment", type_=TIMESTAMP)
_SINCE = sa.bindparam("since", type_=TIMESTAMP)
THIS_DELIVERY = sa.bindparam("delivery_id", type_=sa.Uuid)
_TEST: sa.ColumnClause[str] = sa.literal_column(f"'{WEBHOOK.action('test')}'", sa.Text)


def job_of(**columns: Any) -> sa.CTE:
    """Return the insert of a delivery's job, with other ``columns``."""
    work = jobs.insert().values(
        org_id=ORG,
        id=sa.bindparam("job_id", type_=sa.Uuid),
        function=JobFunction.WEBHOOK_DELIVERY.value,
        subject_id=THIS_DELIVERY,
        concurrency_key=CONCURRENCY_KEY,
        queue=JobQueue.WEBHOOKS.value,
        run_at=DUE,
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
        occurred_at=MOMENT,
    )
    sent = deliveries.insert().values(
        org_id=ORG,
        id=THIS_DELIVERY,
        event_id=event,
        endpoint_id=endpoint,
        event_type=TEST_EVENT,
        status=DeliveryStatus.PENDING.value,
        attempts=sa.cast(sa.literal("[]", sa.Text), pg.JSONB),
        next_attempt_at=DUE,
        updated_at=MOMENT,
    )
    shown = sent.returning(*deliveries.c).cte("sent")
    return sa.select(shown).add_cte(recorded_event.returning(events.c.id).cte("recorded_event"), job_of())


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
    place = await place_of(ctx, endpoint["id"], endpoint["circuit"], delivery, moment)
    await recorded(ctx, endpoint, "test", delivery)
    row = await ctx.row(
        _test(), event_id=new_uuid(), endpoint_id=endpoint["id"], resource_version=endpoint["version"],
        data=ctx.runtime.renderers[WEBHOOK.prefix](endpoint), delivery_id=delivery, job_id=job, moment=moment, **place,
    )  # fmt: skip
    ctx.jobs_to_wake.append(job)
    return row


async def place_of(ctx: Context, endpoint: UUID, circuit: str, delivery: UUID, moment: datetime) -> dict[str, Any]:
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
    """Raise Refusal CONFLICT, WEBHOOK_DISABLED, for an endpoint that is not enabled."""
    if status != EndpointStatus.ENABLED:
        raise WEBHOOK_DISABLED.refusal("id")


async def recorded(ctx: Context, endpoint: Any, verb: str, delivery: Any) -> None:
    """Write the audit entry of what was requested of an endpoint."""
    entry = new_entry(WEBHOOK.action(verb), {}, {"delivery": encode(DELIVERY.prefix, delivery)})
    await apply(ctx, WEBHOOKS, None, endpoint, (), [entry])
