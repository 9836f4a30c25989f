"""API keys: what is kept of one, never the key itself."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from annotated_types import MaxLen, MinLen
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError
from sqlalchemy.dialects import postgresql as pg

from models.base import TIMESTAMP, Versioned, column, table_args, table_of
from models.enums import DescribedEnum
from models.resources import Resource, ToolFor
from models.resources import scopes as known_scopes
from models.types import Moment, Name, SchemaExtra

API_KEY = Resource(
    "api_key",
    actions=("rotate", "revoke", "bind"),
    label="API key",
    tool_for=ToolFor.NOBODY,
    description="The API keys of the organization, with their scopes and status.",
)


class ApiKeyStatus(DescribedEnum):
    """Whether an API key works."""

    ACTIVE = "ACTIVE", "The key works."
    EXPIRED = "EXPIRED", "The key's `expiresAt` has passed."
    REVOKED = "REVOKED", "The key was revoked."


def status_of(row: Mapping[str, Any], moment: datetime) -> ApiKeyStatus:
    """Return the status that a key has at a moment."""
    if row["revoked_at"] is not None:
        return ApiKeyStatus.REVOKED
    expires = row["expires_at"]
    return ApiKeyStatus.EXPIRED if expires is not None and expires <= moment else ApiKeyStatus.ACTIVE


def _scope(value: str) -> str:
    known = sorted(known_scopes())
    if value not in known:
        raise PydanticCustomError("NOT_ONE_OF", f"must be one of {', '.join(known)}", {"allowed": known})
    return value


def _distinct(value: list[str]) -> list[str]:
    return sorted(set(value))


ScopeName = Annotated[str, AfterValidator(_scope), SchemaExtra(enum=lambda: sorted(known_scopes()), title="Scope")]
Scopes = Annotated[list[ScopeName], MinLen(1), MaxLen(100), AfterValidator(_distinct)]

# When a key stopped or stops to work, as one value that an index holds: revoked ones first, then by their expiry.
REVOKED_KEY, NEVER_KEY = "1970-01-01 00:00:00Z", "9999-12-31 23:59:59.999Z"
_ENDS = (
    f"(case when revoked_at is not null then '{REVOKED_KEY}'::timestamptz"
    f" when expires_at is null then '{NEVER_KEY}'::timestamptz else expires_at end)"
)


class ApiKey(Versioned, table=True):
    """A server's key to one organization."""

    __tablename__ = "api_keys"
    __table_args__ = table_args(
        sa.ForeignKeyConstraint(
            ["org_id", "created_by_key"], ["api_keys.org_id", "api_keys.id"], ondelete="SET NULL (created_by_key)"
        ),
        sa.CheckConstraint(
            "num_nulls(previous_digest, previous_pepper_version, previous_until) in (0, 3)", name="previous"
        ),
        sa.Index(None, "org_id", "created_by_key"),
        sa.Index("api_keys_updated_idx", "org_id", "updated_at", "id"),
        sa.Index("api_keys_ends_idx", "org_id", sa.text(_ENDS), "id"),
    )

    name: Name = column(sa.Text, description="Name of the key: what it is for.")
    digest: bytes = column(pg.BYTEA, description="HMAC-SHA256 of the key under a pepper.")
    pepper_version: int = column(sa.Integer, description="Which pepper made the digest.", info={"internal": True})
    mac: bytes | None = column(
        pg.BYTEA, nullable=True, description="HMAC-SHA256 of organization, ID, scopes and expiry under the same pepper."
    )
    previous_digest: bytes | None = column(pg.BYTEA, nullable=True, description="The digest before the last rotation.")
    previous_pepper_version: int | None = column(
        sa.Integer, nullable=True, description="Which pepper made that one.", info={"internal": True}
    )
    previous_until: Moment | None = column(
        TIMESTAMP,
        nullable=True,
        description="Time until which the secret from before the last rotation works too. Null when it never did.",
    )
    last_four: str = column(sa.Text, description="The key's last four characters, to tell keys apart.")
    scopes: Scopes = column(pg.ARRAY(sa.Text), description="The key's scopes.")
    expires_at: Moment | None = column(
        TIMESTAMP,
        nullable=True,
        description="Time at which the key expires and is no longer accepted. Null: it never expires.",
    )
    last_used_at: Moment | None = column(
        TIMESTAMP,
        nullable=True,
        description="Approximate time of the last use of the key. Null when it was never used.",
    )
    revoked_at: Moment | None = column(
        TIMESTAMP, nullable=True, description="Time at which the key was revoked. Null while it is not."
    )
    trusted_documents_only: bool = column(
        sa.Boolean,
        server_default=sa.false(),
        description="Whether the key runs nothing but the trusted documents of active app versions, by their IDs.",
    )
    created_by: str = column(
        sa.Text, description="Name of the creator of the key: of another API key, or `command line`."
    )
    created_by_key: UUID | None = column(
        sa.Uuid, nullable=True, description="The key that created it, if one did and was not deleted."
    )


api_keys = table_of(ApiKey)
