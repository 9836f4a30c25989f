"""Services in the graph."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry

from models.forms import FORM
from models.services import SERVICE, Billing, BillingInterval, ServiceStatus
from models.services import Service as Table
from resolvers import services
from resolvers.forms.collections import FORMS
from resolvers.orders import ORDERS
from resolvers.services import SERVICES
from resolvers.subscriptions.collections import SUBSCRIPTIONS
from schema.declaration.collections import TagUse, many, one, tags_field, to_many, to_one
from schema.declaration.fields import creation, object_type, public_id, related_id
from schema.declaration.inputs import UpdateInput, input_type
from schema.declaration.lists import Connection
from schema.declaration.mutations import creates, deletes, updates
from schema.declaration.nodes import Node
from schema.declaration.scalars import Currency, MinorUnits, StringMap

if TYPE_CHECKING:
    from schema.forms.types import Form
    from schema.orders import Order
    from schema.subscriptions import ClientSubscription


@object_type(Table, SERVICE)
class Service(Node):
    """A service that the organization sells: an entry of its catalogue."""

    id: strawberry.ID = public_id(SERVICE)
    name: str
    description: str | None
    price: MinorUnits
    currency: Currency
    tax_rate: Decimal
    billing: Billing
    interval: BillingInterval | None
    delivery_days: int | None
    intake_form_id: strawberry.ID | None = related_id(
        FORM, "intake_form_id", "ID of the form that orders answer. Null when the service has none.", null=True
    )
    intake_form: Annotated["Form", strawberry.lazy("schema.forms.types")] | None = to_one(
        FORMS, "intake_form_id", "The form that orders answer, before they are submitted.", null=True
    )
    status: ServiceStatus
    tags: list[str]
    metadata: StringMap
    created_at: datetime = creation()
    updated_at: datetime
    version: int
    orders: Connection[Annotated["Order", strawberry.lazy("schema.orders")]] = to_many(
        ORDERS, "service_id", "The service's orders"
    )
    subscriptions: Connection[Annotated["ClientSubscription", strawberry.lazy("schema.subscriptions")]] = to_many(
        SUBSCRIPTIONS, "service_id", "The service's subscriptions"
    )


@input_type(Table)
class CreateServiceInput:
    """Fields of the new service."""

    name: str
    description: strawberry.Maybe[str | None]
    price: MinorUnits
    currency: strawberry.Maybe[Currency] = strawberry.field(
        description="ISO 4217 currency code. Defaults to the organization's currency."
    )
    tax_rate: strawberry.Maybe[Decimal] = strawberry.field(
        description="Tax rate in percent, from 0 to 100. Defaults to the setting `invoices.taxRate`."
    )
    billing: strawberry.Maybe[Billing]
    interval: strawberry.Maybe[BillingInterval | None]
    delivery_days: strawberry.Maybe[int | None]
    intake_form_id: strawberry.Maybe[strawberry.ID | None]
    status: strawberry.Maybe[ServiceStatus]
    tags: strawberry.Maybe[list[str]]
    metadata: strawberry.Maybe[StringMap]


@input_type(Table, clears=True)
class UpdateServiceInput(UpdateInput):
    """Fields of the service to change."""

    name: strawberry.Maybe[str]
    description: strawberry.Maybe[str | None]
    price: strawberry.Maybe[MinorUnits]
    currency: strawberry.Maybe[Currency]
    tax_rate: strawberry.Maybe[Decimal]
    billing: strawberry.Maybe[Billing]
    interval: strawberry.Maybe[BillingInterval | None]
    delivery_days: strawberry.Maybe[int | None]
    intake_form_id: strawberry.Maybe[strawberry.ID | None]
    status: strawberry.Maybe[ServiceStatus]
    tags: strawberry.Maybe[list[str]]
    metadata: strawberry.Maybe[StringMap]


@strawberry.type
class ServiceQuery:
    """Queries of services."""

    service: Service | None = one(SERVICES)
    services: Connection[Service] | None = many(SERVICES)
    service_tags: list[TagUse] | None = tags_field(SERVICES)


@strawberry.type
class ServiceMutation:
    """Mutations of services."""

    create_service = creates(
        Service, CreateServiceInput, services.create, "Create a service.", check=services.check_new
    )
    update_service = updates(
        Service,
        UpdateServiceInput,
        services.change,
        "Update a service. Existing orders and subscriptions keep the values that they copied from it.",
        check=services.check,
    )
    delete_service = deletes(
        Service,
        services.remove,
        "Delete a service. A service that has orders or subscriptions cannot be deleted; archive it instead.",
    )
