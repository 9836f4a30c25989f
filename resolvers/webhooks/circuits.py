"""Circuit breakers of endpoints that keep timing out.

Three time-outs in a row open an endpoint's circuit. While it is open nothing is sent, and due deliveries wait without
using up attempts. Then the circuit is half open and one worker sends one delivery, the probe: any response closes the
circuit, and another time-out opens it for twice as long, up to five minutes.

A requested delivery is a probe too, and is sent at once: the request reserves the probe, unless one is in progress.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.base import TIMESTAMP
from models.webhooks import EndpointCircuit, deliveries, webhook_endpoints
from resolvers.context import Context
from resolvers.database.sql import ORG, statement

OPENS_AFTER = 3
FIRST_PAUSE_S = 30
LONGEST_PAUSE_S = 300
# Longer than any attempt takes: after it, the worker that sent the probe is dead.
PROBE_S = 20.0
TIMED_OUT = frozenset({"TIMEOUT", "CONNECT_TIMEOUT"})

_ENDS = webhook_endpoints.c
_SECOND = sa.literal_column("interval '1 second'", sa.Interval)
_CLOSED, _OPEN, _HALF_OPEN = (
    sa.literal_column(f"'{word}'", sa.Text)
    for word in (EndpointCircuit.CLOSED, EndpointCircuit.OPEN, EndpointCircuit.HALF_OPEN)
)
# The seconds until the end of the pause, by the database's clock; null without a pause.
WAIT = sa.func.extract("epoch", _ENDS.paused_until - sa.func.now()).cast(sa.Double).label("wait")
_LEASE = sa.literal_column(f"interval '{PROBE_S} seconds'", sa.Interval)
# Whether the probe is reserved for this delivery: whoever reserves it sets both times from one moment.
ASKED = sa.and_(
    _ENDS.circuit == _HALF_OPEN,
    _ENDS.paused_until > sa.func.now(),
    _ENDS.paused_until == deliveries.c.next_attempt_at + _LEASE,
).label("asked")


def after_response() -> dict[str, Any]:
    """Return the changes of an endpoint after any response, or an error other than a time-out."""
    return {"timeouts": 0, "circuit": _CLOSED, "paused_until": sa.null()}


def after_timeout() -> dict[str, Any]:
    """Return the changes of an endpoint after a time-out; the parameter ``spread`` makes pauses differ a little."""
    late = _ENDS.circuit == _OPEN  # An attempt that began before the circuit opened changes nothing.
    timeouts = _ENDS.timeouts + 1
    opens = timeouts >= OPENS_AFTER
    doubled = FIRST_PAUSE_S * sa.func.power(2, sa.func.least(timeouts - OPENS_AFTER, 10))
    pause = sa.func.least(doubled, LONGEST_PAUSE_S) * sa.bindparam("spread", type_=sa.Double) * _SECOND
    return {
        "timeouts": sa.case((late, _ENDS.timeouts), else_=timeouts),
        "circuit": sa.case((late, _ENDS.circuit), (opens, _OPEN), else_=_CLOSED),
        "paused_until": sa.case((late, _ENDS.paused_until), (opens, sa.func.now() + pause), else_=sa.null()),
    }


@statement
def _probe() -> sa.Update:
    this = (_ENDS.org_id == ORG, _ENDS.id == sa.bindparam("endpoint_id", type_=sa.Uuid))
    free = (_ENDS.circuit != _CLOSED, _ENDS.paused_until <= sa.func.now())
    until = sa.func.now() + sa.bindparam("lease", type_=sa.Double) * _SECOND
    taken = {"circuit": _HALF_OPEN, "paused_until": until}
    return webhook_endpoints.update().where(*this, *free).values(taken).returning(_ENDS.id)


async def take_probe(ctx: Context, endpoint_id: UUID) -> bool:
    """Take the probe of an endpoint whose circuit is not closed. Return whether the caller may send it."""
    return await ctx.row(_probe(), endpoint_id=endpoint_id, lease=PROBE_S) is not None


@statement
def _reserve() -> sa.Update:
    this = (_ENDS.org_id == ORG, _ENDS.id == sa.bindparam("endpoint_id", type_=sa.Uuid))
    moment = sa.bindparam("moment", type_=TIMESTAMP)
    free = sa.or_(_ENDS.circuit == _OPEN, sa.and_(_ENDS.circuit == _HALF_OPEN, _ENDS.paused_until <= moment))
    taken = {"circuit": _HALF_OPEN, "paused_until": moment + _LEASE}
    return webhook_endpoints.update().where(*this, free).values(taken).returning(_ENDS.id)


@statement
def _due_first() -> sa.Select[Any]:
    this = (_ENDS.org_id == ORG, _ENDS.id == sa.bindparam("endpoint_id", type_=sa.Uuid))
    due = sa.bindparam("due", type_=TIMESTAMP)
    busy = (_ENDS.circuit == _HALF_OPEN, _ENDS.paused_until > sa.func.now())
    return sa.select(_ENDS.id).where(*this, *busy, _ENDS.paused_until.in_([due, due + _LEASE]))


async def is_placed(ctx: Context, endpoint_id: UUID, due: datetime) -> bool:
    """Return whether the delivery that is due then has the probe of its endpoint, or waits for its end to be next."""
    return await ctx.row(_due_first(), endpoint_id=endpoint_id, due=due) is not None


@statement
def _state() -> sa.Select[Any]:
    this = (_ENDS.org_id == ORG, _ENDS.id == sa.bindparam("endpoint_id", type_=sa.Uuid))
    return sa.select(_ENDS.circuit, _ENDS.paused_until).where(*this)


async def reserve(ctx: Context, endpoint_id: UUID, moment: datetime) -> datetime | None:
    """Reserve the probe of an endpoint whose circuit is not closed for a delivery that is due at ``moment``.

    Return None if it is reserved or the circuit has closed, else the time at which the present probe ends at the
    latest.
    """
    if await ctx.row(_reserve(), endpoint_id=endpoint_id, moment=moment) is not None:
        return None
    row = await ctx.row(_state(), endpoint_id=endpoint_id)
    assert row is not None, "the delivery's endpoint is kept"
    until: datetime | None = row["paused_until"]
    return until
