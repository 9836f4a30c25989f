"""Deliveries: what is sent, how attempts are recorded, and when a failing endpoint is disabled."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.actors import allows
from models.base import TIMESTAMP
from models.typeid import encode
from models.webhooks import (
    EVENT,
    DeliveryStatus,
    EndpointCircuit,
    EndpointStatus,
    deliveries,
    event_scopes,
    events,
    webhook_endpoints,
)
from resolvers.changes.edits import Edit
from resolvers.context import Context, Row, now
from resolvers.database.sql import ORG, statement
from resolvers.errors import Refusal
from resolvers.moments import shown_time
from resolvers.webhooks import cancelling, circuits, secrets
from resolvers.webhooks.collections import WEBHOOKS

GIVEN_UP_AFTER = timedelta(days=5)
GONE = 410
ATTEMPTS_KEPT = 20
LATEST = sa.cast(sa.literal_column(f"'$[last - {ATTEMPTS_KEPT - 1} to last]'"), pg.JSONPATH)
OPEN = deliveries.c.status.in_([sa.literal_column("'PENDING'"), sa.literal_column("'SENDING'")])


@dataclass(frozen=True, slots=True)
class PreparedDelivery:
    """What is sent, and to where: the id and the body are the same at each attempt."""

    endpoint_id: UUID
    endpoint_version: int
    url: str
    secrets: tuple[str, ...]
    webhook_id: str
    body: str
    timeouts: int
    circuit: EndpointCircuit
    wait: float | None
    asked: bool = False
    tracestate: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """The result of one attempt. ``error`` is a code if there was no complete response; ``body`` is its first 1 KiB."""

    at: str
    response_code: int | None
    duration_ms: int
    error: str | None
    body: str | None

    @property
    def succeeded(self) -> bool:
        """Return whether the receiver responded with 2xx."""
        return self.response_code is not None and 200 <= self.response_code < 300


def shown_attempt(attempt: Attempt) -> dict[str, Any]:
    """Return an attempt as a delivery keeps it."""
    return {
        "at": attempt.at,
        "responseCode": attempt.response_code,
        "durationMs": attempt.duration_ms,
        "error": attempt.error,
        "body": attempt.body,
    }


_THIS = sa.and_(deliveries.c.org_id == ORG, deliveries.c.id == sa.bindparam("delivery_id", type_=sa.Uuid))


def to_send() -> sa.Select[Any]:
    """Return the select of what is sent for deliveries that have not ended."""
    ends = webhook_endpoints.c
    there = sa.and_(events.c.org_id == deliveries.c.org_id, events.c.id == deliveries.c.event_id)
    where = sa.and_(ends.org_id == deliveries.c.org_id, ends.id == deliveries.c.endpoint_id)
    shown = (
        deliveries.c.event_id, events.c.type, events.c.data, events.c.occurred_at, ends.id.label("endpoint_id"),
        ends.version, ends.url, ends.secret, ends.previous_secret, ends.previous_until, ends.api_version,
        ends.status, ends.deleted_at, ends.timeouts, ends.circuit, circuits.WAIT, circuits.ASKED, events.c.tracestate,
    )  # fmt: skip
    joined = deliveries.join(events, there).join(webhook_endpoints, where)
    return sa.select(*shown).select_from(joined).where(deliveries.c.org_id == ORG, OPEN)


@statement
def _load() -> sa.Select[Any]:
    return to_send().where(_THIS)


@statement
def _set_status() -> sa.Update:
    attempts = deliveries.c.attempts.op("||")(sa.bindparam("attempts", type_=pg.JSONB))
    values = {
        "status": sa.bindparam("new_status", type_=sa.Text),
        "attempts": sa.func.jsonb_path_query_array(attempts, LATEST, type_=pg.JSONB),
        "next_attempt_at": sa.bindparam("due", type_=TIMESTAMP),
        "updated_at": sa.bindparam("moment", type_=TIMESTAMP),
    }
    return deliveries.update().where(_THIS, OPEN).values(values)


@statement
def _health(succeeded: bool, timed_out: bool) -> sa.Update:
    """Return the update of an endpoint's state, if it still has the version that was called; the version stays."""
    ends = webhook_endpoints.c
    moment = sa.bindparam("moment", type_=TIMESTAMP)
    called = (
        ends.id == sa.bindparam("endpoint_id", type_=sa.Uuid),
        ends.version == sa.bindparam("called", type_=sa.Integer),
    )
    learnt: dict[str, Any] = {"failing_since": sa.func.coalesce(ends.failing_since, moment), "last_failure_at": moment}
    if succeeded:
        learnt = {"failing_since": sa.null(), "last_success_at": moment}
    learnt |= circuits.after_timeout() if timed_out else circuits.after_response()
    return webhook_endpoints.update().where(ends.org_id == ORG, *called).values(learnt).returning(*webhook_endpoints.c)


@statement
def _hears() -> sa.Select[Any]:
    ends = webhook_endpoints.c
    this = (ends.org_id == ORG, ends.id == sa.bindparam("endpoint_id", type_=sa.Uuid))
    return sa.select(ends.status, ends.deleted_at).where(*this)


def must_not_be_weaker(ctx: Context, scopes: Iterable[str]) -> None:
    """Raise Refusal FORBIDDEN if the key may not read all events that an endpoint with these scopes may receive.

    What it listens to now does not count: a change of it, and what still waits to be sent, goes to the same address.
    """
    held = frozenset(scopes)
    for scope in event_scopes():
        if allows(held, scope) and not ctx.actor.may(scope):
            message = (
                f"The endpoint may receive events that need the scope {scope}, which the API key lacks: all count that"
                " the key which created it could read, whatever its `events` are now."
            )
            raise Refusal("FORBIDDEN", message, field="id", scope=scope)


async def load(ctx: Context, delivery_id: UUID) -> PreparedDelivery | None:
    """Return what to send for a delivery. Return None if it has ended, or its endpoint is deleted or disabled.

    Raises UnreadableSecret.
    """
    row = await ctx.row(_load(), delivery_id=delivery_id)
    return None if row is None else prepared_of(ctx, row)


def prepared_of(ctx: Context, row: Row) -> PreparedDelivery | None:
    """Return what to send for a loaded delivery, None if its endpoint is deleted or disabled. Raises
    UnreadableSecret."""
    if row["deleted_at"] is not None or row["status"] != EndpointStatus.ENABLED:
        return None
    stored = [row["secret"]]
    if row["previous_secret"] is not None and row["previous_until"] is not None and row["previous_until"] > now():
        stored.append(row["previous_secret"])
    endpoint, ring = row["endpoint_id"], ctx.runtime.secret_keys
    keys = tuple(secrets.decrypt(ring, ctx.org_id, endpoint, item) for item in stored)
    webhook_id = encode(EVENT.prefix, row["event_id"])
    state = (row["timeouts"], EndpointCircuit(row["circuit"]), row["wait"], bool(row["asked"]), row["tracestate"])
    return PreparedDelivery(endpoint, row["version"], row["url"], keys, webhook_id, body_of(row), *state)


async def must_wait(ctx: Context, prepared: PreparedDelivery) -> float | None:
    """Return the seconds to wait for the endpoint's circuit; None if the delivery may be sent now."""
    if prepared.circuit == EndpointCircuit.CLOSED or prepared.asked:
        return None
    if prepared.wait is not None and prepared.wait > 0:
        return prepared.wait
    return None if await circuits.take_probe(ctx, prepared.endpoint_id) else circuits.PROBE_S


def body_of(row: Row) -> str:
    """Return the body of an event, which is the same to the byte at each attempt."""
    at = shown_time(row["occurred_at"])
    head = f'{{"type":"{row["type"]}","timestamp":"{at}","apiVersion":"{row["api_version"]}"'
    return f'{head},"data":{row["data"]}}}'


async def set_status(ctx: Context, delivery_id: UUID, status: DeliveryStatus, delay: float | None = None) -> None:
    """Set the status of a delivery that has not ended, with the next attempt after ``delay`` seconds."""
    await _write_status(ctx, delivery_id, status, delay, [])


async def record(
    ctx: Context,
    delivery_id: UUID,
    prepared: PreparedDelivery,
    attempt: Attempt,
    status: DeliveryStatus,
    delay: float | None,
) -> tuple[DeliveryStatus, datetime | None]:  # fmt: skip
    """Record an attempt of a delivery, which keeps the last 20, and its result on the endpoint.

    A 410, or five days of only failures, disables the endpoint and cancels its pending deliveries. Return the
    delivery's status (CANCELLED instead of PENDING if the endpoint is disabled or deleted), and the time until which
    the endpoint's circuit is open, or None.
    """
    moment = now()
    called = {"endpoint_id": prepared.endpoint_id, "called": prepared.endpoint_version, "moment": moment}
    health = _health(attempt.succeeded, attempt.error in circuits.TIMED_OUT)
    endpoint = await ctx.row(health, spread=random.uniform(0.8, 1.2), **called)
    # If it was disabled meanwhile, that is committed: an endpoint that still has the version called is locked here.
    known = endpoint or await ctx.row(_hears(), endpoint_id=prepared.endpoint_id)
    hears = known is not None and known["status"] == EndpointStatus.ENABLED and known["deleted_at"] is None
    reason = None
    if endpoint is not None and hears and not attempt.succeeded:
        reason = _why_disabled(attempt, moment - endpoint["failing_since"])
    if status == DeliveryStatus.PENDING and (not hears or reason is not None):
        status, delay = DeliveryStatus.CANCELLED, None
    await _write_status(ctx, delivery_id, status, delay, [shown_attempt(attempt)])
    if endpoint is None or attempt.succeeded or not hears:
        return status, None
    if reason is not None:
        await _disable(ctx, endpoint, reason)
    return status, endpoint["paused_until"]


def _why_disabled(attempt: Attempt, failing: timedelta) -> str | None:
    if attempt.response_code == GONE:
        return "The receiver answered 410 Gone."
    return "Every delivery failed for five days." if failing >= GIVEN_UP_AFTER else None


async def _write_status(
    ctx: Context, delivery_id: UUID, status: DeliveryStatus, delay: float | None, attempts: list[dict[str, Any]]
) -> None:
    moment = now()
    due = None if delay is None else moment + timedelta(seconds=delay)
    values = {"new_status": status.value, "attempts": attempts, "due": due, "moment": moment}
    await ctx.fetch(_set_status(), delivery_id=delivery_id, **values)


async def _disable(ctx: Context, endpoint: Row, reason: str) -> None:
    edit = Edit(ctx, WEBHOOKS, endpoint, dict(endpoint))
    edit.set({"status": EndpointStatus.DISABLED, "disabled_reason": reason}, "disable")
    await edit.save()
    await cancelling.cancel(ctx, endpoint["id"])
