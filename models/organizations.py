"""Organizations, the directory that finds them, their counters and settings."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Field, SQLModel

from models.base import C_TEXT, TIMESTAMP, Owned, column, table_args, table_of
from models.images import IMAGE_BYTES
from models.resources import Resource
from models.types import Currency, Moment, Name, Slug, Timezone

ORGANIZATION = Resource("organization", prefix="org", subject="organization", scope=None)


class Organization(Owned, table=True):
    """A service business: the tenant. Its key is its own ``org_id``."""

    __tablename__ = "organizations"
    __table_args__ = table_args(grants="SELECT, INSERT, UPDATE")

    name: Name = column(sa.Text, description="Name of the organization.")
    slug: Slug = column(C_TEXT, description="Unique short name: lower-case letters, digits and hyphens.")
    default_currency: Currency = column(sa.Text, default="EUR", description="Default currency: an ISO 4217 code.")
    timezone: Timezone = column(sa.Text, default="UTC", description="Time zone: a name of the IANA database.")
    version: int = column(
        sa.Integer, default=1, description="Version of the object. Increases by one with each change."
    )
    updated_at: Moment = column(TIMESTAMP, description="Time at which the object last changed.")


class DirectoryEntry(SQLModel, table=True):
    """Where a name that comes before an organization is known leads: slugs, and ids of API keys and forms."""

    __tablename__ = "directory"
    __table_args__ = table_args(grants="SELECT, INSERT, DELETE", read_all=True)

    resource: str = Field(sa_type=C_TEXT, primary_key=True)
    key: str = Field(sa_type=C_TEXT, primary_key=True)
    org_id: UUID = Field(sa_type=sa.Uuid, nullable=False)


class Counter(Owned, table=True):
    """The next number that a process may reserve, for each kind of number that people read."""

    __tablename__ = "counters"
    __table_args__ = table_args(grants="SELECT, INSERT, UPDATE")

    name: str = Field(sa_type=C_TEXT, primary_key=True)
    next: int = column(sa.BigInteger)


class OrgSettings(Owned, table=True):
    """An organization's settings: those that differ from their defaults. The registry is in ``models.settings``."""

    __tablename__ = "org_settings"
    __table_args__ = table_args(grants="SELECT, INSERT, UPDATE")

    version: int = column(
        sa.Integer, default=1, description="Version of the settings. Increases by one with each change."
    )
    updated_at: Moment = column(TIMESTAMP, description="Time at which the settings last changed.")
    chosen: dict[str, Any] = column(pg.JSONB, description="Values by the names of their settings.")


class OrgLogo(Owned, table=True):
    """An organization's logo. It is stored apart from the settings, which hold its digest."""

    __tablename__ = "org_logos"
    __table_args__ = table_args(sa.CheckConstraint(f"octet_length(png) <= {IMAGE_BYTES}", name="png"))

    png: bytes = column(pg.BYTEA)


organizations = table_of(Organization)
directory = table_of(DirectoryEntry)
counters = table_of(Counter)
org_settings = table_of(OrgSettings)
org_logos = table_of(OrgLogo)
