"""Any object by its id: the prefix tells which domain to ask."""

from typing import Any

from execution.batch import Args
from models.clients import PREFIX as CLIENT
from models.clients import clients as clients_table
from models.messages import PREFIX as MESSAGE
from models.messages import messages as messages_table
from models.orders import PREFIX as ORDER
from models.orders import orders as orders_table
from models.services import PREFIX as SERVICE
from models.services import services as services_table
from models.typeid import prefix_of
from models.webhooks import PREFIX as WEBHOOK
from models.webhooks import webhook_endpoints
from resolvers import clients, messages, orders, services, webhooks
from resolvers.context import BatchResolver, Context, Row
from resolvers.errors import bad_input

KINDS: dict[str, tuple[BatchResolver, Any]] = {
    CLIENT: (clients.one, clients_table),
    SERVICE: (services.one, services_table),
    ORDER: (orders.one, orders_table),
    MESSAGE: (messages.one, messages_table),
    WEBHOOK: (webhooks.one, webhook_endpoints),
}
MOST_IDS = 100


async def _find(ctx: Context, public_id: str, columns: tuple[str, ...]) -> Row | None:
    kind = prefix_of(public_id)
    if kind not in KINDS:
        return None
    find, table = KINDS[kind]
    wanted = tuple(column for column in columns if column in table.c)
    row = (await find(ctx, [None], Args(wanted, {"id": public_id})))[0]
    return None if row is None else dict(row) | {"kind": kind}


async def one(ctx: Context, parents: list[Any], args: Args) -> list[Row | None]:
    """The object of an id; None when it is missing, foreign or of no known type."""
    return [await _find(ctx, args.values["id"], args.columns)]


async def many(ctx: Context, parents: list[Any], args: Args) -> list[list[Row | None]]:
    """The objects of some ids, in their order. Raises Refusal BAD_INPUT for more than 100."""
    if len(args.values["ids"]) > MOST_IDS:
        raise bad_input("ids", f"ids takes at most {MOST_IDS}.")
    return [[await _find(ctx, public_id, args.columns) for public_id in args.values["ids"]]]
