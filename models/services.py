"""Services: what the organization sells."""

from enum import StrEnum

import sqlalchemy as sa

from models.base import C_TEXT, Tagged, column, one_of, table_args, table_of
from models.words import Currency, Days, LongText, Name, Price

PREFIX = "service"


class ServiceStatus(StrEnum):
    """Whether a service can be ordered: only an ACTIVE one can."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"


class Billing(StrEnum):
    """Whether a service is paid once or again and again."""

    ONE_TIME = "ONE_TIME"
    RECURRING = "RECURRING"


class BillingInterval(StrEnum):
    """How often a recurring service is billed."""

    WEEK = "WEEK"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


class Service(Tagged, table=True):
    """An entry of the catalogue."""

    __tablename__ = "services"
    __table_args__ = table_args(
        one_of("status", ServiceStatus),
        one_of("billing", Billing),
        one_of("interval", BillingInterval),
        sa.CheckConstraint("(billing = 'RECURRING') = (interval is not null)", name="recurring_interval"),
        sa.CheckConstraint("price >= 0", name="price"),
        sa.Index("services_status_idx", "org_id", "status", "id"),
        sa.Index("services_name_idx", "org_id", "name_key", "id"),
        sa.Index("services_price_idx", "org_id", "price", "id"),
        sa.Index("services_updated_idx", "org_id", "updated_at", "id"),
    )

    name: Name = column(sa.Text, description="What the service is called.")
    name_key: str = column(C_TEXT, description="The name as it is compared and ordered: without case.")
    description: LongText | None = column(sa.Text, nullable=True, description="What the client gets.")
    price: Price = column(sa.BigInteger, description="Price of one, in minor units of the currency, without tax.")
    currency: Currency = column(sa.Text, description="ISO 4217; the organization's default when absent.")
    billing: Billing = column(sa.Text, default=Billing.ONE_TIME, description="Paid once or again and again.")
    interval: BillingInterval | None = column(
        sa.Text, nullable=True, description="How often it is billed: needed when RECURRING, refused otherwise."
    )
    delivery_days: Days | None = column(
        sa.Integer, nullable=True, description="Days from start to delivery; null sets no due date."
    )
    status: ServiceStatus = column(sa.Text, default=ServiceStatus.DRAFT, description="Whether it can be ordered.")


services = table_of(Service)
