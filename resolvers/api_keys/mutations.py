"""API keys: create, rotate, revoke, delete. Their changes make no events.

Changes of an organization's keys are made one after another, so that a revocation reaches all that the key made.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.api_keys import API_KEY, ApiKey, ApiKeyStatus, api_keys, status_of
from models.base import TIMESTAMP
from models.organizations import directory
from models.typeid import encode
from models.webhooks import WEBHOOK
from resolvers.api_keys.acting import must_be_as_free, must_hold, must_live_as_long, must_still_work
from resolvers.api_keys.collections import API_KEYS
from resolvers.api_keys.rights import are_bound, mac_of
from resolvers.api_keys.verification import digest_of, new_key
from resolvers.audit.entries import new_entry
from resolvers.changes.advisory_lock import lock_objects
from resolvers.changes.edits import Edit, InputValues, begin_edit, insert, new_row
from resolvers.changes.write import write_entries
from resolvers.collections.rows import Key
from resolvers.context import Context, Row, now
from resolvers.database.sql import ORG, statement
from resolvers.errors import Conflict, Refusal, bad_input, refuse
from resolvers.webhooks import mutations as webhooks

KEY_REVOKED = Conflict("KEY_REVOKED", "The API key is revoked: create another one.")
KEY_EXPIRED = Conflict("KEY_EXPIRED", "The API key has expired: create another one.")
KEY_NOT_BOUND = Conflict(
    "KEY_NOT_BOUND",
    "The rights of the API key were changed in the database, so that it does not work any more: create another one.",
)
KEY_NOT_REVOKED = Conflict("KEY_NOT_REVOKED", "Only a revoked API key can be deleted: revoke it first.")
# How many seconds the secret from before a rotation works beside the new one: by default, and at most.
OVERLAP, LONGEST_OVERLAP = 86_400, 604_800
_KEY = sa.bindparam("key", type_=sa.Text)


@statement
def _listed() -> sa.Insert:
    return directory.insert().values(resource=API_KEY.prefix, key=_KEY, org_id=ORG)


@statement
def _unlisted() -> sa.Delete:
    return directory.delete().where(directory.c.resource == API_KEY.prefix, directory.c.key == _KEY)


def _new_secret(ctx: Context, key_id: UUID) -> tuple[str, dict[str, Any]]:
    """Return a raw key, which is shown this once, and what is kept of it."""
    raw = new_key(key_id)
    ctx.shown_once.append(raw)
    version, pepper = ctx.runtime.peppers.current
    return raw, {"digest": digest_of(raw, pepper), "pepper_version": version, "last_four": raw[-4:]}


def check(_ctx: Context, values: InputValues) -> Iterator[Refusal]:
    """Yield the refusal BAD_INPUT of a key that would have expired already."""
    expires_at = values.get("expires_at")
    if expires_at is not None and expires_at <= now():
        yield bad_input("expires_at", "It must be in the future.")


async def create(ctx: Context, values: InputValues) -> tuple[Row, str]:
    """Create a key; returns it and the raw key. It expires with the key that acts unless it is to expire before.

    Raises Refusal BAD_INPUT for an expiry in the past, FORBIDDEN for more than the key that acts has, UNAUTHENTICATED
    for one that was revoked meanwhile.
    """
    refuse(check(ctx, values))
    await lock_objects(ctx, API_KEY)
    own = await must_still_work(ctx)
    must_hold(ctx, values["scopes"], "scopes")
    limited = values.get("trusted_documents_only", ctx.actor.trusted_documents_only)
    must_be_as_free(ctx, limited, "trusted_documents_only")
    row = new_row(ApiKey, values) | {"trusted_documents_only": limited}
    if row["expires_at"] is None:
        row["expires_at"] = None if own is None else own["expires_at"]
    must_live_as_long(own, row, "expires_at")
    raw, digests = _new_secret(ctx, row["id"])
    row |= digests | {"created_by": ctx.actor.name, "created_by_key": ctx.actor.key_id}
    row["mac"] = mac_of(ctx.runtime.peppers, ctx.org_id, row)
    await ctx.fetch(_listed(), key=str(row["id"]))
    return await insert(ctx, API_KEYS, row), raw


async def _begin(ctx: Context, key: Key, *, deletes: bool = False) -> tuple[Edit, Row | None]:
    """Begin to change a key, or to delete it; returns the edit and the key that acts."""
    await lock_objects(ctx, API_KEY)
    own = await must_still_work(ctx)
    edit = await begin_edit(ctx, API_KEYS, key, deletes=deletes)
    must_hold(ctx, edit.old["scopes"], "id")
    must_be_as_free(ctx, edit.old["trusted_documents_only"], "id")
    return edit, own


async def rotate(ctx: Context, key: Key, values: InputValues) -> tuple[Row, str]:
    """Give a key a new secret; returns it and the raw key. The old secret works for ``overlap`` seconds more.

    While it does, another rotation replaces only the new one: whoever lost the response rotates again, and the server
    that still has the old one goes on. Its time may become shorter by that, but not longer.

    Raises Refusal NOT_FOUND, VERSION_MISMATCH, CONFLICT for a key that does not work, FORBIDDEN for a key that is
    stronger or lives longer than the one that acts, or UNAUTHENTICATED for one that was revoked meanwhile.
    """
    edit, own = await _begin(ctx, key)
    old, moment = edit.old, now()
    status = status_of(old, moment)
    if status is not ApiKeyStatus.ACTIVE:
        raise (KEY_REVOKED if status is ApiKeyStatus.REVOKED else KEY_EXPIRED).refusal("id")
    if not are_bound(ctx.runtime.peppers, ctx.org_id, old):
        raise KEY_NOT_BOUND.refusal("id")
    must_live_as_long(own, old, "id")
    raw, new = _new_secret(ctx, old["id"])
    new["mac"] = mac_of(ctx.runtime.peppers, ctx.org_id, {**old, **new})
    until = moment + timedelta(seconds=values.get("overlap", OVERLAP))
    if old["previous_until"] is not None and old["previous_until"] > moment:
        before = (old["previous_digest"], old["previous_pepper_version"], min(until, old["previous_until"]))
    else:
        before = (old["digest"], old["pepper_version"], until)
    names = ("previous_digest", "previous_pepper_version", "previous_until")
    edit.set(new | dict(zip(names, before if until > moment else (None, None, None), strict=True)), "rotate")
    return await edit.save(), raw


@statement
def _revoke_made() -> sa.Update:
    mine = api_keys.c.org_id == ORG
    first = sa.select(api_keys.c.id).where(mine, api_keys.c.created_by_key == sa.bindparam("id", type_=sa.Uuid))
    made = first.cte("made", recursive=True)
    others = api_keys.alias()
    further = sa.select(others.c.id).where(others.c.org_id == ORG, others.c.created_by_key == made.c.id)
    made = made.union_all(further)
    moment = sa.bindparam("moment", type_=TIMESTAMP)
    revoked = {"revoked_at": moment, "mac": sa.null(), "updated_at": moment, "version": api_keys.c.version + 1}
    found = (mine, api_keys.c.id.in_(sa.select(made.c.id)), api_keys.c.revoked_at.is_(None))
    return api_keys.update().where(*found).values(revoked).returning(api_keys.c.id)


async def revoke(ctx: Context, key: Key) -> tuple[Row, list[str], int]:
    """Revoke a key and those that it made, directly or through others, and disable the endpoints that they made.

    Returns the key, the ids of the endpoints, and how many other keys were revoked. Raises Refusal NOT_FOUND,
    VERSION_MISMATCH, CONFLICT for a key that is revoked, FORBIDDEN for a key that is stronger than the one that acts,
    or UNAUTHENTICATED for one that was revoked meanwhile.
    """
    edit, _ = await _begin(ctx, key)
    if edit.old["revoked_at"] is not None:
        raise KEY_REVOKED.refusal("id", "The API key is revoked already.")
    moment = now()
    edit.set({"revoked_at": moment, "mac": None}, "revoke")
    row = await edit.save(moment)
    made = [each["id"] for each in await ctx.fetch(_revoke_made(), id=row["id"], moment=moment)]
    if made:
        # One statement, however many: whoever makes keys faster than they can be revoked would keep one.
        action = API_KEY.action("revoke")
        await write_entries(
            ctx, [(new_entry(action, {"revoked_at": None}, {"revoked_at": moment}), each) for each in made]
        )
    disabled = await webhooks.disable_made_by(ctx, [row["id"], *made])
    return row, [encode(WEBHOOK.prefix, each) for each in disabled], len(made)


async def remove(ctx: Context, key: Key) -> None:
    """Delete a revoked key; what it made keeps the name of its maker.

    Raises Refusal NOT_FOUND, VERSION_MISMATCH, CONFLICT (KEY_NOT_REVOKED) for another key, FORBIDDEN for a key that is
    stronger than the one that acts, or UNAUTHENTICATED for one that was revoked meanwhile.
    """
    edit, _ = await _begin(ctx, key, deletes=True)
    if edit.old["revoked_at"] is None:
        raise KEY_NOT_REVOKED.refusal("id")
    await ctx.fetch(_unlisted(), key=str(edit.old["id"]))
    await edit.delete()
