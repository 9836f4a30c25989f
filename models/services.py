"""Services: what the organization sells."""

from uuid import UUID

import sqlalchemy as sa

from models.base import STAFF, Tagged, column, key_column, one_of, table_args, table_of
from models.enums import DescribedEnum
from models.resources import Resource
from models.types import Currency, Days, LongText, Name, Price, TaxRate

SERVICE = Resource(
    "service",
    actions=("archive",),
    description="The catalogue: the services that can be ordered, and their prices.",
    events={
        "created": "A service was created.",
        "updated": "A service was updated.",
        "deleted": "A service was deleted; `data` is its last state.",
    },
)


class ServiceStatus(DescribedEnum):
    """Status of a service. Only an `ACTIVE` service can be ordered."""

    DRAFT = "DRAFT", "Not offered yet."
    ACTIVE = "ACTIVE", "Offered: it can be ordered."
    ARCHIVED = "ARCHIVED", "No longer offered."


class Billing(DescribedEnum):
    """Whether a service is billed once or at an interval."""

    ONE_TIME = "ONE_TIME", "Billed once."
    RECURRING = "RECURRING", "Billed at each interval."


class BillingInterval(DescribedEnum):
    """How often a recurring service is billed."""

    WEEK = "WEEK", "Every week."
    MONTH = "MONTH", "Every month."
    QUARTER = "QUARTER", "Every three months."
    YEAR = "YEAR", "Every year."


class Service(Tagged, table=True):
    """An entry of the catalogue."""

    __tablename__ = "services"
    __table_args__ = table_args(
        one_of("status", ServiceStatus),
        one_of("billing", Billing),
        one_of("interval", BillingInterval),
        sa.CheckConstraint("(billing = 'RECURRING') = (interval is not null)", name="recurring_interval"),
        sa.CheckConstraint("price >= 0", name="price"),
        sa.ForeignKeyConstraint(["org_id", "intake_form_id"], ["forms.org_id", "forms.id"]),
        sa.CheckConstraint("tax_rate >= 0 and tax_rate <= 100", name="tax_rate"),
        sa.Index("services_status_idx", "org_id", "status", "id"),
        sa.Index("services_billing_idx", "org_id", "billing", "id"),
        sa.Index("services_name_idx", "org_id", "name_key", "id"),
        sa.Index("services_price_idx", "org_id", "price", "id"),
        sa.Index("services_form_idx", "org_id", "intake_form_id", "id"),
        sa.Index("services_updated_idx", "org_id", "updated_at", "id"),
    )

    name: Name = column(sa.Text, description="Name of the service.")
    name_key: str = key_column("name")
    description: LongText | None = column(sa.Text, nullable=True, description="Description of the service.")
    price: Price = column(sa.BigInteger, description="Price of one unit without tax, in minor units of the currency.")
    currency: Currency = column(sa.Text, description="ISO 4217 currency code.")
    tax_rate: TaxRate = column(sa.Numeric(7, 4), description="Tax rate in percent, such as `19` or `5.5`.")
    billing: Billing = column(
        sa.Text, default=Billing.ONE_TIME, description="Whether the service is billed once or at an interval."
    )
    interval: BillingInterval | None = column(
        sa.Text,
        nullable=True,
        description="How often the service is billed. Required if it is `RECURRING`, not allowed otherwise.",
    )
    delivery_days: Days | None = column(
        sa.Integer, nullable=True, description="Days from the start of work to delivery. Null: orders get no due time."
    )
    intake_form_id: UUID | None = column(
        sa.Uuid,
        nullable=True,
        info=STAFF,
        description="ID of the form that `formData` of the service's orders answers, whatever its status. Null: any"
        " object.",
    )
    status: ServiceStatus = column(sa.Text, default=ServiceStatus.DRAFT, description="Status of the service.")


services = table_of(Service)
