"""What tests of exports of the audit log need: to ask for one, and to write it as a worker does."""

from typing import Any

from resolvers.jobs import claims as jobs
from resolvers.keyring import Keyring
from tests.support.api import Org
from tests.support.audit import SIGNING
from tests.support.jobs import slot_of
from workers.audit.exports import HANDLER

FIELDS = "id status error firstSequence lastSequence size head downloadUrl expiresAt createdAt version"
EXPORT = f"mutation($input: ExportAuditLogInput!) {{ exportAuditLog(input: $input) {{ auditExport {{ {FIELDS} }} }} }}"
# Workers see the jobs of all organizations, and so does a statement that names none.
JOB = "select id from jobs where org_id = $1 and function = 'AUDIT_EXPORT' and state = 'QUEUED' order by id"


async def ask(org: Org, **given: int) -> dict[str, Any]:
    """A new export."""
    found: dict[str, Any] = (await org.data(EXPORT, input=given))["exportAuditLog"]["auditExport"]
    return found


async def work(org: Org, signing: Keyring | None = SIGNING) -> None:
    """Run the organization's queued export, as a worker does that has these keys."""
    runtime = org.runtime
    runtime.signing_keys = signing
    (job,) = await org.rows(JOB, org.id)
    claim = await jobs.claim(runtime, org.id, job["id"], 45)
    assert claim is not None
    await HANDLER.run(runtime, claim, slot_of(claim))
