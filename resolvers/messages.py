"""Messages of an order's thread: what they can be filtered by, who sees them, and how one is appended."""

from execution import Args
from models.messages import INTERNAL_SCOPE, MESSAGE, AuthorKind, Message, Visibility, messages
from models.orders import ORDER
from models.typeid import decode
from resolvers.changes.edits import InputValues, insert, new_row
from resolvers.changes.references import Reference, references
from resolvers.collections.collection import COLLECTIONS, CREATED, Collection, Relation, RowScope
from resolvers.context import Context, Row, shared
from resolvers.errors import Refusal, bad_input
from resolvers.lists.conditions import NOBODY, created, enum, ids
from resolvers.lists.pages import Page, pages

MESSAGES = Collection(
    MESSAGE,
    messages,
    hidden=RowScope("visibility", Visibility.INTERNAL, INTERNAL_SCOPE),
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
    row = new_row(Message, {"author_name": ctx.actor.name, "attachments": [], **values})
    if row["author_kind"] not in (AuthorKind.STAFF, AuthorKind.CLIENT):
        raise bad_input("author_kind", "It must be STAFF or CLIENT.", "NOT_ONE_OF", allowed=["STAFF", "CLIENT"])
    if row["visibility"] == Visibility.INTERNAL and not ctx.actor.may(INTERNAL_SCOPE):
        message = f"INTERNAL messages need the scope {INTERNAL_SCOPE}."
        raise Refusal("FORBIDDEN", message, field="visibility", scope=INTERNAL_SCOPE)
    found = await references(ctx, values, order_id=Reference(COLLECTIONS["orders"]))
    row["order_id"] = found["order_id"]["id"]
    return await insert(ctx, MESSAGES, row)
