"""Clients: the people and companies that the organization works for."""

import sqlalchemy as sa

from models.base import STAFF, Tagged, column, key_column, one_of, table_args, table_of
from models.enums import DescribedEnum
from models.resources import Resource
from models.types import Email, LongText, Name, ShortText

CLIENT = Resource(
    "client",
    actions=("archive", "create_token"),
    description="The people and companies that the organization works for.",
    events={
        "created": "A client was created.",
        "updated": "A client was updated.",
        "deleted": "A client was deleted; `data` is its last state.",
    },
)


class ClientStatus(DescribedEnum):
    """Status of a client."""

    LEAD = "LEAD", "A prospective client."
    ACTIVE = "ACTIVE", "A current client."
    INACTIVE = "INACTIVE", "A client without current work."
    ARCHIVED = "ARCHIVED", "Archived: kept for its history, without new orders."


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
    name_key: str = key_column("name")
    email: Email = column(
        sa.Text, description="Email address of the client. Unique in the organization; case is ignored."
    )
    email_key: str = key_column("email")
    company: ShortText | None = column(sa.Text, nullable=True, description="Name of the client's company.")
    phone: ShortText | None = column(sa.Text, nullable=True, description="Phone number, as entered.")
    address: LongText | None = column(sa.Text, nullable=True, description="Postal address, as entered.")
    tax_id: ShortText | None = column(sa.Text, nullable=True, description="Tax ID, such as a VAT number.")
    status: ClientStatus = column(sa.Text, default=ClientStatus.LEAD, description="Status of the client.")
    source: ShortText | None = column(sa.Text, nullable=True, info=STAFF, description="Where the client came from.")
    notes: LongText | None = column(
        sa.Text, nullable=True, info=STAFF, description="Notes of the organization's staff."
    )


clients = table_of(Client)
