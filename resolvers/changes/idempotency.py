"""Idempotency keys: the first result of a change, stored with its effect and returned again."""

import hashlib
from typing import Any

import orjson
import sqlalchemy as sa

from models.base import TIMESTAMP
from models.lookups import idempotency_records as records
from resolvers.context import Context, now
from resolvers.database.sql import ORG, owned, statement
from resolvers.errors import Refusal

# The most bytes of a result that are kept; what those beyond the first ones cost is in ``web.dependencies``.
MOST_KEPT = 1024 * 1024


@statement
def _try_lock() -> sa.Select[Any]:
    return sa.select(sa.func.pg_try_advisory_xact_lock(sa.bindparam("lock", type_=sa.BigInteger)).label("taken"))


def _mine() -> list[Any]:
    return [
        records.c.actor_id == sa.bindparam("actor_id", type_=sa.Uuid),
        records.c.key == sa.bindparam("key", type_=sa.Text),
        records.c.root_field == sa.bindparam("root_field", type_=sa.Text),
        records.c.position == sa.bindparam("position", type_=sa.Integer),
    ]


@statement
def _stored() -> sa.Select[Any]:
    return owned(records, records.c.fingerprint, records.c.result).where(*_mine())


@statement
def _keep() -> sa.Insert:
    return records.insert().values(
        org_id=ORG,
        actor_id=sa.bindparam("actor_id", type_=sa.Uuid),
        key=sa.bindparam("key", type_=sa.Text),
        root_field=sa.bindparam("root_field", type_=sa.Text),
        position=sa.bindparam("position", type_=sa.Integer),
        fingerprint=sa.bindparam("fingerprint", type_=records.c.fingerprint.type),
        result=sa.bindparam("result", type_=sa.Text),
        created_at=sa.bindparam("moment", type_=TIMESTAMP),
    )


async def replay(ctx: Context, root_field: str, position: int, fingerprint: bytes) -> Any | None:
    """Return the stored result of this key and root field (its name and its position), None if there is none.

    Raises Refusal IDEMPOTENCY_IN_FLIGHT while another request with the key runs, or IDEMPOTENCY_KEY_REUSED when the
    result belongs to a different request.
    """
    values: dict[str, Any] = {"actor_id": ctx.actor.caller, "key": ctx.idempotency_key, "root_field": root_field}
    values["position"] = position
    name = f"{ctx.org_id}:{ctx.actor.caller}:{root_field}:{position}:{ctx.idempotency_key}"
    lock = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    taken = await ctx.row(_try_lock(), lock=lock)
    if taken is None or not taken["taken"]:
        raise Refusal("IDEMPOTENCY_IN_FLIGHT", "A request with this Idempotency-Key is still running.", retryAfter=1)
    row = await ctx.row(_stored(), **values)
    if row is None:
        return None
    if row["fingerprint"] != fingerprint:
        raise Refusal("IDEMPOTENCY_KEY_REUSED", "This Idempotency-Key was used with another request.")
    return orjson.loads(row["result"])


async def keep(ctx: Context, root_field: str, position: int, fingerprint: bytes, result: Any) -> None:
    """Store the result of a root field, in its transaction. Raises Refusal TOO_COMPLEX for one of more than
    ``MOST_KEPT``."""
    written = orjson.dumps(result)
    if len(written) > MOST_KEPT:
        message = f"With an Idempotency-Key a result has at most {MOST_KEPT // 1024 // 1024} MiB: request fewer fields."
        raise Refusal("TOO_COMPLEX", message)
    if ctx.loaded is not None:
        ctx.loaded.kept += len(written)
    await ctx.fetch(
        _keep(), actor_id=ctx.actor.caller, key=ctx.idempotency_key, root_field=root_field, position=position,
        fingerprint=fingerprint, result=written.decode(), moment=now(),
    )  # fmt: skip
