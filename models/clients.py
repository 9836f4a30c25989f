"""Clients: the people and companies that the organization works for."""

from enum import StrEnum

import sqlalchemy as sa

from models.base import C_TEXT, Tagged, column, one_of, table_args, table_of
from models.words import Email, LongText, Name, ShortText

PREFIX = "client"


class ClientStatus(StrEnum):
    """Status of a client."""

    LEAD = "LEAD"
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    ARCHIVED = "ARCHIVED"


class Client(Tagged, table=True):
    """A client of the organization."""

    __tablename__ = "clients"
    __table_args__ = table_args(
        one_of("status", ClientStatus),
        sa.UniqueConstraint("org_id", "email_key", name="clients_email_key"),
        sa.Index("clients_status_idx", "org_id", "status", "id"),
        sa.Index("clients_name_idx", "org_id", "name_key", "id"),
        sa.Index("clients_updated_idx", "org_id", "updated_at", "id"),
    )

    name: Name = column(sa.Text, description="Name of the client.")
    name_key: str = column(C_TEXT, description="The name as it is compared and ordered: without case.")
    email: Email = column(
        sa.Text, description="Email address of the client. Unique in the organization; case is ignored."
    )
    email_key: str = column(C_TEXT, description="The email as it is compared: without case.")
    company: ShortText | None = column(sa.Text, nullable=True, description="Name of the client's company.")
    phone: ShortText | None = column(sa.Text, nullable=True, description="Phone number, as entered.")
    address: LongText | None = column(sa.Text, nullable=True, description="Postal address, as entered.")
    tax_id: ShortText | None = column(sa.Text, nullable=True, description="Tax ID, such as a VAT number.")
    status: ClientStatus = column(sa.Text, default=ClientStatus.LEAD, description="Status of the client.")
    source: ShortText | None = column(sa.Text, nullable=True, description="Where the client came from.")
    notes: LongText | None = column(sa.Text, nullable=True, description="Notes of the organization's staff.")


clients = table_of(Client)
