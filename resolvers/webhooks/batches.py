"""Deliveries of one organization at once: what is to be sent for several, and several that succeeded.

Only the usual case is here. What is out of the ordinary (a circuit that is not closed, an endpoint that was changed or
is being changed, a failure) is left to the statements for a single delivery.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.base import TIMESTAMP
from models.webhooks import DeliveryStatus, EndpointCircuit, deliveries, webhook_endpoints
from resolvers.context import Context, now
from resolvers.database.sql import ORG, statement
from resolvers.webhooks import circuits
from resolvers.webhooks.deliveries import (
    LATEST,
    OPEN,
    Attempt,
    PreparedDelivery,
    prepared_of,
    shown_attempt,
    to_send,
)
from resolvers.webhooks.secrets import UnreadableSecret

_IDS = sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid))
_MOMENT = sa.bindparam("moment", type_=TIMESTAMP)


@statement
def _load() -> sa.Select[Any]:
    return to_send().add_columns(deliveries.c.id).where(deliveries.c.id == sa.any_(_IDS))


@statement
def _send() -> sa.Update:
    values = {"status": DeliveryStatus.SENDING.value, "next_attempt_at": sa.null(), "updated_at": _MOMENT}
    return deliveries.update().where(deliveries.c.org_id == ORG, deliveries.c.id == sa.any_(_IDS), OPEN).values(values)


async def begin(ctx: Context, keys: Mapping[UUID, UUID]) -> dict[UUID, PreparedDelivery | UnreadableSecret]:
    """Let deliveries be SENDING, and return what to send for each, or the error of its endpoint's secret.

    ``keys`` are their ids with the endpoints that their jobs have as concurrency keys. Those that have another, that
    have ended, or whose endpoint takes no deliveries now are left out, and are not changed.
    """
    found: dict[UUID, PreparedDelivery | UnreadableSecret] = {}
    for row in await ctx.fetch(_load(), ids=list(keys)):
        try:
            prepared = prepared_of(ctx, row)
        except UnreadableSecret as error:
            found[row["id"]] = error
            continue
        usual = prepared is not None and prepared.endpoint_id == keys[row["id"]]
        if prepared is not None and usual and prepared.circuit == EndpointCircuit.CLOSED:
            found[row["id"]] = prepared
    ready = [key for key, each in found.items() if isinstance(each, PreparedDelivery)]
    if ready:
        await ctx.fetch(_send(), ids=ready, moment=now())
    return found


@statement
def _succeed() -> sa.Update:
    ends = webhook_endpoints.c
    columns = (sa.column("id", sa.Uuid), sa.column("version", sa.Integer))
    arrays = (_IDS, sa.bindparam("versions", type_=pg.ARRAY(sa.Integer)))
    called = sa.func.unnest(*arrays).table_valued(*columns, name="called", joins_implicitly=True).render_derived()
    same = (ends.org_id == ORG, ends.id == called.c.id, ends.version == called.c.version)
    # One that is being changed is not waited for: the other endpoints' deliveries would wait with it.
    free = (
        sa.select(ends.id)
        .where(*same)
        .with_for_update(of=webhook_endpoints, skip_locked=True, key_share=True)
        .cte("free")
    )
    learnt = {"failing_since": sa.null(), "last_success_at": _MOMENT, **circuits.after_response()}
    return webhook_endpoints.update().where(ends.org_id == ORG, ends.id == free.c.id).values(learnt).returning(ends.id)


@statement
def _record() -> sa.Update:
    columns = (sa.column("id", sa.Uuid), sa.column("attempt", pg.JSONB))
    arrays = (_IDS, sa.bindparam("tries", type_=pg.ARRAY(pg.JSONB)))
    given = sa.func.unnest(*arrays).table_valued(*columns, name="given", joins_implicitly=True).render_derived()
    attempts = deliveries.c.attempts.op("||")(given.c.attempt)
    values = {
        "status": DeliveryStatus.SUCCEEDED.value,
        "attempts": sa.func.jsonb_path_query_array(attempts, LATEST, type_=pg.JSONB),
        "next_attempt_at": sa.null(),
        "updated_at": _MOMENT,
    }
    return deliveries.update().where(deliveries.c.org_id == ORG, deliveries.c.id == given.c.id, OPEN).values(values)


async def succeed(ctx: Context, sent: Sequence[tuple[UUID, PreparedDelivery, Attempt]]) -> set[UUID]:
    """Record attempts that succeeded, and their results on the endpoints. Return the ids of the deliveries that were
    recorded: those of an endpoint that has another version now, or is locked, are left alone."""
    moment = now()
    versions = {(each.endpoint_id, each.endpoint_version) for _, each, _ in sent}
    ids, numbers = (list(part) for part in zip(*versions, strict=True))
    rows = await ctx.fetch(_succeed(), ids=ids, versions=numbers, moment=moment)
    called = {row["id"] for row in rows}
    recorded = [(key, attempt) for key, prepared, attempt in sent if prepared.endpoint_id in called]
    if recorded:
        tries = [shown_attempt(attempt) for _, attempt in recorded]
        await ctx.fetch(_record(), ids=[key for key, _ in recorded], tries=tries, moment=moment)
    return {key for key, _ in recorded}
