"""Subscriptions: a recurring service that a client is billed for in advance, and the transitions of its status."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from annotated_types import Le
from sqlmodel import Field

from models.base import TIMESTAMP, Owned, WithMetadata, column, nullable_time, one_of, table_args, table_of
from models.enums import DescribedEnum
from models.machines import Guard, Machine, Row, Transition, always
from models.resources import Resource
from models.services import BillingInterval
from models.types import Currency, Moment, Price, Quantity, SchemaExtra, TaxRate, Timezone

SUBSCRIPTION = Resource(
    "subscription",
    actions=("transition", "renew"),
    # GraphQL's own Subscription is the root of live events.
    type_name="ClientSubscription",
    description="The subscriptions of clients to recurring services, which are billed in advance.",
    events={
        "created": "A subscription was created.",
        "updated": "A subscription was updated: by a change, its first period, a pause, or a payment.",
        "renewed": "A further period of a subscription began, and is billed.",
        "cancelled": "A subscription was cancelled: on request, or because it was to end with its period.",
        "past_due": "A subscription became past due.",
    },
)


class SubscriptionStatus(DescribedEnum):
    """Status of a subscription."""

    TRIALING = "TRIALING", "On trial: not billed yet."
    ACTIVE = "ACTIVE", "Billed at the beginning of each period."
    PAST_DUE = "PAST_DUE", "Billed like `ACTIVE`, while an invoice stays unpaid."
    PAUSED = "PAUSED", "Paused: periods that begin are not billed."
    CANCELLED = "CANCELLED", "Cancelled: it does not continue."


class PeriodState(DescribedEnum):
    """State of a period."""

    DUE = "DUE", "Begun, and to be billed."
    BILLED = "BILLED", "Billed by an invoice."
    SKIPPED = "SKIPPED", "Begun while the subscription was paused: not billed."


_S = SubscriptionStatus
# While it is one of these, a subscription counts towards the monthly recurring revenue.
EARNING = frozenset({_S.ACTIVE, _S.PAST_DUE})
# The last day of what is planned: dates end with the year 9999, and a period after it must have an end too.
LAST_DAY = date(9000, 12, 31)
SubscriptionDay = Annotated[date, Le(LAST_DAY), SchemaExtra(pattern="^([0-8][0-9]{3}-|9000-)")]


_automatic = always(Guard.AUTOMATIC)


def _effects(
    subscription: Row, made: Transition[SubscriptionStatus], moment: datetime, reason: str | None
) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if made.origin is _S.PAUSED:
        changes["paused_at"] = None
    if made.target is _S.PAUSED:
        changes["paused_at"] = moment
    if made.target is _S.CANCELLED:
        changes["cancelled_at"] = moment
    return changes


MACHINE = Machine(
    SubscriptionStatus,
    Transition(_S.TRIALING, _S.ACTIVE, "The trial ends, and the first period begins.", _automatic),
    Transition(_S.TRIALING, _S.CANCELLED, "The subscription is cancelled before it was billed."),
    Transition(
        _S.ACTIVE, _S.PAST_DUE, "An invoice is unpaid `subscriptions.graceDays` days after it was due.", _automatic
    ),
    Transition(_S.ACTIVE, _S.PAUSED, "The subscription is paused. Its periods go on, and are not billed."),
    Transition(_S.ACTIVE, _S.CANCELLED, "The subscription is cancelled, at once or with its period."),
    Transition(_S.PAST_DUE, _S.ACTIVE, "No invoice is that late any more.", _automatic),
    Transition(_S.PAST_DUE, _S.CANCELLED, "The subscription is cancelled, at once or with its period."),
    Transition(_S.PAUSED, _S.ACTIVE, "The subscription is resumed. The next period is billed."),
    Transition(_S.PAUSED, _S.CANCELLED, "The subscription is cancelled, at once or with its period."),
    effects=_effects,
)


class Subscription(WithMetadata, table=True):
    """A client's subscription. Price, tax rate and interval are copies: a later change of the service changes none."""

    __tablename__ = "subscriptions"
    __table_args__ = table_args(
        one_of("status", SubscriptionStatus),
        one_of("interval", BillingInterval),
        sa.CheckConstraint("quantity >= 1 and unit_price >= 0 and tax_rate >= 0 and tax_rate <= 100", name="price"),
        sa.CheckConstraint("num_nulls(current_period_start, current_period_end) in (0, 2)", name="current_period"),
        sa.CheckConstraint("(status = 'PAUSED') = (paused_at is not null)", name="paused_at"),
        sa.CheckConstraint("(status = 'CANCELLED') = (cancelled_at is not null)", name="cancelled_at"),
        sa.ForeignKeyConstraint(["org_id", "client_id"], ["clients.org_id", "clients.id"]),
        sa.ForeignKeyConstraint(["org_id", "service_id"], ["services.org_id", "services.id"]),
        sa.Index("subscriptions_client_idx", "org_id", "client_id", "id"),
        sa.Index("subscriptions_service_idx", "org_id", "service_id", "id"),
        sa.Index("subscriptions_status_idx", "org_id", "status", "id"),
        sa.Index("subscriptions_updated_idx", "org_id", "updated_at", "id"),
        *nullable_time("subscriptions_period_end", "current_period_end"),
        grants="SELECT, INSERT, UPDATE",
    )

    client_id: UUID = column(sa.Uuid, description="ID of the client who is billed.")
    service_id: UUID = column(sa.Uuid, description="ID of the service that is subscribed to.")
    quantity: Quantity = column(sa.Integer, default=1, description="Quantity that each period is billed for.")
    unit_price: Price = column(
        sa.BigInteger, description="Price of one unit for a period, without tax, in minor units."
    )
    currency: Currency = column(sa.Text, description="ISO 4217 currency code of the service.")
    tax_rate: TaxRate = column(sa.Numeric(7, 4), description="Tax rate in percent, such as `19` or `5.5`.")
    interval: BillingInterval = column(sa.Text, description="Length of a period.")
    timezone: Timezone = column(
        sa.Text, description="Time zone in which periods begin at midnight: a name of the IANA database."
    )
    start_date: SubscriptionDay = column(sa.Date, description="Day on which the subscription starts.")
    trial_end: SubscriptionDay | None = column(
        sa.Date, nullable=True, description="Day on which the trial ends and the first period begins. Null: no trial."
    )
    anchor_date: SubscriptionDay = column(
        sa.Date,
        description="Day from which periods are counted. From a 31st, periods begin on the last day of shorter months.",
    )
    status: SubscriptionStatus = column(sa.Text, description="Status of the subscription.")
    current_period_start: Moment | None = column(
        TIMESTAMP, nullable=True, description="Time at which the current period began. Null before the first one."
    )
    current_period_end: Moment | None = column(
        TIMESTAMP, nullable=True, description="Time at which the next period begins. Null before the first one."
    )
    next_period: int = column(
        sa.Integer, description="Number of the next period, counted from the anchor.", info={"internal": True}
    )
    cancel_at_period_end: bool = column(
        sa.Boolean, default=False, description="Whether the subscription is cancelled when the next period would begin."
    )
    paused_at: Moment | None = column(
        TIMESTAMP, nullable=True, description="Time at which it was paused; null when it is not paused."
    )
    cancelled_at: Moment | None = column(TIMESTAMP, nullable=True, description="Time at which it was cancelled.")


class SubscriptionPeriod(Owned, table=True):
    """A period that began, with what it is billed for. None is ever deleted, whatever becomes of its invoice."""

    __tablename__ = "subscription_periods"
    __table_args__ = table_args(
        one_of("state", PeriodState),
        sa.CheckConstraint("(state = 'BILLED') = (invoice_id is not null)", name="invoice"),
        sa.ForeignKeyConstraint(["org_id", "subscription_id"], ["subscriptions.org_id", "subscriptions.id"]),
        sa.Index(
            "subscription_periods_due_idx", "org_id", "subscription_id", "number",
            postgresql_where=sa.text("state = 'DUE'"),
        ),
        grants="SELECT, INSERT, UPDATE",
    )  # fmt: skip

    subscription_id: UUID = Field(primary_key=True, sa_type=sa.Uuid)
    number: int = Field(primary_key=True, sa_type=sa.Integer, sa_column_kwargs={"autoincrement": False})
    starts_at: Moment = column(TIMESTAMP)
    ends_at: Moment = column(TIMESTAMP)
    state: PeriodState = column(sa.Text)
    quantity: int = column(sa.Integer)
    unit_price: int = column(sa.BigInteger)
    tax_rate: Decimal = column(sa.Numeric(7, 4))
    # Without a foreign key: a draft may be deleted, and its period stays billed.
    invoice_id: UUID | None = column(sa.Uuid, nullable=True)


class SubscriptionChange(Owned, table=True):
    """A change of the monthly recurring revenue of a subscription. Append-only."""

    __tablename__ = "subscription_changes"
    __table_args__ = table_args(
        sa.ForeignKeyConstraint(["org_id", "subscription_id"], ["subscriptions.org_id", "subscriptions.id"]),
        sa.Index("subscription_changes_subscription_idx", "org_id", "subscription_id", "id"),
        sa.Index("subscription_changes_at_idx", "org_id", "at", "id"),
        grants="SELECT, INSERT",
    )

    id: UUID = Field(primary_key=True, sa_type=sa.Uuid)
    subscription_id: UUID = column(sa.Uuid)
    at: Moment = column(TIMESTAMP)
    mrr_before: int = column(sa.BigInteger)
    mrr_after: int = column(sa.BigInteger)


subscriptions = table_of(Subscription)
subscription_periods = table_of(SubscriptionPeriod)
subscription_changes = table_of(SubscriptionChange)
