"""The keys of the demo: those that its rows were written with, and the one to look at them with."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from models.audit import audit_entries
from resolvers import organizations
from resolvers.api_keys import mutations as api_keys
from resolvers.api_keys import verification as keys
from resolvers.audit.entries import is_authentic
from resolvers.database.runtime import Runtime
from resolvers.database.sql import owned, statement
from server.drafts import write_private
from server.errors import CommandError

OTHER_KEYS = (
    "the demo in this database was written with other SEAL_KEYS: start with KEY_PEPPERS, SECRET_KEYS and SEAL_KEYS as"
    " they were (dev keeps those that it made in secrets.env of its data folder); --reset makes new data, where the"
    " database is dev's own"
)


@statement
def _newest() -> sa.Select[Any]:
    return owned(audit_entries).order_by(audit_entries.c.id.desc()).limit(1)


async def require_its_keys(runtime: Runtime, slug: str) -> None:
    """Raise CommandError where an organization's audit log was written with other seal keys: an entry written with
    these would break it."""
    org_id = await organizations.find(runtime, slug)
    if org_id is None:
        return
    ctx = organizations.command_line(runtime, org_id)
    async with ctx.snapshot():
        newest = await ctx.fetch(_newest())
    if newest and not is_authentic(runtime.seal_keys, org_id, newest[0]):
        raise CommandError(OTHER_KEYS)


async def write_key(runtime: Runtime, slug: str, path: Path) -> None:
    """Keep a key to an organization that may do everything in a file only its owner reads; one that works stays."""
    if await keys.KeyVerifier(runtime).actor_of(_stored_key(path)) is not None:
        return
    org_id = await organizations.find(runtime, slug)
    assert org_id is not None, "the key is made after the seed"
    ctx = organizations.command_line(runtime, org_id)
    async with ctx.transaction():
        _, raw = await api_keys.create(ctx, {"name": slug, "scopes": ["*"]})
    write_private(path, f"{raw}\n")


def _stored_key(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""
