"""Webhook endpoints: create, update, rotate their secrets, delete. Their changes emit no events."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.webhook_urls import check_literal
from models.webhooks import API_VERSION, WEBHOOK, EndpointCircuit, EndpointStatus, WebhookEndpoint, webhook_endpoints
from resolvers.api_keys.acting import must_still_work
from resolvers.changes.advisory_lock import lock_objects
from resolvers.changes.edits import Edit, InputValues, begin_edit, insert, new_row
from resolvers.collections.rows import Key
from resolvers.context import Context, Row, now
from resolvers.database.sql import owned, statement
from resolvers.errors import Conflict, Refusal, bad_input
from resolvers.webhooks import cancelling, secrets
from resolvers.webhooks.collections import WEBHOOKS
from resolvers.webhooks.deliveries import must_not_be_weaker

TOO_MANY_WEBHOOKS = Conflict("TOO_MANY_WEBHOOKS", "The organization has the maximum number of webhook endpoints.")
BOTH_SIGN_FOR = timedelta(hours=24)
# A new URL, or enabling, clears what was recorded of failures.
_ANEW: dict[str, Any] = {"failing_since": None, "timeouts": 0, "circuit": EndpointCircuit.CLOSED, "paused_until": None}
DISABLED_ON_REQUEST = "Disabled through the API."
BY_REVOCATION = "The API key that created the endpoint was revoked."


def check(ctx: Context, values: InputValues) -> Iterator[Refusal]:
    """Yield the refusal BAD_INPUT of a URL that no webhook may have."""
    try:
        if "url" in values:
            check_literal(values["url"], ctx.runtime.webhook_allow_private)
    except ValueError as error:
        yield bad_input("url", f"It {error}.", "INVALID_FORMAT")


def _must_have_proper_url(ctx: Context, values: InputValues) -> None:
    for refusal in check(ctx, values):
        raise refusal


async def create(ctx: Context, values: InputValues) -> tuple[Row, str]:
    """Create an endpoint. Return it with its secret, which is shown only once.

    It receives only events that the acting key may read. Raises Refusal BAD_INPUT for its URL, CONFLICT
    (TOO_MANY_WEBHOOKS) at the organization's limit, or UNAUTHENTICATED for a key that was revoked meanwhile.
    """
    _must_have_proper_url(ctx, values)
    await must_still_work(ctx)
    await _must_have_room(ctx)
    row, secret = new_row(WebhookEndpoint, values), _shown_once(ctx)
    row |= {
        "secret": secrets.encrypt(ctx.runtime.secret_keys, ctx.org_id, row["id"], secret),
        "api_version": API_VERSION,
        "scopes": sorted(ctx.actor.scopes),
        "created_by_key": ctx.actor.key_id,
    }
    return await insert(ctx, WEBHOOKS, row), secret


@statement
def _number() -> sa.Select[Any]:
    return owned(webhook_endpoints, sa.func.count().label("number")).where(webhook_endpoints.c.deleted_at.is_(None))


async def _must_have_room(ctx: Context) -> None:
    await lock_objects(ctx, WEBHOOK)
    row = await ctx.row(_number())
    assert row is not None, "a count has one row"
    most = ctx.runtime.webhook_endpoint_limit
    if row["number"] >= most:
        message = f"The organization has {row['number']} webhook endpoints and may have {most}: delete one first."
        raise TOO_MANY_WEBHOOKS.refusal(message=message, limit=most)


def _shown_once(ctx: Context) -> str:
    secret = secrets.new_secret()
    ctx.shown_once.append(secret)
    return secret


async def change(ctx: Context, key: Key, values: InputValues) -> Row:
    """Change, enable or disable an endpoint. Enabling it, or a new URL, clears what was recorded of failures.

    Disabling cancels its pending deliveries. Those that are left are cancelled before it is enabled, so that no event
    from before is sent afterwards.

    Raises Refusal NOT_FOUND, VERSION_MISMATCH, BAD_INPUT for a URL, FORBIDDEN for a key that may not read all events
    that the endpoint may receive, or UNAUTHENTICATED for one that was revoked meanwhile.
    """
    # The key before the endpoint, in the order in which a revocation locks them.
    await must_still_work(ctx)
    edit = await begin_edit(ctx, WEBHOOKS, key)
    must_not_be_weaker(ctx, edit.old["scopes"])
    changed = edit.changes(values)
    _must_have_proper_url(ctx, changed)
    enabled = changed.get("status") == EndpointStatus.ENABLED
    disabled = changed.get("status") == EndpointStatus.DISABLED
    if enabled:
        while await cancelling.cancel(ctx, edit.old["id"]):
            pass
        changed |= {"disabled_reason": None}
    edit.set({name: value for name, value in changed.items() if not (disabled and name == "status")})
    if disabled:
        edit.set({"status": EndpointStatus.DISABLED, "disabled_reason": DISABLED_ON_REQUEST}, "disable")
    if enabled or "url" in changed:
        edit.row |= _ANEW
    row = await edit.save()
    if disabled:
        await cancelling.cancel(ctx, row["id"])
    return row


@statement
def _made_by() -> sa.Select[Any]:
    made = webhook_endpoints.c.created_by_key == sa.any_(sa.bindparam("keys", type_=pg.ARRAY(sa.Uuid)))
    enabled = webhook_endpoints.c.status == sa.literal_column(f"'{EndpointStatus.ENABLED.value}'")
    live = webhook_endpoints.c.deleted_at.is_(None)
    found = owned(webhook_endpoints).where(made, enabled, live).order_by(webhook_endpoints.c.id)
    return found.with_for_update(key_share=True)


async def disable_made_by(ctx: Context, keys: Sequence[UUID]) -> list[UUID]:
    """Disable the endpoints that some keys made, which are revoked; returns their ids."""
    rows = await ctx.fetch(_made_by(), keys=keys)
    for old in rows:
        edit = Edit(ctx, WEBHOOKS, old, dict(old))
        edit.set({"status": EndpointStatus.DISABLED, "disabled_reason": BY_REVOCATION}, "disable")
        await edit.save()
        await cancelling.cancel(ctx, old["id"])
    return [row["id"] for row in rows]


async def rotate(ctx: Context, key: Key) -> tuple[Row, str]:
    """Give an endpoint a new secret, which is shown only once; the old one signs beside it for 24 hours.

    Another rotation within this time replaces only the new secret: a caller that lost the response can rotate again,
    while the receiver still uses the old secret.

    Raises Refusal NOT_FOUND, VERSION_MISMATCH, or FORBIDDEN for a key that may not read all events that the
    endpoint may receive.
    """
    edit = await begin_edit(ctx, WEBHOOKS, key)
    old = edit.old
    must_not_be_weaker(ctx, old["scopes"])
    secret = _shown_once(ctx)
    new: dict[str, Any] = {"secret": secrets.encrypt(ctx.runtime.secret_keys, ctx.org_id, old["id"], secret)}
    if old["previous_until"] is None or old["previous_until"] <= now():
        new |= {"previous_secret": old["secret"], "previous_until": now() + BOTH_SIGN_FOR}
    edit.set(new, "rotate_secret")
    return await edit.save(), secret


async def remove(ctx: Context, key: Key) -> None:
    """Delete an endpoint and cancel its pending deliveries; the history of its deliveries stays.

    Raises Refusal NOT_FOUND or VERSION_MISMATCH. A key that may not read the endpoint's events may delete it, as this
    discloses nothing.
    """
    edit = await begin_edit(ctx, WEBHOOKS, key)
    edit.set({"deleted_at": now()}, "delete")
    await edit.save()
    await cancelling.cancel(ctx, edit.old["id"])
