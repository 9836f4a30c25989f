"""What every domain's fields are loaded by: an object, a page, the object or the page that belongs to each parent."""

from execution import Args
from models.typeid import decode
from resolvers.collections.collection import Collection
from resolvers.collections.rows import by_ids
from resolvers.context import Context, Row
from resolvers.lists.pages import Page, pages
from resolvers.loads import BatchResolver, shared


def one(collection: Collection) -> BatchResolver:
    """Return a batch resolver of the object whose id is the argument ``id``: None where the caller sees none."""
    prefix = collection.resource.prefix

    async def load(ctx: Context, args: Args) -> Row | None:
        (row,) = await by_ids(ctx, collection, [decode(prefix, args.values["id"])], args.columns)
        return row

    return shared(load)


def many(collection: Collection) -> BatchResolver:
    """Return a batch resolver of a page of the collection."""

    async def load(ctx: Context, args: Args) -> Page:
        (page,) = await pages(ctx, collection, args)
        return page

    return shared(load)


def to_one(collection: Collection, column: str) -> BatchResolver:
    """Return a batch resolver of the object that each parent's ``column`` refers to."""

    async def load(ctx: Context, parents: list[Row], args: Args) -> list[Row | None]:
        return await by_ids(ctx, collection, [row[column] for row in parents], args.columns)

    return load


def to_listed(collection: Collection, column: str) -> BatchResolver:
    """Return a batch resolver of the objects that each parent's ``column`` lists, in its order."""

    async def load(ctx: Context, parents: list[Row], args: Args) -> list[list[Row]]:
        keys = list({key for row in parents for key in row[column]})
        rows = dict(zip(keys, await by_ids(ctx, collection, keys, args.columns), strict=True))
        return [[found for key in row[column] if (found := rows[key]) is not None] for row in parents]

    return load


def to_many(collection: Collection, column: str) -> BatchResolver:
    """Return a batch resolver of a page of the objects whose ``column`` refers to each parent."""

    async def load(ctx: Context, parents: list[Row], args: Args) -> list[Page]:
        return await pages(ctx, collection, args, column=column, parents=[row["id"] for row in parents])

    return load


def newest(collection: Collection, column: str) -> BatchResolver:
    """Return a batch resolver of the newest object whose ``column`` refers to each parent: None where the caller sees
    none."""

    async def load(ctx: Context, parents: list[Row], args: Args) -> list[Row | None]:
        asked = Args(args.columns or ("id",), {"first": 1})
        found = await pages(ctx, collection, asked, column=column, parents=[row["id"] for row in parents])
        return [page.rows[0] if page.rows else None for page in found]

    return load
