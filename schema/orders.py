"""Orders in the graph."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlmodel import SQLModel

from models.agent_jobs import AGENT_JOB
from models.clients import CLIENT
from models.forms import FORM
from models.members import MEMBER
from models.messages import MESSAGE
from models.orders import INTAKE_FORM, MACHINE, MAX_ASSIGNEES, ORDER, OrderStatus
from models.orders import Order as Table
from models.services import SERVICE
from models.types import Reason
from resolvers import orders, orders_by_status, unread_messages
from resolvers.agent_jobs import costs
from resolvers.agent_jobs.collections import AGENT_JOBS
from resolvers.audit.log import AUDIT_ENTRIES
from resolvers.clients import CLIENTS
from resolvers.forms import loaders as forms
from resolvers.forms.collections import FORMS
from resolvers.invoices.loaders import of_orders
from resolvers.members import MEMBERS
from resolvers.messages import MESSAGES
from resolvers.orders import ORDERS
from resolvers.services import SERVICES
from resolvers.tickets.collections import TICKETS
from schema.declaration.client_inputs import ClientInput
from schema.declaration.collections import TagUse, groups_of, many, newest, one, tags_field, to_listed, to_many, to_one
from schema.declaration.fields import batched, creation, object_type, public_id, related_id, related_ids
from schema.declaration.inputs import UpdateInput, input_type
from schema.declaration.lists import Connection
from schema.declaration.mutations import creates, deletes, updates
from schema.declaration.nodes import Node
from schema.declaration.scalars import Currency, FormData, MinorUnits, StringMap
from schema.declaration.transitions import AVAILABLE, Transition

if TYPE_CHECKING:
    from schema.agent_jobs.types import AgentCost, AgentJob
    from schema.audit import AuditEntry
    from schema.clients import Client
    from schema.forms.types import Form, FormField
    from schema.invoices.types import Invoice
    from schema.members import Member
    from schema.messages import Message
    from schema.services import Service
    from schema.tickets import Ticket

REASON = (
    "Reason for the transition: required for `CANCELLED`. Moving an order to the status that it already has is not a"
    " transition."
)


@object_type(Table, ORDER, machine=MACHINE)
class Order(Node):
    """An order of a service by a client."""

    id: strawberry.ID = public_id(ORDER)
    number: int
    client_id: strawberry.ID = related_id(CLIENT, "client_id", "ID of the client that the order is for.")
    client: Annotated["Client", strawberry.lazy("schema.clients")] = to_one(
        CLIENTS, "client_id", "The client that the order is for."
    )
    service_id: strawberry.ID = related_id(SERVICE, "service_id", "ID of the ordered service.")
    service: Annotated["Service", strawberry.lazy("schema.services")] = to_one(
        SERVICES, "service_id", "The ordered service."
    )
    assignee_ids: list[strawberry.ID] = related_ids(
        MEMBER, "assignee_ids", "IDs of the members who take care of the order."
    )
    assignees: list[Annotated["Member", strawberry.lazy("schema.members")]] = to_listed(
        MEMBERS, "assignee_ids", "The members who take care of the order.", most=MAX_ASSIGNEES
    )
    quantity: int
    unit_price: MinorUnits
    total: MinorUnits
    currency: Currency
    tax_rate: Decimal
    delivery_days: int | None
    status: OrderStatus
    due_at: datetime | None
    started_at: datetime | None
    held_at: datetime | None
    held_seconds: int
    delivered_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    cancelled_reason: str | None
    revisions: int
    notes: str | None
    form_data: FormData | None
    form_id: strawberry.ID | None = related_id(
        FORM, "form_id", "ID of the form that `formData` answers. Null when it answers none.", null=True
    )
    form: Annotated["Form", strawberry.lazy("schema.forms.types")] | None = to_one(
        FORMS, "form_id", "The form that `formData` answers, as it is now. Null when it answers none.", null=True
    )
    form_version: int | None
    form_fields: list[Annotated["FormField", strawberry.lazy("schema.forms.types")]] | None = batched(
        forms.fields_of,
        "form_id",
        "form_version",
        description="The fields of the form in the version that `formData` answers. Null when it answers none.",
    )
    tags: list[str]
    metadata: StringMap
    created_at: datetime = creation()
    updated_at: datetime
    version: int
    available_transitions: list[Transition[OrderStatus]] = batched(
        orders.available, *orders.NEEDED, INTAKE_FORM, description=AVAILABLE
    )
    messages: Connection[Annotated["Message", strawberry.lazy("schema.messages")]] = to_many(
        MESSAGES, "order_id", "Messages of the order's thread"
    )
    last_message: Annotated["Message", strawberry.lazy("schema.messages")] | None = newest(
        MESSAGES, "order_id", "The newest message of the order's thread; null when there is none."
    )
    unread_messages: int = batched(
        unread_messages.of_orders,
        "id",
        description="Number of messages of the order's thread that the caller sees, did not write and has not marked as"
        f" read (`markMessagesRead`), {unread_messages.MOST} at most. The caller is the member or client that the"
        " access token is for, or the API key.",
        cost=2,
        scope=MESSAGE.read_scope,
    )
    invoice: Annotated["Invoice", strawberry.lazy("schema.invoices.types")] | None = batched(
        of_orders, "id", description="The order's invoice that is not `VOID`; null when there is none."
    )
    tickets: Connection[Annotated["Ticket", strawberry.lazy("schema.tickets")]] = to_many(
        TICKETS, "order_id", "Tickets about the order"
    )
    agent_jobs: Connection[Annotated["AgentJob", strawberry.lazy("schema.agent_jobs.types")]] = to_many(
        AGENT_JOBS, "order_id", "Agent jobs about the order"
    )
    agent_cost: list[Annotated["AgentCost", strawberry.lazy("schema.agent_jobs.types")]] = batched(
        costs.of_orders,
        "id",
        description="Cost of the agent jobs about the order and its tickets, by currency. Currencies in which none cost"
        " anything are left out.",
    )
    margin: MinorUnits | None = batched(
        costs.margins_of_orders,
        "id",
        "total",
        "currency",
        description="The order's `total` less its `agentCost`, in minor units of the order's `currency`; the cost is"
        " rounded once, half up. Null where some of the cost is in another currency: that of a job is the setting"
        " `agents.currency` of when it was queued.",
        cost=1,
        scope=AGENT_JOB.read_scope,
    )
    history: Connection[Annotated["AuditEntry", strawberry.lazy("schema.audit")]] = to_many(
        AUDIT_ENTRIES, "target_id", "Entries of the audit log about the order"
    )


@object_type(resource=ORDER)
class OrderCount:
    """Number of orders that have a status."""

    status: OrderStatus = strawberry.field(description="Status of the orders.")
    count: int = strawberry.field(description="Number of orders.")


class _Moved(SQLModel):
    """The bounds of a transition's own fields, as each mutation names them."""

    reason: Reason
    status_reason: Reason


@input_type(Table)
class CreateOrderInput:
    """Fields of the new order, which is `PENDING`, at the service's current price."""

    client_id: strawberry.ID
    service_id: strawberry.ID
    assignee_ids: strawberry.Maybe[list[strawberry.ID]]
    quantity: strawberry.Maybe[int]
    notes: strawberry.Maybe[str | None]
    form_data: strawberry.Maybe[FormData | None]
    tags: strawberry.Maybe[list[str]]
    metadata: strawberry.Maybe[StringMap]


@input_type(Table, bounds=_Moved, clears=True)
class UpdateOrderInput(UpdateInput):
    """Fields of the order to change. The transition, if any, is made last."""

    quantity: strawberry.Maybe[int] = strawberry.field(
        description="Quantity ordered. Cannot be changed once work has started."
    )
    assignee_ids: strawberry.Maybe[list[strawberry.ID]]
    due_at: strawberry.Maybe[datetime | None]
    notes: strawberry.Maybe[str | None]
    form_data: strawberry.Maybe[FormData | None]
    tags: strawberry.Maybe[list[str]]
    metadata: strawberry.Maybe[StringMap]
    status: strawberry.Maybe[OrderStatus] = strawberry.field(
        description="Status to move the order to, as with `transitionOrder`."
    )
    status_reason: strawberry.Maybe[str] = strawberry.field(description=f"{REASON} Only together with `status`.")


@input_type(_Moved)
class TransitionOrderInput(UpdateInput):
    """The transition to make."""

    to: OrderStatus = strawberry.field(description="Status to move the order to.")
    reason: strawberry.Maybe[str] = strawberry.field(description=REASON)


@strawberry.type
class OrderQuery:
    """Queries of orders."""

    order: Order | None = one(ORDERS)
    orders: Connection[Order] | None = many(ORDERS)
    order_tags: list[TagUse] | None = tags_field(ORDERS)
    order_counts: list[OrderCount] | None = groups_of(
        ORDERS, orders_by_status.counts, "Number of orders by status. Statuses without orders are left out."
    )


@strawberry.type
class OrderMutation:
    """Mutations of orders."""

    create_order = creates(Order, CreateOrderInput, orders.create, "Create an order.")
    update_order = updates(
        Order,
        UpdateOrderInput,
        orders.change,
        "Update an order, and move it to another status when one is given.",
        check=orders.check,
    )
    transition_order = updates(
        Order,
        TransitionOrderInput,
        orders.transition,
        "Move an order to another status.",
        clients=ClientInput(("id", "expectedVersion", "to", "reason"), {"to": MACHINE.by_clients}),
    )
    delete_order = deletes(
        Order,
        orders.remove,
        "Delete an order that is `PENDING` or `CANCELLED` and has no messages, invoices, tickets or agent jobs.",
    )
