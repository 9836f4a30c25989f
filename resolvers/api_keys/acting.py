"""The key that acts: what it makes must not outlive it, and it manages no key that is stronger than itself."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from models.api_keys import ApiKeyStatus, api_keys, status_of
from resolvers.api_keys.rights import are_bound
from resolvers.context import Context, Row, now
from resolvers.database.sql import owned, statement
from resolvers.errors import Refusal


@statement
def _acting() -> sa.Select[Any]:
    names = ("id", "digest", "previous_digest", "previous_until", "expires_at", "revoked_at", "scopes",
             "pepper_version", "mac", "trusted_documents_only")  # fmt: skip
    mine = api_keys.c.id == sa.bindparam("id", type_=sa.Uuid)
    return owned(api_keys, *[api_keys.c[name] for name in names]).where(mine).with_for_update(read=True)


async def must_still_work(ctx: Context) -> Row | None:
    """Return the row of the key that acts, or that made the access token that does; None for another actor. Nobody
    revokes it before the transaction ends.

    A verified key is taken for some seconds without a look: what it makes in them would outlive its revocation.
    Raises Refusal UNAUTHENTICATED.
    """
    key_id = ctx.actor.key_id
    if key_id is None:
        return None
    row, moment = await ctx.row(_acting(), id=key_id), now()
    works = row is not None and status_of(row, moment) is ApiKeyStatus.ACTIVE
    if row is not None and works and are_bound(ctx.runtime.peppers, ctx.org_id, row):
        if ctx.actor.subject is not None:
            return row
        overlaps = row["previous_until"] is not None and row["previous_until"] > moment
        if ctx.actor.digest == row["digest"] or (overlaps and ctx.actor.digest == row["previous_digest"]):
            return row
    raise Refusal("UNAUTHENTICATED", "The API key does not work any more.")


def must_hold(ctx: Context, scopes: Iterable[str], field: str) -> None:
    """Refuse a key that lacks one of some scopes. Raises Refusal FORBIDDEN with the scope."""
    for scope in scopes:
        if not ctx.actor.may(scope):
            message = f"The {ctx.actor.credential} lacks the scope {scope}, which it cannot give."
            raise Refusal("FORBIDDEN", message, field=field, scope=scope)


def must_live_as_long(own: Row | None, row: Row, field: str) -> None:
    """Refuse a key that expires before another one does. Raises Refusal FORBIDDEN."""
    ends = None if own is None else own["expires_at"]
    if ends is not None and (row["expires_at"] is None or row["expires_at"] > ends):
        message = "The API key expires sooner, and cannot create or change one that expires later."
        raise Refusal("FORBIDDEN", message, field=field)


def must_be_as_free(ctx: Context, trusted_documents_only: bool, field: str) -> None:
    """Refuse a key that runs trusted documents only, where the other one is not held to them. Raises Refusal
    FORBIDDEN."""
    if ctx.actor.trusted_documents_only and not trusted_documents_only:
        message = "The API key runs only trusted documents, and so must the keys that it creates."
        raise Refusal("FORBIDDEN", message, field=field)
