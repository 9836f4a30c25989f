"""Subscriptions in the graph."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry

from models.clients import CLIENT
from models.services import SERVICE, BillingInterval
from models.subscriptions import MACHINE, SUBSCRIPTION, SubscriptionStatus
from models.subscriptions import Subscription as Table
from resolvers.clients import CLIENTS
from resolvers.invoices.collections import INVOICES
from resolvers.services import SERVICES
from resolvers.subscriptions import mutations
from resolvers.subscriptions.collections import SUBSCRIPTIONS
from schema.declaration.collections import many, one, to_many, to_one
from schema.declaration.fields import creation, object_type, public_id, related_id
from schema.declaration.inputs import UpdateInput, input_type
from schema.declaration.lists import Connection
from schema.declaration.mutations import acts_on, creates, updates
from schema.declaration.nodes import Node
from schema.declaration.scalars import Currency, MinorUnits, StringMap, Timezone
from schema.declaration.transitions import Transition, available_transitions

if TYPE_CHECKING:
    from schema.clients import Client
    from schema.invoices.types import Invoice
    from schema.services import Service

FROM_NEXT = "It counts from the next period on: a period that has begun is billed as it began."


@object_type(Table, SUBSCRIPTION, machine=MACHINE)
class ClientSubscription(Node):
    """A client's subscription of a service, billed in advance for each period. A part of a period is never billed."""

    id: strawberry.ID = public_id(SUBSCRIPTION)
    client_id: strawberry.ID = related_id(CLIENT, "client_id", "ID of the client who is billed.")
    client: Annotated["Client", strawberry.lazy("schema.clients")] = to_one(
        CLIENTS, "client_id", "The client who is billed."
    )
    service_id: strawberry.ID = related_id(SERVICE, "service_id", "ID of the service that is subscribed to.")
    service: Annotated["Service", strawberry.lazy("schema.services")] = to_one(
        SERVICES, "service_id", "The service that is subscribed to."
    )
    quantity: int
    unit_price: MinorUnits
    currency: Currency
    tax_rate: Decimal
    interval: BillingInterval
    timezone: Timezone
    start_date: date
    trial_end: date | None
    anchor_date: date
    status: SubscriptionStatus
    current_period_start: datetime | None
    current_period_end: datetime | None
    cancel_at_period_end: bool
    paused_at: datetime | None
    cancelled_at: datetime | None
    metadata: StringMap
    created_at: datetime = creation()
    updated_at: datetime
    version: int
    available_transitions: list[Transition[SubscriptionStatus]] = available_transitions(MACHINE)
    invoices: Connection[Annotated["Invoice", strawberry.lazy("schema.invoices.types")]] = to_many(
        INVOICES, "subscription_id", "The subscription's invoices"
    )


@input_type(Table)
class CreateSubscriptionInput:
    """Fields of the new subscription, at the service's current price and interval."""

    client_id: strawberry.ID
    service_id: strawberry.ID = strawberry.field(
        description="ID of the service that is subscribed to: `ACTIVE` and `RECURRING`."
    )
    quantity: strawberry.Maybe[int]
    timezone: strawberry.Maybe[Timezone] = strawberry.field(
        description="Time zone in which periods begin at midnight. Defaults to the organization's."
    )
    start_date: strawberry.Maybe[date] = strawberry.field(
        description="Day on which the subscription starts. Defaults to today. Periods that have begun since are billed"
        f" at once, at most {mutations.MOST_AT_ONCE}."
    )
    trial_end: strawberry.Maybe[date | None] = strawberry.field(
        description="Day on which the trial ends and the first period begins, after `startDate`. Defaults to no trial."
    )
    anchor_date: strawberry.Maybe[date] = strawberry.field(
        description="Day from which periods are counted, so that one of them begins on the first day that is billed."
        " Defaults to that day."
    )
    metadata: strawberry.Maybe[StringMap]


@input_type(Table, clears=True)
class UpdateSubscriptionInput(UpdateInput):
    """Fields of the subscription to change."""

    quantity: strawberry.Maybe[int] = strawberry.field(
        description=f"Quantity that each period is billed for. {FROM_NEXT}"
    )
    unit_price: strawberry.Maybe[MinorUnits] = strawberry.field(
        description=f"Price of one unit for a period, without tax, in minor units. {FROM_NEXT}"
    )
    tax_rate: strawberry.Maybe[Decimal] = strawberry.field(description=f"Tax rate in percent. {FROM_NEXT}")
    cancel_at_period_end: strawberry.Maybe[bool] = strawberry.field(
        description="Whether the subscription is cancelled when the next period would begin. `false` withdraws it,"
        " as `resumeSubscription` does."
    )
    metadata: strawberry.Maybe[StringMap]


@input_type()
class CancelSubscriptionInput(UpdateInput):
    """The subscription to cancel, and when."""

    at_period_end: strawberry.Maybe[bool] = strawberry.field(
        description="Whether to cancel it when the next period would begin, and not now."
    )


@input_type()
class PauseSubscriptionInput(UpdateInput):
    """The subscription to pause."""


@input_type()
class ResumeSubscriptionInput(UpdateInput):
    """The subscription to resume."""


@strawberry.type
class SubscriptionQuery:
    """Queries of subscriptions."""

    subscription: ClientSubscription | None = one(SUBSCRIPTIONS)
    subscriptions: Connection[ClientSubscription] | None = many(SUBSCRIPTIONS)


@strawberry.type
class SubscriptionMutation:
    """Mutations of subscriptions."""

    create_subscription = creates(
        ClientSubscription,
        CreateSubscriptionInput,
        mutations.create,
        "Create a subscription of a recurring service.",
        check=mutations.check_new,
    )
    update_subscription = updates(
        ClientSubscription, UpdateSubscriptionInput, mutations.change, "Update a subscription. Nothing is prorated."
    )
    cancel_subscription = updates(
        ClientSubscription,
        CancelSubscriptionInput,
        mutations.cancel,
        "Cancel a subscription, now or at the end of its period. Nothing is refunded. One that is cancelled stays as it"
        " is.",
        returns="The subscription.",
    )
    pause_subscription = acts_on(
        ClientSubscription,
        PauseSubscriptionInput,
        mutations.pause,
        "Pause a subscription that is `ACTIVE`. Its periods go on; those that begin meanwhile are not billed.",
    )
    resume_subscription = acts_on(
        ClientSubscription,
        ResumeSubscriptionInput,
        mutations.resume,
        "Resume a subscription. One that is `PAUSED` becomes `ACTIVE`: the next period is billed; the one that runs is"
        " not. A cancellation that is planned for the end of the period (`cancelAtPeriodEnd`) is withdrawn.",
    )
