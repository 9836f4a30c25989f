"""Orders: what a client bought, and the transitions of its status."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from annotated_types import MaxLen
from sqlalchemy.dialects import postgresql as pg

from models.base import STAFF, TIMESTAMP, Tagged, column, nullable_time, one_of, table_args, table_of
from models.enums import DescribedEnum
from models.forms import DATA_LIMIT
from models.machines import Block, Guard, Machine, Requirement, Row, SettingValues, Transition
from models.resources import Resource
from models.types import Currency, Days, JsonObject, LongText, Moment, Price, Quantity, Reason, TaxRate

# Whom an order is assigned to: members are never deleted, so that no foreign key is missed.
MAX_ASSIGNEES = 20
AssigneeIds = Annotated[list[Any], MaxLen(MAX_ASSIGNEES)]
ORDER = Resource(
    "order",
    actions=("transition",),
    description="The orders of clients, with their status.",
    events={
        "created": "An order was created.",
        "updated": "Fields of an order were updated, other than by a transition.",
        "status_changed": "An order moved to another status.",
        "deleted": "An order was deleted; `data` is its last state.",
    },
)


class OrderStatus(DescribedEnum):
    """Status of an order."""

    PENDING = "PENDING", "Not submitted yet."
    SUBMITTED = "SUBMITTED", "Submitted; work has not started."
    IN_PROGRESS = "IN_PROGRESS", "Work is in progress."
    ON_HOLD = "ON_HOLD", "Work is on hold."
    DELIVERED = "DELIVERED", "Delivered to the client."
    REVISION_REQUESTED = "REVISION_REQUESTED", "The client has requested a revision."
    COMPLETED = "COMPLETED", "Completed."
    CANCELLED = "CANCELLED", "Cancelled, with a reason."


_S = OrderStatus
# Until work starts, what was ordered may change; after it, the price is history.
OPEN_TO_CHANGE = frozenset({_S.PENDING, _S.SUBMITTED})
DELETABLE = frozenset({_S.PENDING, _S.CANCELLED})


# The service's intake form, as a row has it that was read with the service's.
INTAKE_FORM = "service_id.intake_form_id"


def _filled_in(order: Row, settings: SettingValues, moment: datetime) -> Block | None:
    form = order[INTAKE_FORM]
    return Block(Guard.NO_FORM_DATA) if form is not None and order["form_id"] != form else None


def _revision_limit(order: Row, settings: SettingValues, moment: datetime) -> Block | None:
    limit = settings["orders.revisionLimit"]
    return Block(Guard.REVISION_LIMIT, limit) if limit is not None and order["revisions"] >= limit else None


def _reopen_window(order: Row, settings: SettingValues, moment: datetime) -> Block | None:
    days, completed = settings["orders.reopenDays"], order["completed_at"]
    if days is None or completed is None:
        return None
    until = completed + timedelta(days=days)
    return Block(Guard.REOPEN_WINDOW, days, until) if moment > until else None


def _effects(order: Row, made: Transition[OrderStatus], moment: datetime, reason: str | None) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if made.origin is _S.SUBMITTED and made.target is _S.IN_PROGRESS:
        changes["started_at"] = moment
        if order["delivery_days"] is not None:
            changes["due_at"] = moment + timedelta(days=order["delivery_days"])
    if made.origin is _S.ON_HOLD:
        held = moment - order["held_at"]
        changes["held_at"] = None
        changes["held_seconds"] = order["held_seconds"] + int(held.total_seconds())
        if order["due_at"] is not None and made.target is _S.IN_PROGRESS:
            changes["due_at"] = order["due_at"] + held
    if made.origin is _S.COMPLETED:
        changes["completed_at"] = None
    match made.target:
        case _S.ON_HOLD:
            changes["held_at"] = moment
        case _S.DELIVERED:
            changes["delivered_at"] = moment
        case _S.REVISION_REQUESTED:
            changes["revisions"] = order["revisions"] + 1
        case _S.COMPLETED:
            changes["completed_at"] = moment
        case _S.CANCELLED:
            changes["cancelled_at"] = moment
            changes["cancelled_reason"] = reason
    return changes


MACHINE = Machine(
    OrderStatus,
    Transition(_S.PENDING, _S.SUBMITTED, "The client submits the order, with the service's intake form.", _filled_in),
    Transition(_S.SUBMITTED, _S.IN_PROGRESS, "Work starts. Sets `startedAt`, and `dueAt` by the delivery days."),
    Transition(_S.IN_PROGRESS, _S.ON_HOLD, "Work is put on hold."),
    Transition(_S.IN_PROGRESS, _S.DELIVERED, "The work is delivered to the client."),
    Transition(_S.ON_HOLD, _S.IN_PROGRESS, "Work resumes. `dueAt` moves by the time on hold."),
    Transition(_S.DELIVERED, _S.COMPLETED, "The client accepts the work."),
    Transition(_S.DELIVERED, _S.REVISION_REQUESTED, "The client requests a revision.", _revision_limit),
    Transition(_S.REVISION_REQUESTED, _S.IN_PROGRESS, "Work on the revision starts."),
    Transition(_S.COMPLETED, _S.IN_PROGRESS, "The order is reopened.", _reopen_window),
    *(
        Transition(origin, _S.CANCELLED, "The order is cancelled, with a reason.", requires=(Requirement.REASON,))
        for origin in _S
        if origin not in (_S.COMPLETED, _S.CANCELLED)
    ),
    effects=_effects,
    by_clients=(_S.SUBMITTED, _S.COMPLETED, _S.REVISION_REQUESTED),
)


class Order(Tagged, table=True):
    """A client's order of a service. Price and delivery days are copies: a later price change rewrites no history."""

    __tablename__ = "orders"
    __table_args__ = table_args(
        one_of("status", OrderStatus),
        sa.CheckConstraint("quantity >= 1 and total = quantity * unit_price", name="total"),
        sa.CheckConstraint(
            "num_nulls(form_id, form_version) in (0, 2) and (form_id is null or form_data is not null)", name="form"
        ),
        sa.CheckConstraint("tax_rate >= 0 and tax_rate <= 100", name="tax_rate"),
        sa.UniqueConstraint("org_id", "number", name="orders_number_key"),
        sa.ForeignKeyConstraint(["org_id", "client_id"], ["clients.org_id", "clients.id"]),
        sa.ForeignKeyConstraint(["org_id", "service_id"], ["services.org_id", "services.id"]),
        sa.ForeignKeyConstraint(["org_id", "form_id"], ["forms.org_id", "forms.id"]),
        sa.Index("orders_client_idx", "org_id", "client_id", "id"),
        sa.Index("orders_service_idx", "org_id", "service_id", "id"),
        sa.Index("orders_form_idx", "org_id", "form_id", "id"),
        sa.Index("orders_status_idx", "org_id", "status", "id"),
        sa.Index("orders_total_idx", "org_id", "total", "id"),
        *nullable_time("orders_due", "due_at"),
        *nullable_time("orders_status_due", "due_at", within="status"),
        *nullable_time("orders_formless_due", "due_at", where="form_id is null"),
        sa.Index("orders_updated_idx", "org_id", "updated_at", "id"),
    )

    assignee_ids: AssigneeIds = column(
        pg.ARRAY(sa.Uuid),
        info={"refers_to": "members"} | STAFF,
        description="IDs of the members who take care of the order: at most 20.",
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
    tax_rate: TaxRate = column(
        sa.Numeric(7, 4), description="Tax rate of the service when the order was created, in percent."
    )
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
    held_seconds: int = column(
        sa.BigInteger, default=0, description="Seconds on hold in all, without the present time on hold."
    )
    delivered_at: Moment | None = column(TIMESTAMP, nullable=True, description="Time of the last delivery.")
    completed_at: Moment | None = column(TIMESTAMP, nullable=True, description="Time at which the order was completed.")
    cancelled_at: Moment | None = column(TIMESTAMP, nullable=True, description="Time at which the order was cancelled.")
    cancelled_reason: Reason | None = column(sa.Text, nullable=True, description="Reason for the cancellation.")
    revisions: int = column(sa.Integer, default=0, description="Number of revisions requested.")
    notes: LongText | None = column(
        sa.Text, nullable=True, info=STAFF, description="Notes of the organization's staff."
    )
    form_data: JsonObject | None = column(
        pg.JSONB,
        nullable=True,
        info={"most": DATA_LIMIT},
        description="Answers to the service's intake form, by the keys of its fields; any object for a service without"
        " one.",
    )
    form_id: UUID | None = column(
        sa.Uuid,
        nullable=True,
        info=STAFF,
        description="ID of the form that `formData` answers. Null when it answers none.",
    )
    form_version: int | None = column(
        sa.Integer, nullable=True, info=STAFF, description="Version of the form whose fields `formData` answers."
    )


orders = table_of(Order)
