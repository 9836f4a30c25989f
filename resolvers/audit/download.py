"""The download of an export of the audit log."""

from functools import partial
from uuid import UUID

from models.audit_exports import EXPORT, ExportStatus
from models.typeid import encode
from resolvers.audit import exports
from resolvers.context import Context, Row
from resolvers.downloads import Download, File

# What it costs beside its bytes, which are read in chunks.
COST = 50


async def _find(ctx: Context, export_id: UUID) -> File | None:
    if await exports.ready(ctx, export_id) is None:
        return None
    key = encode(EXPORT.prefix, export_id)
    return File(f"{key}.jsonl", key, partial(exports.chunks, ctx, export_id))


EXPORT_FILE = Download(
    EXPORT, "jsonl", "application/jsonl", EXPORT.read_scope, COST, "GetAuditExportFile",
    "Get an export of the audit log", _find,
)  # fmt: skip


def download_path(row: Row) -> str | None:
    """Return the path at which a READY export is downloaded; None for another."""
    return EXPORT_FILE.path_of(row["id"]) if row["status"] == ExportStatus.READY else None
