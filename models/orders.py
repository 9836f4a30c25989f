"""Orders: what a client bought, and the moves an order may make."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.base import TIMESTAMP, Tagged, column, one_of, table_args, table_of
from models.words import Currency, Days, JsonObject, LongText, Moment, Price, Quantity, Reason

PREFIX = "order"


class OrderStatus(StrEnum):
    """Status of an order."""

    PENDING = "PENDING"
    SUBMITTED = "SUBMITTED"
    IN_PROGRESS = "IN_PROGRESS"
    ON_HOLD = "ON_HOLD"
    DELIVERED = "DELIVERED"
    REVISION_REQUESTED = "REVISION_REQUESTED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


class Guard(StrEnum):
    """A guard that can block a transition."""

    REVISION_LIMIT = "REVISION_LIMIT"
    REOPEN_WINDOW = "REOPEN_WINDOW"


class Requirement(StrEnum):
    """A requirement of a request for a transition."""

    REASON = "REASON"


@dataclass(frozen=True, slots=True)
class Move:
    """One line of the state machine: from, to, what may block it, why it exists, what its request must bring."""

    origin: OrderStatus
    target: OrderStatus
    guard: Guard | None
    meaning: str
    requires: tuple[Requirement, ...] = ()


_S = OrderStatus
MOVES: tuple[Move, ...] = (
    Move(_S.PENDING, _S.SUBMITTED, None, "The client submits the order."),
    Move(_S.SUBMITTED, _S.IN_PROGRESS, None, "Work starts. Sets `startedAt`, and `dueAt` by the delivery days."),
    Move(_S.IN_PROGRESS, _S.ON_HOLD, None, "Work is put on hold."),
    Move(_S.IN_PROGRESS, _S.DELIVERED, None, "The work is delivered to the client."),
    Move(_S.ON_HOLD, _S.IN_PROGRESS, None, "Work resumes. `dueAt` moves by the time on hold."),
    Move(_S.DELIVERED, _S.COMPLETED, None, "The client accepts the work."),
    Move(_S.DELIVERED, _S.REVISION_REQUESTED, Guard.REVISION_LIMIT, "The client requests a revision."),
    Move(_S.REVISION_REQUESTED, _S.IN_PROGRESS, None, "Work on the revision starts."),
    Move(_S.COMPLETED, _S.IN_PROGRESS, Guard.REOPEN_WINDOW, "The order is reopened."),
    *(
        Move(origin, _S.CANCELLED, None, "The order is cancelled, with a reason.", (Requirement.REASON,))
        for origin in _S
        if origin not in (_S.COMPLETED, _S.CANCELLED)
    ),
)
BY_ORIGIN: dict[OrderStatus, tuple[Move, ...]] = {
    origin: tuple(move for move in MOVES if move.origin is origin) for origin in OrderStatus
}
DELETABLE = frozenset({OrderStatus.PENDING, OrderStatus.CANCELLED})


def move_between(origin: OrderStatus, target: OrderStatus) -> Move | None:
    """The legal move, or None."""
    return next((move for move in BY_ORIGIN[origin] if move.target is target), None)


_DUE = "case when due_at is null then '{}'::timestamptz else due_at end"


class Order(Tagged, table=True):
    """A client's order of a service. Price and delivery days are copies: a later price change rewrites no history."""

    __tablename__ = "orders"
    __table_args__ = table_args(
        one_of("status", OrderStatus),
        sa.CheckConstraint("quantity >= 1 and total = quantity * unit_price", name="total"),
        sa.UniqueConstraint("org_id", "number", name="orders_number_key"),
        sa.ForeignKeyConstraint(["org_id", "client_id"], ["clients.org_id", "clients.id"]),
        sa.ForeignKeyConstraint(["org_id", "service_id"], ["services.org_id", "services.id"]),
        sa.Index("orders_client_idx", "org_id", "client_id", "id"),
        sa.Index("orders_service_idx", "org_id", "service_id", "id"),
        sa.Index("orders_status_idx", "org_id", "status", "id"),
        sa.Index("orders_total_idx", "org_id", "total", "id"),
        # Nulls last, both ways: an infinity stands for a null.
        # Not coalesce: under row-level security a condition on it would not reach the index.
        sa.Index("orders_due_idx", "org_id", sa.text(f"({_DUE.format('infinity')})"), "id"),
        sa.Index("orders_due_back_idx", "org_id", sa.text(f"({_DUE.format('-infinity')})"), "id"),
        sa.Index("orders_updated_idx", "org_id", "updated_at", "id"),
    )

    number: int = column(sa.BigInteger, description="Order number for people: unique in the organization, with gaps.")
    client_id: UUID = column(sa.Uuid, description="ID of the client that the order is for.")
    service_id: UUID = column(sa.Uuid, description="ID of the ordered service.")
    quantity: Quantity = column(sa.Integer, default=1, description="Quantity ordered.")
    unit_price: Price = column(
        sa.BigInteger, description="Price of one unit when the order was created, in minor units."
    )
    total: Price = column(sa.BigInteger, description="`quantity` × `unitPrice`, in minor units.")
    currency: Currency = column(sa.Text, description="ISO 4217 currency code of the service.")
    delivery_days: Days | None = column(
        sa.Integer, nullable=True, description="Delivery days of the service when the order was created."
    )
    status: OrderStatus = column(sa.Text, default=OrderStatus.PENDING, description="Status of the order.")
    due_at: Moment | None = column(
        TIMESTAMP, nullable=True, description="Time at which the order is due. Moves by the time on hold."
    )
    started_at: Moment | None = column(TIMESTAMP, nullable=True, description="Time at which work first started.")
    held_at: Moment | None = column(
        TIMESTAMP, nullable=True, description="Time at which the order was put on hold; null when it is not on hold."
    )
    delivered_at: Moment | None = column(TIMESTAMP, nullable=True, description="Time of the last delivery.")
    completed_at: Moment | None = column(TIMESTAMP, nullable=True, description="Time at which the order was completed.")
    cancelled_reason: Reason | None = column(sa.Text, nullable=True, description="Reason for the cancellation.")
    revisions: int = column(sa.Integer, default=0, description="Number of revisions requested.")
    notes: LongText | None = column(sa.Text, nullable=True, description="Notes of the organization's staff.")
    form_data: JsonObject | None = column(pg.JSONB, nullable=True, description="Answers to the intake form.")


orders = table_of(Order)
