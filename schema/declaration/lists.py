"""Lists: connections with their pages and cursors, one generic type for those of every resource."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import strawberry

from execution import ColumnReader
from resolvers.lists.pages import Edge as PageEdge
from resolvers.lists.pages import Page, edges_of, totals
from resolvers.lists.selected_columns import CURSOR
from schema.declaration.fields import batched, computed, object_type, same_row

T = TypeVar("T")
# A cursor holds a text that its list is sorted by: 254 characters of four bytes, in base64url.
CURSOR_BYTES = 2_048
# What is read of a page's rows needs their id, so that a page of which nothing is read is known: it needs no column.
ROWS = ("id",)


def _first(page: Page) -> str | None:
    return page.cursor(page.rows[0]) if page.rows else None


def _last(page: Page) -> str | None:
    return page.cursor(page.rows[-1]) if page.rows else None


def _of_page(name: str, description: str) -> Any:
    return computed(
        lambda page: getattr(page, name), description=description, reader=ColumnReader(name, attribute=True)
    )


def _cursor(read: Callable[[Any], str | None], description: str, *, null: bool) -> Any:
    reader = ColumnReader(convert=read, null=null, needs=(CURSOR,))
    return computed(read, description=description, reader=reader, size=CURSOR_BYTES)


@object_type(description="Position of a page in its list.")
class PageInfo:
    """Where a page stands in its list."""

    has_next_page: bool = _of_page("has_next_page", "Whether there are more items after this page.")
    has_previous_page: bool = _of_page(
        "has_previous_page",
        "Whether there are items before this page. With `page`, it is true for every page but the first.",
    )
    start_cursor: str | None = _cursor(_first, "Cursor of the page's first item; null when it is empty.", null=True)
    end_cursor: str | None = _cursor(_last, "Cursor of the page's last item; null when it is empty.", null=True)


def _cursor_of(edge: PageEdge) -> str:
    return edge.page.cursor(edge.row)


# The scope of both is their node's, and their descriptions name it (``schema.rules.introspected``).
@strawberry.type
class Edge(Generic[T]):
    """An item of a list and its cursor."""

    node: T = same_row("The item.", ColumnReader("row", attribute=True, same_row=True))
    cursor: str = _cursor(_cursor_of, "Cursor of the item, for `after` and `before`.", null=False)


@strawberry.type
class Connection(Generic[T]):
    """A page of a list. ``totalCount`` is a statement of its own, only where it is selected."""

    edges: list[Edge[T]] = same_row(
        "The items of the page with their cursors.", ColumnReader(convert=edges_of, same_row=True, needs=ROWS)
    )
    nodes: list[T] = same_row("The items of the page.", ColumnReader("rows", attribute=True, same_row=True, needs=ROWS))
    page_info: PageInfo = same_row("Position of the page in the list.", ColumnReader(same_row=True, needs=ROWS))
    total_count: int = batched(totals, description="Total number of items in the list.")
