"""Messages of an order's thread: what they can be filtered by, who sees them, and how one is appended."""

from execution import Args
from models.messages import MESSAGE, Message, messages
from models.orders import ORDER
from models.threads import AuthorKind, Visibility
from models.typeid import decode
from resolvers.changes.edits import InputValues, insert
from resolvers.changes.references import Reference, references
from resolvers.collections.collection import COLLECTIONS, CREATED, Collection, Relation
from resolvers.context import Context, Row, shared
from resolvers.lists.conditions import NOBODY, created, enum, ids
from resolvers.lists.pages import Page, pages
from resolvers.threads import HIDDEN, new_thread_entry

MESSAGES = Collection(
    MESSAGE,
    messages,
    hidden=HIDDEN,
    sort_fields={"CREATED_AT": CREATED},
    filters={
        "id": ids("id", MESSAGE, "ID"),
        "order_id": ids("order_id", ORDER, "the order's ID"),
        "author_kind": enum("author_kind", AuthorKind, "kind of author"),
        "visibility": enum("visibility", Visibility),
        "created_at": created(),
        "order": Relation("orders", "the order", "order_id"),
    },
)


@shared
async def of_order(ctx: Context, args: Args) -> Page:
    """Return a page of the messages of the order whose id is the argument ``order_id``."""
    order = decode(ORDER.prefix, args.values["order_id"]) or NOBODY
    (page,) = await pages(ctx, MESSAGES, args, column="order_id", parents=[order])
    return page


async def create(ctx: Context, values: InputValues) -> Row:
    """Append a message. Raises Refusal BAD_INPUT, or FORBIDDEN for an INTERNAL one without messages:internal."""
    row = new_thread_entry(ctx, Message, values)
    found = await references(ctx, values, order_id=Reference(COLLECTIONS["orders"]))
    row["order_id"] = found["order_id"]["id"]
    return await insert(ctx, MESSAGES, row)
