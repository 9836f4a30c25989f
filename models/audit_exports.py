"""Exports of the audit log: bundles that workers write, in chunks, and that are kept for some days."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Field

from models.base import TIMESTAMP, Owned, Versioned, column, one_of, table_args, table_of
from models.enums import DescribedEnum
from models.resources import Resource
from models.types import Moment

EXPORT = Resource(
    "audit_export",
    prefix="export",
    label="export",
    scope="audit",
    path="exports",
    read_only=True,
    description="Exports of the audit log.",
)
# An export is written in chunks of so many bytes, of which the last may have fewer.
CHUNK_BYTES = 1024 * 1024
KEPT_DAYS = 7


class ExportStatus(DescribedEnum):
    """Status of an export."""

    QUEUED = "QUEUED", "Waiting for a worker."
    RUNNING = "RUNNING", "Being written."
    READY = "READY", "Written: it can be downloaded until it expires."
    FAILED = "FAILED", "It could not be written; see `error`."


class ExportError(DescribedEnum):
    """Why an export failed."""

    LOG_BROKEN = "LOG_BROKEN", "The audit log failed verification: `counterfoil audit verify` says where."
    SIGNING_NOT_CONFIGURED = "SIGNING_NOT_CONFIGURED", "The workers have no key to sign it with."
    OUT_OF_RANGE = "OUT_OF_RANGE", "The sealed log ends before the first requested entry."
    CANCELLED = "CANCELLED", "An operator cancelled it."
    INTERNAL = "INTERNAL", "The server failed."


class AuditExport(Versioned, table=True):
    """An export of the audit log: a bundle that anybody can check who has the public key."""

    __tablename__ = "audit_exports"
    __table_args__ = table_args(
        one_of("status", ExportStatus),
        one_of("error", ExportError),
    )

    status: ExportStatus = column(sa.Text, default=ExportStatus.QUEUED, description="Status of the export.")
    first_sequence: int = column(sa.BigInteger, default=1, description="Number of the first entry.")
    last_sequence: int | None = column(
        sa.BigInteger, nullable=True, description="Number of the last entry; null while that is the end of the log."
    )
    error: ExportError | None = column(
        sa.Text, nullable=True, description="Reason for which it failed; null if it did not."
    )
    size: int = column(sa.BigInteger, default=0, description="Number of bytes written so far.")
    head: str | None = column(
        sa.Text,
        nullable=True,
        description="The signed head of the log: a number and a hash, to be kept elsewhere. Null until it is READY.",
    )
    expires_at: Moment = column(TIMESTAMP, description="Time at which the export is deleted.")


class AuditExportChunk(Owned, table=True):
    """A part of an export's bytes."""

    __tablename__ = "audit_export_chunks"
    __table_args__ = table_args(
        sa.CheckConstraint(f"octet_length(data) <= {CHUNK_BYTES}", name="data"),
        sa.ForeignKeyConstraint(
            ["org_id", "export_id"], ["audit_exports.org_id", "audit_exports.id"], ondelete="CASCADE"
        ),
        grants="SELECT, INSERT, DELETE",
    )

    export_id: UUID = Field(primary_key=True, sa_type=sa.Uuid)
    number: int = Field(primary_key=True, sa_type=sa.Integer, sa_column_kwargs={"autoincrement": False})
    data: bytes = column(pg.BYTEA)


audit_exports = table_of(AuditExport)
audit_export_chunks = table_of(AuditExportChunk)
