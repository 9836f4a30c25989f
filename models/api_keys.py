"""API keys: what is kept of one, never the key itself."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.base import TIMESTAMP, Versioned, column, table_args, table_of
from models.resources import Resource
from models.types import Moment, Name

API_KEY = Resource("api_key", label="API key", scope=None)


class ApiKey(Versioned, table=True):
    """A server's key to one organization."""

    __tablename__ = "api_keys"
    __table_args__ = table_args(
        sa.ForeignKeyConstraint(["org_id", "created_by_key"], ["api_keys.org_id", "api_keys.id"]),
        sa.Index(None, "org_id", "created_by_key"),
    )

    name: Name = column(sa.Text, description="What the key is for.")
    digest: bytes = column(pg.BYTEA, description="HMAC-SHA256 of the key under a pepper.")
    pepper_version: int = column(sa.Integer, description="Which pepper made the digest.")
    last_four: str = column(sa.Text, description="The key's last four characters, to tell keys apart.")
    scopes: list[str] = column(pg.ARRAY(sa.Text), description="What the key may do.")
    expires_at: Moment | None = column(TIMESTAMP, nullable=True, description="When it stops working; null is never.")
    last_used_at: Moment | None = column(TIMESTAMP, nullable=True, description="When it was last used, to the minute.")
    revoked_at: Moment | None = column(
        TIMESTAMP, nullable=True, description="When it was revoked; null while it works."
    )
    created_by: str = column(sa.Text, description="The name of who made it.")
    created_by_key: UUID | None = column(sa.Uuid, nullable=True, description="The key that made it, if one did.")


api_keys = table_of(ApiKey)
