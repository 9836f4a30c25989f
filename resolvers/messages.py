"""Messages of an order's thread, and how one is appended."""

from models.messages import MESSAGE, Message, messages
from models.orders import ORDER
from resolvers.changes.edits import InputValues, insert
from resolvers.changes.references import Reference, references
from resolvers.collections.collection import COLLECTIONS
from resolvers.context import Context, Row
from resolvers.threads import entries_of, new_thread_entry

MESSAGES = entries_of(MESSAGE, messages, ORDER)


async def create(ctx: Context, values: InputValues) -> Row:
    """Append a message. Raises Refusal BAD_INPUT, or FORBIDDEN for an INTERNAL one without messages:internal."""
    row = new_thread_entry(ctx, Message, values)
    found = await references(ctx, values, order_id=Reference(COLLECTIONS["orders"]))
    row["order_id"] = found["order_id"]["id"]
    return await insert(ctx, MESSAGES, row)
