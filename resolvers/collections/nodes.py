"""Any object by its id: the prefix tells which collection to ask."""

from collections.abc import Sequence

from execution import Args
from models.parts import column_of
from models.typeid import decode, prefix_of
from resolvers.collections.collection import COLLECTIONS, Collection
from resolvers.collections.rows import by_ids
from resolvers.context import Context, Row
from resolvers.errors import bad_input
from resolvers.loads import shared

MAX_IDS = 100
# Says of which type a row is that was found by its id alone; no column has such a name.
TYPE = "@type"
# The collections whose objects are nodes, by the prefix of their ids; the schema says which are.
NODES: dict[str, Collection] = {}


def is_node(name: str) -> None:
    """Let the objects of a collection be found by their ids alone."""
    collection = COLLECTIONS[name]
    NODES[collection.resource.prefix] = collection


async def _found(ctx: Context, ids: Sequence[str], columns: tuple[str, ...]) -> list[Row | None]:
    """Return the objects of some ids in their order, by one statement for each type of them."""
    prefixes = [prefix_of(each) for each in ids]
    found: dict[str, Row] = {}
    for prefix in dict.fromkeys(prefixes):
        collection = NODES.get(prefix)
        if collection is not None:
            asked = [each for each, its in zip(ids, prefixes, strict=True) if its == prefix]
            wanted = tuple(column for column in columns if column_of(collection.table, column) is not None)
            rows = await by_ids(ctx, collection, [decode(prefix, each) for each in asked], wanted)
            found |= {
                each: dict(row) | {TYPE: prefix} for each, row in zip(asked, rows, strict=True) if row is not None
            }
    return [found.get(each) for each in ids]


@shared
async def one(ctx: Context, args: Args) -> Row | None:
    """Return the object of an id; None when it is missing, foreign or of no known type."""
    (row,) = await _found(ctx, [args.values["id"]], args.columns)
    return row


@shared
async def many(ctx: Context, args: Args) -> list[Row | None]:
    """Return the objects of some ids, in their order. Raises Refusal BAD_INPUT for more than 100."""
    if len(args.values["ids"]) > MAX_IDS:
        raise bad_input("ids", f"ids takes at most {MAX_IDS}.", "TOO_LONG", limit=MAX_IDS)
    return await _found(ctx, args.values["ids"], args.columns)
