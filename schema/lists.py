"""What every list has: pages, cursors, the inputs of filters and orders."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

import strawberry

from execution import ColumnReader
from resolvers.filters import MOST_TEXT
from resolvers.listing import Edge, Page, edges_of, totals
from resolvers.page_sql import CURSOR
from resolvers.words import WORDS_OF_A_SEARCH
from schema.enums import words
from schema.fields import batched, computed, object_type, same_row
from schema.scalars import MinorUnits


class Direction(StrEnum):
    """Sort direction."""

    ASC = "ASC"
    DESC = "DESC"


words(Direction, ASC="Ascending: smallest or oldest first.", DESC="Descending: largest or newest first.")


def _first(page: Page) -> str | None:
    return page.cursor(page.rows[0]) if page.rows else None


def _last(page: Page) -> str | None:
    return page.cursor(page.rows[-1]) if page.rows else None


def _told(name: str, description: str) -> Any:
    return computed(
        lambda page: getattr(page, name), description=description, reader=ColumnReader(name, attribute=True)
    )


def _cursor(read: Callable[[Page], str | None], description: str) -> Any:
    return computed(read, description=description, reader=ColumnReader(convert=read, null=True, needs=(CURSOR,)))


@object_type(description="Position of a page in its list.")
class PageInfo:
    """Where a page stands in its list."""

    has_next_page: bool = _told("has_next_page", "Whether there are more items after this page.")
    has_previous_page: bool = _told("has_previous_page", "Whether there are items before this page.")
    start_cursor: str | None = _cursor(_first, "Cursor of the page's first item; null when it is empty.")
    end_cursor: str | None = _cursor(_last, "Cursor of the page's last item; null when it is empty.")


# What is read of a page's rows needs their id, so that a page of which nothing is read is known: it needs no column.
ROWS = ("id",)


def page_info() -> Any:
    """A connection's ``pageInfo``."""
    return same_row("Position of the page in the list.", ColumnReader(same_row=True, needs=ROWS))


def edges() -> Any:
    """A connection's ``edges``."""
    reader = ColumnReader(convert=edges_of, same_row=True, needs=ROWS)
    return same_row("The items of the page with their cursors.", reader)


def nodes() -> Any:
    """A connection's ``nodes``."""
    return same_row("The items of the page.", ColumnReader("rows", attribute=True, same_row=True, needs=ROWS))


def edge_node() -> Any:
    """An edge's ``node``."""
    return same_row("The item.", ColumnReader("row", attribute=True, same_row=True))


def edge_cursor() -> Any:
    """An edge's ``cursor``."""
    meaning = "Cursor of the item, for `after` and `before`."
    return computed(_edge_cursor, description=meaning, reader=ColumnReader(convert=_edge_cursor, needs=(CURSOR,)))


def _edge_cursor(edge: Edge) -> str:
    return edge.page.cursor(edge.row)


def total_count() -> Any:
    """A connection's ``totalCount``: a statement of its own, only when it is asked for."""
    return batched(totals, description="Total number of items in the list.")


@strawberry.input(description="Conditions on a string. Case is ignored.")
class TextFilter:
    """Conditions on a text."""

    eq: strawberry.Maybe[str] = strawberry.field(description="Equals this value.")
    in_: strawberry.Maybe[list[str]] = strawberry.field(name="in", description="Equals one of these values.")
    starts_with: strawberry.Maybe[str] = strawberry.field(description="Starts with this value.")


@strawberry.input(description="Conditions on a time.")
class DateTimeFilter:
    """Conditions on a time."""

    eq: strawberry.Maybe[datetime] = strawberry.field(description="Equals this time, to the millisecond.")
    gt: strawberry.Maybe[datetime] = strawberry.field(description="Is after this time.")
    gte: strawberry.Maybe[datetime] = strawberry.field(description="Is at or after this time.")
    lt: strawberry.Maybe[datetime] = strawberry.field(description="Is before this time.")
    lte: strawberry.Maybe[datetime] = strawberry.field(description="Is at or before this time.")
    is_null: strawberry.Maybe[bool] = strawberry.field(description="Is not set (`true`) or is set (`false`).")


@strawberry.input(description="Conditions on an integer.")
class IntFilter:
    """Conditions on a whole number."""

    eq: strawberry.Maybe[int] = strawberry.field(description="Equals this value.")
    gt: strawberry.Maybe[int] = strawberry.field(description="Is greater than this value.")
    gte: strawberry.Maybe[int] = strawberry.field(description="Is greater than or equal to this value.")
    lt: strawberry.Maybe[int] = strawberry.field(description="Is less than this value.")
    lte: strawberry.Maybe[int] = strawberry.field(description="Is less than or equal to this value.")


@strawberry.input(description="Conditions on an amount of money, in minor units.")
class MinorUnitsFilter:
    """Conditions on an amount of money, in minor units."""

    eq: strawberry.Maybe[MinorUnits] = strawberry.field(description="Equals this value.")
    gt: strawberry.Maybe[MinorUnits] = strawberry.field(description="Is greater than this value.")
    gte: strawberry.Maybe[MinorUnits] = strawberry.field(description="Is greater than or equal to this value.")
    lt: strawberry.Maybe[MinorUnits] = strawberry.field(description="Is less than this value.")
    lte: strawberry.Maybe[MinorUnits] = strawberry.field(description="Is less than or equal to this value.")


@strawberry.input(description="Conditions on an ID.")
class IdFilter:
    """Conditions on an id."""

    eq: strawberry.Maybe[strawberry.ID] = strawberry.field(description="Equals this value.")
    in_: strawberry.Maybe[list[strawberry.ID]] = strawberry.field(name="in", description="Equals one of these values.")


@strawberry.input(description="Conditions on tags.")
class TagsFilter:
    """Conditions on tags."""

    has: strawberry.Maybe[str] = strawberry.field(description="Has this tag.")
    has_any: strawberry.Maybe[list[str]] = strawberry.field(description="Has at least one of these tags.")


SEARCH_WORDS = (
    f"Search terms: an object matches when, for each of them, one of its words starts with it. The first"
    f" {WORDS_OF_A_SEARCH} terms count. At most {MOST_TEXT:,} characters."
)
SEARCH = f"{SEARCH_WORDS} A string without a letter or a digit is ignored."
AND = "All of these filters match. Filters without conditions are ignored."
OR = (
    "At least one of these filters matches; an empty list matches nothing. Filters without conditions are ignored, and"
    " so is the list if it has no others."
)
NOT = "This filter does not match. A null value equals nothing. A filter without conditions is ignored."
SOME = "At least one related object matches. Without conditions: there is at least one."
NONE = "No related object matches. Without conditions: there is none."
