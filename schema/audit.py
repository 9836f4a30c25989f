"""The audit log in the graph."""

from datetime import datetime
from typing import Annotated

import strawberry
from annotated_types import Ge
from sqlmodel import SQLModel

from execution import ColumnReader
from models.actors import ActorKind, Source
from models.audit import AUDIT
from models.audit import AuditEntry as Table
from models.audit_exports import EXPORT, KEPT_DAYS, ExportError, ExportStatus
from models.audit_exports import AuditExport as ExportTable
from resolvers.audit import exports, log
from resolvers.audit.download import download_path
from resolvers.audit.log import AUDIT_ENTRIES
from schema.declaration.collections import many, one
from schema.declaration.fields import argument, batched, computed, creation, object_type, public_id, same_row
from schema.declaration.inputs import input_type
from schema.declaration.lists import Connection
from schema.declaration.mutations import JOB_COST, creates
from schema.declaration.nodes import Node
from schema.declaration.scalars import Json


@object_type()
class Actor:
    """The actor of a change."""

    kind: ActorKind = computed(
        lambda row: ActorKind(row["actor_kind"]), description="Kind of actor.", reader=ColumnReader("actor_kind")
    )
    id: str = computed(
        lambda row: row["actor_id"],
        description="ID of the actor, such as that of an API key; `cli` for the command line.",
        reader=ColumnReader("actor_id"),
    )
    name: str = computed(
        lambda row: row["actor_name"],
        description="Name of the actor when it made the change.",
        reader=ColumnReader("actor_name"),
    )


@object_type(Table, AUDIT)
class AuditEntry(Node):
    """An entry of the audit log: who changed what, and when. Entries are never changed or deleted."""

    id: strawberry.ID = public_id(AUDIT)
    action: str
    actor: Actor = same_row("The actor of the change.", ColumnReader(same_row=True))
    target_id: strawberry.ID = computed(
        log.target_of,
        description="ID of the object that was changed. It may have been deleted since.",
        reader=ColumnReader(convert=log.target_of, needs=("action", "target_id")),
    )
    changes: Json | None = batched(
        log.changes,
        "id",
        description='The fields that changed, each with its old and its new value: `{"name": ["Ada", "Ada L."]}`. Of a'
        " new object the old ones are null, of a deleted one the new ones. Null once they were erased.",
        cost=1,
    )
    request_id: str
    source: Source
    occurred_at: datetime
    sequence: int | None = batched(
        log.sequences,
        "id",
        description="Number of the entry in the log, without gaps. Null until it is sealed, seconds after the change.",
        cost=1,
    )
    seal: str | None = batched(
        log.seals,
        "id",
        description="Seal of the entry, in hexadecimal digits: it links the entry to those before it. Null until then.",
        cost=1,
    )


@object_type(ExportTable, EXPORT)
class AuditExport:
    """An export of the audit log, with its seals: lines of JSON that `counterfoil audit verify --bundle` checks."""

    id: strawberry.ID = public_id(EXPORT)
    status: ExportStatus
    error: ExportError | None
    first_sequence: int
    last_sequence: int | None
    size: int
    head: str | None
    download_url: str | None = computed(
        download_path,
        "id",
        "status",
        description="Path of the file, for a request with an API key. Null until the export is `READY`.",
    )
    expires_at: datetime
    created_at: datetime = creation()
    updated_at: datetime
    version: int


class _Range(SQLModel):
    first_sequence: Annotated[int, Ge(1)]
    last_sequence: Annotated[int, Ge(1)]


@input_type(bounds=_Range)
class ExportAuditLogInput:
    """Range of the entries to export."""

    first_sequence: strawberry.Maybe[int] = strawberry.field(
        description="Number of the first entry. Defaults to 1, the first of the log."
    )
    last_sequence: strawberry.Maybe[int] = strawberry.field(
        description="Number of the last entry. Defaults to the end of the log."
    )


@strawberry.type
class AuditQuery:
    """Queries of the audit log."""

    audit_entry: AuditEntry | None = one(AUDIT_ENTRIES)
    audit_entries: Connection[AuditEntry] | None = many(AUDIT_ENTRIES)
    audit_export: AuditExport | None = batched(
        exports.one,
        description="Look up an export by ID. Null when it does not exist, or has expired.",
        arguments=lambda: [argument("id", strawberry.ID, "ID of the export.")],
        cost=1,
    )


@strawberry.type
class AuditMutation:
    """Mutations of the audit log."""

    export_audit_log = creates(
        AuditExport,
        ExportAuditLogInput,
        exports.create,
        f"Export the audit log. A worker writes the export, which is kept for {KEPT_DAYS} days: see `status` and"
        f" `downloadUrl`. An organization keeps at most {exports.MAX_EXPORTS}, of which one API key may request"
        f" {exports.MAX_OF_KEY}; the refusal of another has a `retryAfter` in seconds.",
        check=exports.check,
        cost=JOB_COST,
    )
