"""Webhook endpoints: read, create, update, rotate their secrets, delete. Their changes make no events."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from execution import Args
from models.audit import Action
from models.typeid import decode, new_uuid
from models.webhooks import API_VERSION, PREFIX, EndpointCircuit, EndpointStatus, webhook_endpoints
from resolvers import cancelling, secrets
from resolvers.addresses import check_literal
from resolvers.changes import Told, insert, update
from resolvers.conditions import created, ids, moment, word
from resolvers.context import Context, Row, now, shared
from resolvers.deliveries import ENDPOINT, must_not_be_weaker
from resolvers.errors import Refusal, bad_input
from resolvers.filters import FILTERS, Filters
from resolvers.listing import Page, pages
from resolvers.rows import by_ids, locked
from resolvers.sql import ORG, owned, statement
from resolvers.windows import CREATED, Listed, OrderKey

LISTED = Listed(
    "webhooks",
    webhook_endpoints,
    {"CREATED_AT": CREATED, "UPDATED_AT": OrderKey("updated_at", datetime)},
    always=lambda table: table.c.deleted_at.is_(None),
)
FILTERS["webhooks"] = Filters(
    webhook_endpoints,
    {
        "id": ids("id", PREFIX),
        "status": word("status", EndpointStatus),
        "created_at": created(),
        "updated_at": moment("updated_at"),
    },
)
BOTH_SIGN_FOR = timedelta(hours=24)
# Another address, or enabling, starts anew: what was learnt of failures is forgotten.
_ANEW: dict[str, Any] = {"failing_since": None, "timeouts": 0, "circuit": EndpointCircuit.CLOSED, "paused_until": None}
BY_HAND = "Disabled through the API."


@shared
async def listed(ctx: Context, args: Args) -> Page:
    """A page of the organization's webhook endpoints, without deleted ones."""
    (page,) = await pages(ctx, LISTED, args)
    return page


@shared
async def one(ctx: Context, args: Args) -> Row | None:
    """The webhook endpoint of an id; None when it is missing, deleted or foreign."""
    (row,) = await by_ids(ctx, webhook_endpoints, [decode(PREFIX, args.values["id"])], args.columns)
    return row


def _check(ctx: Context, url: str) -> None:
    try:
        check_literal(url, ctx.runtime.webhook_allow_private)
    except ValueError as error:
        text = str(error)
        raise bad_input("input.url", f"{text[:1].upper()}{text[1:]}.", "INVALID_FORMAT") from error


async def create(ctx: Context, given: Mapping[str, Any]) -> tuple[Row, str]:
    """Create an endpoint; it and its secret, which is shown this once. It hears only of what the acting key could read.

    Raises Refusal BAD_INPUT for its address, or CONFLICT (TOO_MANY_WEBHOOKS) at the limit of the organization.
    """
    _check(ctx, given["url"])
    await _must_have_room(ctx)
    key, secret = new_uuid(), _shown_once(ctx)
    row: dict[str, Any] = {
        "id": key,
        "version": 1,
        "updated_at": now(),
        "description": None,
        "secret": secrets.encrypt(ctx.runtime.secret_keys, ctx.org_id, key, secret),
        "previous_secret": None,
        "previous_until": None,
        "api_version": API_VERSION,
        "status": EndpointStatus.ENABLED,
        "disabled_reason": None,
        "failing_since": None,
        "last_success_at": None,
        "last_failure_at": None,
        "timeouts": 0,
        "circuit": EndpointCircuit.CLOSED,
        "paused_until": None,
        "scopes": sorted(ctx.actor.scopes),
        "deleted_at": None,
    }
    row |= given
    return await insert(ctx, ENDPOINT, row, Action.WEBHOOK_CREATE, Told()), secret


@statement
def _turn() -> sa.Select[Any]:
    name = sa.literal("webhooks:").concat(sa.cast(ORG, sa.Text))
    return sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0)))


@statement
def _number() -> sa.Select[Any]:
    return owned(webhook_endpoints, sa.func.count().label("number")).where(webhook_endpoints.c.deleted_at.is_(None))


async def _must_have_room(ctx: Context) -> None:
    # Two statements: the second one's snapshot has what was committed by those that the first one waited for.
    await ctx.fetch(_turn())
    row = await ctx.row(_number())
    assert row is not None, "a count has one row"
    most = ctx.runtime.webhook_endpoint_limit
    if row["number"] >= most:
        message = f"The organization has {row['number']} webhook endpoints and may have {most}: delete one first."
        raise Refusal("CONFLICT", message, reason="TOO_MANY_WEBHOOKS", limit=most)


def _shown_once(ctx: Context) -> str:
    secret = secrets.new_secret()
    ctx.once.append(secret)
    return secret


async def change(ctx: Context, public_id: str, expected: int | None, given: Mapping[str, Any]) -> Row:
    """Change, enable or disable an endpoint. Enabling, or another address, forgets its failures.

    Disabling cancels what waits for it, and what was left of that is cancelled before it is enabled: nothing that
    happened before is sent after it.

    Raises Refusal NOT_FOUND, VERSION_MISMATCH, BAD_INPUT for an address, or FORBIDDEN for a key that may not read
    all that the endpoint hears of.
    """
    old = await locked(ctx, ENDPOINT, public_id, expected)
    must_not_be_weaker(ctx, old["scopes"])
    new = dict(given)
    changed = {name for name, value in new.items() if value != old[name]}
    if not changed:
        return old
    actions: list[tuple[Action, set[str]]] = []
    if "url" in changed:
        _check(ctx, new["url"])
        new |= _ANEW
    if "status" in changed and new["status"] == EndpointStatus.DISABLED:
        new["disabled_reason"] = BY_HAND
        changed.remove("status")
        actions.append((Action.WEBHOOK_DISABLE, {"status", "disabled_reason"}))
    elif "status" in changed:
        new |= {"disabled_reason": None} | _ANEW
        changed.add("disabled_reason")
        while await cancelling.cancel(ctx, old["id"]):
            pass
    if changed:
        actions.insert(0, (Action.WEBHOOK_UPDATE, changed))
    row = await update(ctx, ENDPOINT, old, new, actions, Told())
    if row["status"] != old["status"] and row["status"] == EndpointStatus.DISABLED:
        await cancelling.cancel(ctx, row["id"])
    return row


async def rotate(ctx: Context, public_id: str, expected: int | None) -> tuple[Row, str]:
    """Give an endpoint a new secret, shown this once; the old one signs beside it for 24 hours.

    Until they are over another rotation replaces only the new one: whoever lost the answer that showed it rotates
    again, and the receiver that still has the old one goes on.

    Raises Refusal NOT_FOUND, VERSION_MISMATCH, or FORBIDDEN for a key that may not read all that the endpoint hears of.
    """
    old = await locked(ctx, ENDPOINT, public_id, expected)
    must_not_be_weaker(ctx, old["scopes"])
    secret = _shown_once(ctx)
    new: dict[str, Any] = {"secret": secrets.encrypt(ctx.runtime.secret_keys, ctx.org_id, old["id"], secret)}
    if old["previous_until"] is None or old["previous_until"] <= now():
        new |= {"previous_secret": old["secret"], "previous_until": now() + BOTH_SIGN_FOR}
    actions = [(Action.WEBHOOK_ROTATE_SECRET, new.keys() & {"previous_until"})]
    return await update(ctx, ENDPOINT, old, new, actions, Told()), secret


async def remove(ctx: Context, public_id: str, expected: int | None) -> None:
    """Delete an endpoint and cancel what waits for it; the history of its deliveries stays.

    Raises Refusal NOT_FOUND or VERSION_MISMATCH.

    A key that may not read what the endpoint hears of may delete it: that shows nobody anything.
    """
    old = await locked(ctx, ENDPOINT, public_id, expected)
    actions = [(Action.WEBHOOK_DELETE, {"deleted_at"})]
    await update(ctx, ENDPOINT, old, {"deleted_at": now()}, actions, Told())
    await cancelling.cancel(ctx, old["id"])
