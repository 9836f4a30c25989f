"""The root of subscriptions: its fields, and which events each of them passes on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import strawberry

from execution import Args, Effort
from models.actors import STAFF_ONLY
from models.resources import Resource
from models.typeid import encode
from models.webhooks import EVENT
from models.webhooks import Event as Table
from resolvers.agent_jobs.collections import AGENT_JOBS
from resolvers.collections import loaders
from resolvers.collections.collection import Collection
from resolvers.context import Context
from resolvers.live.events import LiveEvent, heard_of, published
from resolvers.messages import MESSAGES
from resolvers.orders import ORDERS
from resolvers.reports.collections import REPORTS
from resolvers.tickets.collections import TICKETS
from schema.agent_jobs.types import AgentJob
from schema.declaration.fields import argument, batched, computed, object_type, public_id
from schema.declaration.scalars import Json
from schema.messages import Message
from schema.orders import Order
from schema.reports import Report
from schema.tickets import Ticket

AFTER = (
    "ID of the event to go on after, as `extensions.event.id`, the stream's `id` or a webhook's `webhook-id` has it."
    " EVENT_EXPIRED where it is older than events are kept."
)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """An argument with the ID of an object: ``of`` returns the one that an event is about."""

    argument: str
    collection: Collection
    of: Callable[[LiveEvent], str | None]


@dataclass(frozen=True, slots=True)
class Hearing:
    """Which events a root field passes on, of an object where one is named. Without ``types`` it takes them as an
    argument."""

    types: frozenset[str] | None = None
    narrowing: Narrowing | None = None


# By the names of the fields.
HEARINGS: dict[str, Hearing] = {"events": Hearing()}


def _of_object(event: LiveEvent) -> str | None:
    return event.resource_id


def _of_order(event: LiveEvent) -> str | None:
    order: str | None = event.data.get("orderId")
    return order


def changes_of(field: str, collection: Collection, narrowing: Narrowing, description: str) -> Any:
    """Return a root field: the object of each event of a resource, but of its deletion."""
    resource, narrowed = collection.resource, narrowing.collection.resource
    types = frozenset(resource.event(verb) for verb in resource.events if verb != "deleted")
    types |= {resource.live_event(verb) for verb in resource.live}
    HEARINGS[field] = Hearing(types, narrowing)
    listed = ", ".join(f"`{name}`" for name in sorted(types))
    only = f"Only events of the {narrowed.label} with this ID."
    python_name = "order_id" if narrowing.argument == "orderId" else "id"
    return batched(
        loaders.to_one(collection, "resource_id"),
        description=f"{description} Events: {listed}.",
        arguments=lambda: [
            argument(python_name, strawberry.ID | None, only, narrowing.argument),
            argument("after", strawberry.ID | None, AFTER),
        ],
    )


def _own(collection: Collection) -> Narrowing:
    return Narrowing("id", collection, _of_object)


def event_scopes(arguments: Mapping[str, Any], effort: Effort) -> list[str]:
    """Return the scopes that types of events need; without types, none: what may not be read is left out."""
    types = arguments.get("types")
    asked = types if isinstance(types, list) else [types]
    effort.spend(len(asked))
    return sorted({published()[name].read_scope for name in asked if isinstance(name, str) and name in published()})


def _resource_of(row: Any) -> Resource:
    return heard_of()[row["type"]]


def _resource_id(row: Any) -> str:
    return encode(_resource_of(row).prefix, row["resource_id"])


@object_type(Table)
class Event:
    """Something that happened to an object, as webhooks are sent it."""

    id: strawberry.ID = public_id(EVENT)
    type: str = strawberry.field(description="Type of the event, such as `order.created`.")
    resource_id: strawberry.ID = computed(
        _resource_id, "type", "resource_id", description="ID of the object that the event is about."
    )
    resource_version: int = strawberry.field(description="Version of the object with this event.")
    data: Json = computed(
        lambda row: orjson.loads(row["data"]),
        "data",
        description="The object as it was then, as in `data` of a webhook.",
    )
    occurred_at: datetime = strawberry.field(description="Time at which the event occurred.")


async def _itself(_ctx: Context, parents: list[Any], args: Args) -> list[Any]:
    # A row has the columns that were asked for, in their order.
    return [{name: row[name] for name in args.columns} for row in parents]


@strawberry.type(description="The root of all subscriptions. Each result's `extensions.event` says of which event.")
class Subscription:
    """What can be heard of."""

    events: Event | None = batched(
        _itself,
        description="Events of the organization, in the order in which they were committed. Without `types`, all that"
        " the API key may read.",
        arguments=lambda: [
            argument("types", list[str] | None, "Only events of these types, such as `order.created`."),
            argument("after", strawberry.ID | None, AFTER),
        ],
        cost=1,
        reserved=STAFF_ONLY,
    )
    order_updated: Order | None = changes_of(
        "orderUpdated", ORDERS, _own(ORDERS), "An order, whenever one is created or changed."
    )
    message_created: Message | None = changes_of(
        "messageCreated",
        MESSAGES,
        Narrowing("orderId", ORDERS, _of_order),
        "A message, when it is added to an order's thread.",
    )
    ticket_updated: Ticket | None = changes_of(
        "ticketUpdated", TICKETS, _own(TICKETS), "A ticket, whenever one is created or changed, also by a PUBLIC reply."
    )
    agent_job_updated: AgentJob | None = changes_of(
        "agentJobUpdated",
        AGENT_JOBS,
        _own(AGENT_JOBS),
        "An agent job, at each change of its status and each step.",
    )
    report_updated: Report | None = changes_of(
        "reportUpdated",
        REPORTS,
        _own(REPORTS),
        "A report, whenever more of it is computed, and at its end.",
    )
