"""The job that writes an export of the audit log: in chunks, while the log is verified."""

import structlog

from models.audit_exports import CHUNK_BYTES, ExportError, ExportStatus
from models.jobs import JobState
from resolvers.audit import exports, seals
from resolvers.audit.bundle_writer import write_bundle
from resolvers.context import Context
from resolvers.database.runtime import Runtime
from resolvers.jobs import claims as jobs
from resolvers.jobs.claims import Claim
from workers.jobs.backoff import backoff
from workers.jobs.handler import Handler
from workers.jobs.slot import Slot

log = structlog.get_logger(__name__)


class _Chunks:
    """The bytes of an export: those that fill a chunk are written, each time in a transaction of the job."""

    def __init__(self, runtime: Runtime, claim: Claim) -> None:
        self.rest, self.number = bytearray(), 0
        self._runtime, self._claim = runtime, claim

    @property
    def size(self) -> int:
        """Return how many bytes there are."""
        return self.number * CHUNK_BYTES + len(self.rest)

    async def write(self) -> None:
        """Write the chunks that are full."""
        while len(self.rest) >= CHUNK_BYTES:
            async with jobs.held(self._runtime, self._claim) as ctx:
                part = bytes(self.rest[:CHUNK_BYTES])
                await exports.write(ctx, self._claim.subject_id, self.number, part)
            del self.rest[:CHUNK_BYTES]
            self.number += 1


async def _run(runtime: Runtime, claim: Claim, _slot: Slot) -> None:
    """Seal what there is, then write the bundle. What was committed before the job began is in it."""
    async with jobs.held(runtime, claim) as ctx:
        row = await exports.begin(ctx, claim.subject_id)
        if row is None:
            await jobs.finish(ctx, claim, JobState.CANCELLED)
            return
    if runtime.signing_keys is None:
        await _fail(runtime, claim, ExportError.SIGNING_NOT_CONFIGURED)
        return
    chunks = _Chunks(runtime, claim)
    first, last = row["first_sequence"], row["last_sequence"]
    try:
        await _seal_all(runtime, claim)
    except seals.BrokenChain as error:
        log.error("audit.broken", org=str(claim.org_id), reason=str(error))
        await _fail(runtime, claim, ExportError.LOG_BROKEN)
        return
    signing_key = runtime.signing_keys.current
    found = await write_bundle(runtime, claim.org_id, signing_key, chunks.rest.extend, first, last, chunks.write)
    if found.failure is not None:
        log.error("audit.broken", org=str(claim.org_id), reason=found.failure)
        await _fail(runtime, claim, ExportError.LOG_BROKEN)
    elif found.head is None or found.sealed < (last or first):
        await _fail(runtime, claim, ExportError.OUT_OF_RANGE)
    else:
        await chunks.write()
        number, digest = found.head
        async with jobs.held(runtime, claim) as ctx:
            await exports.write(ctx, claim.subject_id, chunks.number, bytes(chunks.rest))
            done = {"size": chunks.size, "head": f"{number}:{digest}", "last_sequence": last or found.sealed}
            await exports.change(ctx, claim.subject_id, status=ExportStatus.READY, **done)
            await jobs.finish(ctx, claim, JobState.DONE)


async def _seal_all(runtime: Runtime, claim: Claim) -> None:
    number = seals.BATCH
    while number == seals.BATCH:
        async with jobs.held(runtime, claim) as ctx:
            number = await seals.seal(ctx, everything=True)


async def _fail(runtime: Runtime, claim: Claim, error: ExportError) -> None:
    """End an export that another attempt could not write either."""
    async with jobs.held(runtime, claim) as ctx:
        await exports.fail(ctx, claim.subject_id, error)
        await jobs.finish(ctx, claim, JobState.FAILED, error_code=error.value)


async def _ended(ctx: Context, claim: Claim, state: JobState, _delay: float | None) -> None:
    if state is JobState.FAILED:
        await exports.fail(ctx, claim.subject_id, ExportError.INTERNAL)


HANDLER = Handler(_run, backoff(10, attempts=5), _ended)
