"""Messages of an order's thread, and how one is appended."""

from models.messages import MESSAGE, Message, messages
from models.orders import ORDER
from resolvers.changes.edits import InputValues, insert
from resolvers.changes.references import Reference, looked_up
from resolvers.collections.collection import COLLECTIONS
from resolvers.context import Context, Row
from resolvers.errors import refuse
from resolvers.threads import entries_of, new_thread_entry, wrong_author

MESSAGES = entries_of(MESSAGE, messages, ORDER)


async def create(ctx: Context, values: InputValues) -> Row:
    """Append a message. Raises Refusal BAD_INPUT, or FORBIDDEN for an INTERNAL one without messages:internal."""
    found, wrong = await looked_up(ctx, values, order_id=Reference(COLLECTIONS["orders"]))
    refuse([*wrong, *wrong_author(values)])
    row = new_thread_entry(ctx, Message, values)
    row |= {"order_id": found["order_id"]["id"], "writer_id": ctx.actor.caller}
    return await insert(ctx, MESSAGES, row)
