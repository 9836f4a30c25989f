"""Fields that lead to a collection: one object by its id, a list, the object or the objects that belong to another."""

from collections.abc import Callable
from types import GenericAlias
from typing import Any

import strawberry

from models.actors import STAFF_ONLY
from resolvers.collections import loaders
from resolvers.collections.collection import Collection
from resolvers.collections.nodes import is_node
from resolvers.loads import BatchResolver
from resolvers.tag_uses import MOST, tags_of
from schema.declaration.fields import argument, batched, object_type
from schema.declaration.filters import filter_of, order_of

FIRST = "Return the first _n_ items: 1 to 100. The default does not hold beside `last`, nor beside `before` alone."
PAGE = (
    "Page number, from 1, for pages of `first` items. Reaches the first 10,000 items. Not together with `last`,"
    " `after` or `before`."
)
# What finding groups costs, as a connection with its count.
GROUPING = 4
# What the tags of a list cost.
TAGS = 20
LAST_FIELD = ", of which `CREATED_AT` can only be the last"


def _order_by(collection: Collection) -> str:
    last = LAST_FIELD if "CREATED_AT" in collection.sort_fields else ""
    return f"Sort order: at most three different fields{last}. {collection.ordered.capitalize()} by default."


def page_arguments(collection: Collection) -> Callable[[], list[Any]]:
    """Return a function that makes what every connection takes, when all collections are declared."""

    def made() -> list[Any]:
        return [
            argument("first", int | None, FIRST),
            argument("after", str | None, "Return the items that come after this cursor."),
            argument("last", int | None, "Return the last _n_ items: 1 to 100. Not together with `first`."),
            argument("before", str | None, "Return the items that come before this cursor."),
            argument("page", int | None, PAGE),
            _filter(collection),
            argument("order_by", GenericAlias(list, (order_of(collection),)) | None, _order_by(collection), "orderBy"),
        ]

    return made


@object_type(
    description=f"A tag, and the number of objects that have it: at most {MOST:,}, which stands for as many or more."
)
class TagUse:
    """A tag of some objects."""

    tag: str = strawberry.field(description="The tag.")
    count: int = strawberry.field(description=f"Number of objects that have it, at most {MOST:,}.")


def _filter(collection: Collection) -> Any:
    return argument("filter", filter_of(collection) | None, "Filter conditions.")


def one(collection: Collection) -> Any:
    """Return a root field: the object of an id, which is a node too."""
    resource = collection.resource
    is_node(collection.name)
    return batched(
        loaders.one(collection),
        description=f"Look up {resource.a_label} by ID. Null when it does not exist.",
        arguments=lambda: [argument("id", strawberry.ID, f"ID of the {resource.label}.")],
        cost=1,
    )


def many(collection: Collection) -> Any:
    """Return a root field: a page of a collection."""
    return pages_of(
        collection,
        loaders.many(collection),
        description=f"The organization's {collection.resource.labels}, {collection.ordered} by default."
        + ("" if collection.hidden is None else " Those that the API key lacks a scope to see are left out."),
    )


def pages_of(collection: Collection, resolve: BatchResolver, *needs: str, description: str, arguments: Any = ()) -> Any:
    """Return a field: a page of a collection by a batch resolver of one's own, with further ``arguments``."""
    made = page_arguments(collection)
    return batched(resolve, *needs, description=description, arguments=lambda: [*arguments, *made()])


def groups_of(collection: Collection, resolve: BatchResolver, description: str) -> Any:
    """Return a root field: the groups of the rows that a filter matches. It looks at every row, as a count does."""
    field = batched(resolve, description=description, arguments=lambda: [_filter(collection)], cost=GROUPING)
    field.metadata = {**field.metadata, "grouped": collection}
    return field


def tags_field(collection: Collection) -> Any:
    """Return a root field: the tags of a collection's rows, which are the staff's."""
    return batched(
        tags_of(collection),
        description=f"The tags that {collection.resource.labels} have, in their order, each once.",
        arguments=lambda: [
            argument(
                "starts_with",
                str | None,
                "Return the tags that start with this text, with regard to case.",
                "startsWith",
            ),
            argument("first", int | None, "Return the first _n_ tags: 1 to 100."),
        ],
        cost=TAGS,
        scope=collection.resource.read_scope,
        reserved=STAFF_ONLY,
    )


def to_one(collection: Collection, column: str, description: str, *, null: bool = False) -> Any:
    """Return a field: the object that a column of the parent's row refers to; ``null``: it may refer to none.

    One that is always there is joined to the parent's row.
    """
    joined_by = column if collection.joins and not null else None
    resolve = loaders.to_one(collection, column)
    return batched(resolve, column, description=description, joined_by=joined_by)


def to_listed(collection: Collection, column: str, description: str, *, most: int) -> Any:
    """Return a field: the objects that a column of the parent's row lists, of which there are at most ``most``."""
    return batched(loaders.to_listed(collection, column), column, description=description, cost=most)


def to_many(collection: Collection, column: str, description: str) -> Any:
    """Return a field: a page of the objects of which a column refers to the parent."""
    says = f"{description}, {collection.ordered} by default."
    return pages_of(collection, loaders.to_many(collection, column), "id", description=says)


def newest(collection: Collection, column: str, description: str) -> Any:
    """Return a field: the newest of the objects of which a column refers to the parent."""
    return batched(loaders.newest(collection, column), "id", description=description)
