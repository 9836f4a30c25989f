"""Events as live feeds read them: by the transaction that wrote them, once no earlier one is still open.

A UUIDv7 is made before its transaction commits, so ids do not tell which event could be seen first. Transactions have
numbers, and a snapshot says below which of them all have ended: up to there the order does not change any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, cached_property
from typing import Any, NamedTuple, Self
from uuid import UUID

import orjson
import sqlalchemy as sa
import structlog

from models.agent_jobs import AGENT_JOB
from models.base import Xid8
from models.clients import CLIENT
from models.reports import REPORT
from models.resources import Resource
from models.resources import events as events_of_api
from models.typeid import decode, encode, uuid_at
from models.webhooks import EVENT, events
from resolvers.actor import Actor
from resolvers.collections.collection import COLLECTIONS
from resolvers.context import Context, Row, now
from resolvers.database.sql import owned, statement
from resolvers.errors import Refusal, bad_input
from resolvers.settings import settings_of

log = structlog.get_logger(__name__)
# So many events are read at once.
PAGE = 200
LOWEST = UUID(int=0)
# The number of restored events whose order could not be kept.
ORDER_LOST = 0


class EventPosition(NamedTuple):
    """A place in the order of events. The feed goes on after it."""

    xact: int
    id: UUID


# Both are asked for where somebody hears, when the models of all domains are there: not while modules are imported.
@cache
def published() -> Mapping[str, Resource]:
    """Return the resource of each type of event that webhooks hear of too."""
    return {name: resource for name, resource, _ in events_of_api()}


@cache
def heard_of() -> Mapping[str, Resource]:
    """Return the resource of each type of event, those among them that only who watches an object hears of."""
    watched = {each.live_event(verb): each for each in (AGENT_JOB, REPORT) for verb in each.live}
    return {**published(), **watched}


@dataclass(frozen=True)
class LiveEvent:
    """An event as the graph's root: ``row`` is what its fields are read from."""

    row: Row
    position: EventPosition

    @cached_property
    def public_id(self) -> str:
        """Return the event's ID, which is also its webhook's and its stream's."""
        return encode(EVENT.prefix, self.position.id)

    @property
    def type(self) -> str:
        """Return the type of the event."""
        name: str = self.row["type"]
        return name

    @property
    def resource_id(self) -> str:
        """Return the ID of the object that it is about."""
        return encode(heard_of()[self.type].prefix, self.row["resource_id"])

    @cached_property
    def data(self) -> dict[str, Any]:
        """Return the object as it was sent to webhooks."""
        found: dict[str, Any] = orjson.loads(self.row["data"])
        return found


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was committed at a moment: all below ``xmin``, and below ``xmax`` what is not ``open``."""

    xmin: int
    xmax: int
    open: frozenset[int]

    @classmethod
    def parsed(cls, text: str) -> Self:
        """Return the snapshot of PostgreSQL's text: ``10:20:10,14``."""
        low, high, running = text.split(":")
        return cls(int(low), int(high), frozenset(int(part) for part in running.split(",") if part))

    def has(self, xact: int) -> bool:
        """Return whether what a transaction wrote was there."""
        return xact < self.xmin or (xact < self.xmax and xact not in self.open)

    @property
    def position(self) -> EventPosition:
        """Return the place before all that was not there."""
        return EventPosition(self.xmin, LOWEST)


class EventPage(NamedTuple):
    """Events in their order; ``unsettled``: more are there whose place is not certain yet.

    It was read up to ``position``, where anything was. ``restored`` is the last transaction that brought events of
    another cluster, which have no place in the order and are not among them; 0 without any.
    """

    events: list[LiveEvent]
    full: bool
    unsettled: bool
    position: EventPosition | None = None
    restored: int = 0


@statement
def _snapshot() -> sa.Select[Any]:
    return sa.select(sa.cast(sa.func.pg_current_snapshot(), sa.Text).label("snapshot"))


@statement
def _after() -> sa.Select[Any]:
    number = sa.cast(sa.cast(sa.bindparam("xact", type_=sa.Text), sa.Text), Xid8)
    after = sa.tuple_(events.c.xact, events.c.id) > sa.tuple_(number, sa.bindparam("id", type_=sa.Uuid))
    settled = events.c.xact < sa.func.pg_snapshot_xmin(sa.func.pg_current_snapshot())
    names = ("id", "type", "resource_id", "resource_version", "data", "occurred_at", "client_id", "visibility")
    shown = [events.c[name] for name in names]
    query = owned(events, *shown, _number().label("xact"), _written(), settled.label("settled"))
    return query.where(after).order_by(events.c.xact, events.c.id).limit(sa.bindparam("page", type_=sa.Integer))


@statement
def _place() -> sa.Select[Any]:
    return owned(events, _number().label("xact"), _written()).where(events.c.id == sa.bindparam("id", type_=sa.Uuid))


def _number() -> Any:
    return sa.cast(sa.cast(events.c.xact, sa.Text), sa.BigInteger)


def _written() -> Any:
    """Return the transaction of this cluster that wrote a row: the greatest number with the 32 bits of ``xmin``."""
    top = sa.cast(sa.cast(sa.func.pg_snapshot_xmax(sa.func.pg_current_snapshot()), sa.Text), sa.BigInteger)
    low = sa.literal_column("events.xmin::text::bigint", sa.BigInteger)
    return (top - (top - low).bitwise_and(sa.literal_column("4294967295", sa.BigInteger))).label("written")


def _is_restored(row: Row) -> bool:
    """Return whether an event has its number from another cluster: none is written by a transaction before it."""
    return bool(row["xact"] > row["written"])


async def snapshot(ctx: Context) -> Snapshot:
    """Return what is committed now."""
    row = await ctx.row(_snapshot())
    assert row is not None, "a snapshot is one row"
    return Snapshot.parsed(row["snapshot"])


async def page_after(ctx: Context, position: EventPosition) -> EventPage:
    """Return the events that come after a place, up to the first that an open transaction may still come before."""
    rows = await ctx.fetch(_after(), xact=str(position.xact), id=position.id, page=PAGE)
    settled = [LiveEvent(row, EventPosition(row["xact"], row["id"])) for row in rows if row["settled"]]
    found = [event for event in settled if not _is_restored(event.row)]
    restored = max((row["written"] for row in rows if _is_restored(row)), default=0)
    if restored:
        tell_of_restore(ctx.org_id)
    unsettled = any(not row["settled"] and not _is_restored(row) for row in rows)
    last = settled[-1].position if settled else None
    return EventPage(found, len(settled) == PAGE, unsettled, last, restored)


async def retention_of(ctx: Context, retention: timedelta) -> timedelta:
    """Return how long the organization keeps events; ``retention`` is how long the server does."""
    days: int | None = (await settings_of(ctx))["retention.events"]
    return retention if days is None else min(retention, timedelta(days=days))


async def position_of(ctx: Context, text: str, retention: timedelta) -> EventPosition:
    """Return the place of an event by its ID. ``retention`` is how long the server keeps events.

    Raises Refusal BAD_INPUT for an ID of no event, and EVENT_EXPIRED where events after it may be deleted already, or
    its number is of another cluster, or its order was lost in a restore.
    """
    key = decode(EVENT.prefix, text)
    if key is None:
        raise bad_input("after", "This is not the ID of an event.", "INVALID_FORMAT")
    # Ids are compared, as one may have a time that no calendar has.
    if key < uuid_at(now() - await retention_of(ctx, retention)):
        raise expired()
    row = await ctx.row(_place(), id=key)
    if row is None:
        raise bad_input("after", "There is no such event.", "NOT_FOUND")
    if _is_restored(row):
        tell_of_restore(ctx.org_id)
        raise restored_order()
    if row["xact"] == ORDER_LOST:
        raise restored_order()
    return EventPosition(row["xact"], key)


def is_heard(actor: Actor, event: LiveEvent) -> bool:
    """Return whether an actor may hear of an event: whether it sees the object, as the event has kept it. A client
    hears of what is its own."""
    resource = heard_of().get(event.type)
    if resource is None or not actor.may(resource.read_scope):
        return False
    if actor.client is not None and event.row["client_id"] != decode(CLIENT.prefix, actor.client):
        return False
    collection = COLLECTIONS.get(resource.plural)
    hidden = None if collection is None else collection.hidden
    return hidden is None or hidden.sees(actor.scopes, {hidden.column: event.row["visibility"]})


@cache
def tell_of_restore(org_id: UUID) -> None:
    """Log, once for each organization, that the database was restored and not migrated after it."""
    log.warning("events of another cluster have no order here: run `counterfoil migrate`", org=str(org_id))


def restored_order() -> Refusal:
    """Return the refusal of a place in a cluster from which the events were restored: the client must read anew."""
    message = "The database was restored, so that some events after this one may be missing: read the objects anew."
    return Refusal("EVENT_EXPIRED", message, field="after")


def expired() -> Refusal:
    """Return the refusal of an event after which others may be deleted already: the client must read anew."""
    message = "The event is older than events are kept, so that some after it may be missing: read the objects anew."
    return Refusal("EVENT_EXPIRED", message, field="after")
