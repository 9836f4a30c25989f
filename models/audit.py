"""The audit log: entries, what can be erased of them, and the seals that prove them."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Field

from models.actors import ActorKind, Source
from models.base import C_TEXT, TIMESTAMP, Owned, column, one_of, table_args, table_of
from models.resources import Resource
from models.types import Moment

AUDIT = Resource(
    "audit_entry",
    actions=("erase",),
    prefix="audit",
    scope="audit",
    path="audit-logs",
    read_only=True,
    description="The audit log: who changed what, and when. It is never changed.",
)
ERASE = AUDIT.action("erase")

SALT_BYTES = 16
SEAL_BYTES = 32
# Two bytes for the key's version, and an HMAC-SHA256.
MAC_BYTES = 2 + 32


class AuditEntry(Owned, table=True):
    """Who did what to which, when. Insert-only by privilege."""

    __tablename__ = "audit_entries"
    __table_args__ = table_args(
        one_of("actor_kind", ActorKind),
        one_of("source", Source),
        sa.CheckConstraint(f"octet_length(mac) = {MAC_BYTES}", name="mac"),
        # What Python's time cannot hold would stop whoever reads the log.
        sa.CheckConstraint("occurred_at >= '2000-01-01Z' and occurred_at < '9999-01-01Z'", name="occurred_at"),
        sa.Index("audit_entries_target_idx", "org_id", "target_id", "id"),
        sa.Index("audit_entries_actor_idx", "org_id", "actor_id", "id"),
        sa.Index("audit_entries_action_idx", "org_id", "action", "id"),
        sa.Index("audit_entries_source_idx", "org_id", "source", "id"),
        sa.Index("audit_entries_occurred_idx", "org_id", "occurred_at", "id"),
        grants="SELECT, INSERT",
    )

    id: UUID = Field(primary_key=True, sa_type=sa.Uuid)
    action: str = column(C_TEXT, description="Action: a subject and a verb, such as `client:create`.")
    actor_kind: ActorKind = column(sa.Text, description="Kind of actor.")
    actor_id: str = column(C_TEXT, description="ID of the actor, such as an API key's; `cli` at the command line.")
    actor_name: str = column(sa.Text, description="Name of the actor when it acted.")
    target_id: UUID = column(sa.Uuid, description="ID of the object that it was done to.")
    digest: bytes = column(pg.BYTEA, description="sha256(salt ‖ canonical text of the changes).")
    request_id: str = column(sa.Text, description="ID of the request, as in logs and in `X-Request-Id`.")
    source: Source = column(sa.Text, description="API, or part of the server, that the change came through.")
    occurred_at: Moment = column(TIMESTAMP, description="Time of the change.")
    mac: bytes = column(pg.BYTEA, description="Version of a seal key, and HMAC of the entry: nobody else writes one.")


class AuditChanges(Owned, table=True):
    """What changed, field by field: the only erasable part. An ``audit:erase`` entry records each erasure."""

    __tablename__ = "audit_changes"
    __table_args__ = table_args(
        sa.CheckConstraint(f"octet_length(salt) = {SALT_BYTES}", name="salt"),
        sa.ForeignKeyConstraint(["org_id", "entry_id"], ["audit_entries.org_id", "audit_entries.id"]),
        grants="SELECT, INSERT, DELETE",
    )

    entry_id: UUID = Field(primary_key=True, sa_type=sa.Uuid)
    salt: bytes = column(pg.BYTEA)
    changes: str = column(sa.Text, description="Canonical JSON: {field: [old, new]}.")


class AuditSeal(Owned, table=True):
    """One link of the chain: HMAC over the previous seal and an entry's canonical text. Insert-only by privilege."""

    __tablename__ = "audit_seals"
    __table_args__ = table_args(
        sa.CheckConstraint("sequence > 0", name="sequence"),
        sa.CheckConstraint(f"octet_length(seal) = {SEAL_BYTES}", name="seal"),
        sa.UniqueConstraint("org_id", "entry_id", name="audit_seals_entry_key"),
        sa.ForeignKeyConstraint(["org_id", "entry_id"], ["audit_entries.org_id", "audit_entries.id"]),
        grants="SELECT, INSERT",
    )

    sequence: int = Field(primary_key=True, sa_type=sa.BigInteger, sa_column_kwargs={"autoincrement": False})
    entry_id: UUID = column(sa.Uuid)
    seal: bytes = column(pg.BYTEA)
    key_version: int = column(sa.Integer)


audit_entries = table_of(AuditEntry)
audit_changes = table_of(AuditChanges)
audit_seals = table_of(AuditSeal)
