"""Any object by its id: the prefix tells which table to ask."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from execution import Args
from models.clients import PREFIX as CLIENT
from models.clients import clients
from models.messages import PREFIX as MESSAGE
from models.messages import messages as messages_table
from models.orders import PREFIX as ORDER
from models.orders import orders
from models.services import PREFIX as SERVICE
from models.services import services
from models.typeid import decode, prefix_of
from models.webhooks import PREFIX as WEBHOOK
from models.webhooks import webhook_endpoints
from resolvers import messages
from resolvers.context import Context, Row, shared
from resolvers.errors import bad_input
from resolvers.rows import by_ids

TABLES: dict[str, sa.Table] = {
    CLIENT: clients,
    SERVICE: services,
    ORDER: orders,
    MESSAGE: messages_table,
    WEBHOOK: webhook_endpoints,
}
MOST_IDS = 100


async def _of_kind(ctx: Context, kind: str, keys: list[UUID | None], columns: tuple[str, ...]) -> list[Row | None]:
    table = TABLES[kind]
    wanted = tuple(column for column in columns if column in table.c)
    if kind == MESSAGE:
        return await messages.of_ids(ctx, keys, wanted)
    return await by_ids(ctx, table, keys, wanted)


async def _found(ctx: Context, ids: Sequence[str], columns: tuple[str, ...]) -> list[Row | None]:
    """The objects of some ids in their order, by one statement for each type of them."""
    kinds = [prefix_of(each) for each in ids]
    found: dict[str, Row] = {}
    for kind in dict.fromkeys(kinds):
        if kind in TABLES:
            asked = [each for each, its in zip(ids, kinds, strict=True) if its == kind]
            rows = await _of_kind(ctx, kind, [decode(kind, each) for each in asked], columns)
            found |= {
                each: dict(row) | {"kind": kind} for each, row in zip(asked, rows, strict=True) if row is not None
            }
    return [found.get(each) for each in ids]


@shared
async def one(ctx: Context, args: Args) -> Row | None:
    """The object of an id; None when it is missing, foreign or of no known type."""
    (row,) = await _found(ctx, [args.values["id"]], args.columns)
    return row


@shared
async def many(ctx: Context, args: Args) -> list[Row | None]:
    """The objects of some ids, in their order. Raises Refusal BAD_INPUT for more than 100."""
    if len(args.values["ids"]) > MOST_IDS:
        raise bad_input("ids", f"ids takes at most {MOST_IDS}.", "TOO_LONG", limit=MOST_IDS)
    return await _found(ctx, args.values["ids"], args.columns)
