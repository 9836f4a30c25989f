"""Bundles as they are written: a range of an organization's audit log, which `bundle.py` checks without any secret."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import orjson

from models.audit import ERASE
from resolvers.audit.chain import head_text, sign
from resolvers.audit.entries import canonical
from resolvers.audit.verify import Verification, VerifiedEntry, verify
from resolvers.database.runtime import Runtime

FORMAT = "counterfoil-audit-1"


async def write_bundle(
    runtime: Runtime,
    org_id: UUID,
    signing_key: tuple[int, bytes],
    write: Callable[[bytes], object],
    first: int = 1,
    last: int | None = None,
    between: Callable[[], Awaitable[None]] | None = None,
) -> Verification:
    """Write the bundle of a range (to the log's end without ``last``) while the log is verified; its head is signed.

    ``between`` is called after each batch of entries, so that what was written need not be held until the end.
    What was written is no bundle when the verification has a failure.
    """

    def line(value: Mapping[str, Any]) -> None:
        write(canonical(value) + b"\n")

    def each(step: VerifiedEntry) -> None:
        number: int = step.fields["sequence"]
        if number < first:
            return
        if number == first:
            line({"before": step.before.hex(), "first": first, "format": FORMAT, "orgId": str(org_id)})
        if last is None or number <= last:
            salt = None if step.salt is None else step.salt.hex()
            changes = None if step.changes is None else orjson.loads(step.changes)
            line({"changes": changes, "entry": step.fields, "salt": salt})
        elif step.fields["action"] == ERASE:
            # It may be what accounts for changes that the range shows as erased.
            line({"entry": step.fields})
        else:
            line({"leaf": step.leaf.hex(), "sequence": number})

    found = await verify(runtime, org_id, None, each, *(() if between is None else (between,)))
    if found.failure is None and found.head is not None:
        version, key = signing_key
        text = head_text(org_id, found.head[0], bytes.fromhex(found.head[1]))
        line({"head": orjson.loads(text), "keyVersion": version, "signature": sign(key, text).hex()})
    return found
