"""The download of an export of the audit log."""

from functools import partial
from uuid import UUID

from models.audit_exports import EXPORT, ExportStatus
from models.typeid import encode
from resolvers.audit import exports
from resolvers.context import Context, Row
from resolvers.downloads import Download, File, not_ready

# What it costs beside its bytes, which are read in chunks.
COST = 50


async def _find(ctx: Context, export_id: UUID) -> File | None:
    status = await exports.status_of(ctx, export_id)
    if status is None:
        return None
    if status != ExportStatus.READY:
        raise not_ready(EXPORT, status, failed=status == ExportStatus.FAILED)
    key = encode(EXPORT.prefix, export_id)
    return File(f"{key}.jsonl", key, partial(exports.chunks, ctx, export_id))


EXPORT_FILE = Download(
    EXPORT, "jsonl", "application/jsonl", EXPORT.read_scope, COST, "GetAuditExportFile",
    "Get an export of the audit log", _find, made_later=True,
)  # fmt: skip


def download_path(row: Row) -> str | None:
    """Return the path at which a READY export is downloaded; None for another."""
    return EXPORT_FILE.path_of(row["id"]) if row["status"] == ExportStatus.READY else None
