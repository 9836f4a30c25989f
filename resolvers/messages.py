"""Messages of an order's thread: read and append."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from execution import Args
from models.audit import Action
from models.messages import PREFIX, AuthorKind, Visibility, messages
from models.orders import PREFIX as ORDER
from models.orders import orders
from models.typeid import decode, new_uuid
from models.webhooks import EventType
from resolvers.changes import Subject, Told, insert
from resolvers.conditions import NOBODY, created, ids, word
from resolvers.context import Context, Row, now, shared
from resolvers.errors import Refusal, bad_input
from resolvers.filters import FILTERS, Filters, Relation
from resolvers.listing import RESTRICTIONS, Page, pages
from resolvers.rows import by_ids
from resolvers.sql import owned, statement
from resolvers.windows import CREATED, Listed

SUBJECT = Subject(PREFIX, messages, tagged=False)
READERS = frozenset({"messages:read", "messages:write", "*"})
INTERNAL_READERS = frozenset({"messages:internal", "*"})
LISTED = Listed("messages", messages, {"CREATED_AT": CREATED})
FILTERS["messages"] = Filters(
    messages,
    {
        "id": ids("id", PREFIX),
        "order_id": ids("order_id", ORDER),
        "author_kind": word("author_kind", AuthorKind),
        "visibility": word("visibility", Visibility),
        "created_at": created(),
        "order": Relation("orders", "order_id"),
    },
)


def _seen(ctx: Context) -> dict[str, Any]:
    """The filter that hides INTERNAL messages from whoever may not see them."""
    return {} if ctx.actor.may("messages:internal") else {"visibility": {"eq": Visibility.PUBLIC}}


RESTRICTIONS["messages"] = _seen


@shared
async def listed(ctx: Context, args: Args) -> Page:
    """A page of one order's messages."""
    order = decode(ORDER, args.values["order_id"]) or NOBODY
    (page,) = await pages(ctx, LISTED, args, column="order_id", parents=[order], restrict=_seen(ctx))
    return page


async def of_orders(ctx: Context, parents: list[Row], args: Args) -> list[Page]:
    """A page of each order's messages."""
    keys = [row["id"] for row in parents]
    return await pages(ctx, LISTED, args, column="order_id", parents=keys, restrict=_seen(ctx))


@shared
async def one(ctx: Context, args: Args) -> Row | None:
    """The message of an id; None when it is missing, foreign, or INTERNAL and the caller may not see it."""
    (row,) = await of_ids(ctx, [decode(PREFIX, args.values["id"])], args.columns)
    return row


async def of_ids(ctx: Context, keys: Sequence[UUID | None], columns: tuple[str, ...]) -> list[Row | None]:
    """The messages of some ids in their order, without what the caller may not see."""
    if ctx.actor.may("messages:internal"):
        return await by_ids(ctx, messages, keys, columns)
    rows = await by_ids(ctx, messages, keys, tuple(dict.fromkeys((*columns, "visibility"))))
    # Read by name: it may have a column more than was asked for.
    return [None if row is None or row["visibility"] == Visibility.INTERNAL else dict(row) for row in rows]


@statement
def _order() -> sa.Select[Any]:
    return (
        owned(orders, orders.c.id)
        .where(orders.c.id == sa.bindparam("id", type_=sa.Uuid))
        .with_for_update(key_share=True, read=True)
    )


async def create(ctx: Context, given: Mapping[str, Any]) -> Row:
    """Append a message. Raises Refusal BAD_INPUT, or FORBIDDEN for an INTERNAL one without messages:internal."""
    row: dict[str, Any] = {
        "id": new_uuid(),
        "version": 1,
        "updated_at": now(),
        "author_kind": AuthorKind.STAFF,
        "author_name": ctx.actor.name,
        "visibility": Visibility.PUBLIC,
        "attachments": [],
    }
    row |= given
    if row["author_kind"] not in (AuthorKind.STAFF, AuthorKind.CLIENT):
        raise bad_input(
            "input.authorKind", "A message is written as STAFF or CLIENT.", "NOT_ONE_OF", allowed=["STAFF", "CLIENT"]
        )
    internal = row["visibility"] == Visibility.INTERNAL
    if internal and not ctx.actor.may("messages:internal"):
        raise Refusal(
            "FORBIDDEN", "INTERNAL messages need the scope messages:internal.", field="input.visibility",
            scope="messages:internal",
        )  # fmt: skip
    order = await ctx.row(_order(), id=decode(ORDER, given["order_id"]) or NOBODY)
    if order is None:
        raise bad_input("input.orderId", "There is no such order.", "NOT_FOUND")
    row["order_id"] = order["id"]
    scopes = (READERS, INTERNAL_READERS) if internal else (READERS,)
    told = Told((EventType.message_created.value,), scopes)
    return await insert(ctx, SUBJECT, row, Action.MESSAGE_CREATE, told)
