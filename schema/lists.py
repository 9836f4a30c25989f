"""What every list has: pages, cursors, the inputs of filters and orders."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

import strawberry

from execution.kinds import Cell
from resolvers.filters import MOST_TEXT
from resolvers.listing import Edge, Page, edges_of, totals
from resolvers.page_sql import CURSOR
from resolvers.words import WORDS_OF_A_SEARCH
from schema.enums import words
from schema.fields import batched, computed, object_type, through
from schema.scalars import MinorUnits


class Direction(StrEnum):
    """Which way an order goes."""

    ASC = "ASC"
    DESC = "DESC"


words(Direction, ASC="The least, or the oldest, first.", DESC="The greatest, or the newest, first.")


def _first(page: Page) -> str | None:
    return page.cursor(page.rows[0]) if page.rows else None


def _last(page: Page) -> str | None:
    return page.cursor(page.rows[-1]) if page.rows else None


def _told(name: str, description: str) -> Any:
    return computed(lambda page: getattr(page, name), description=description, cell=Cell(name, attribute=True))


def _cursor(read: Callable[[Page], str | None], description: str) -> Any:
    return computed(read, description=description, cell=Cell(write=read, null=True, needs=(CURSOR,)))


@object_type(description="Where a page stands in its list.")
class PageInfo:
    """Where a page stands in its list."""

    has_next_page: bool = _told("has_next_page", "Whether more comes after this page.")
    has_previous_page: bool = _told("has_previous_page", "Whether something comes before this page.")
    start_cursor: str | None = _cursor(_first, "The cursor of its first row.")
    end_cursor: str | None = _cursor(_last, "The cursor of its last row.")


def page_info() -> Any:
    """A connection's ``pageInfo``."""
    return through("Where the page stands in the list.", Cell(through=True))


def edges() -> Any:
    """A connection's ``edges``."""
    return through("The rows of the page, each with its cursor.", Cell(write=edges_of, through=True))


def nodes() -> Any:
    """A connection's ``nodes``."""
    return through("The rows of the page.", Cell("rows", attribute=True, through=True))


def edge_node() -> Any:
    """An edge's ``node``."""
    return through("The row.", Cell("row", attribute=True, through=True))


def edge_cursor() -> Any:
    """An edge's ``cursor``."""
    meaning = "Where the row stands in the list."
    return computed(_edge_cursor, description=meaning, cell=Cell(write=_edge_cursor, needs=(CURSOR,)))


def _edge_cursor(edge: Edge) -> str:
    return edge.page.cursor(edge.row)


def total_count() -> Any:
    """A connection's ``totalCount``: a statement of its own, only when it is asked for."""
    return batched(totals, description="How many rows the list has in all.")


@strawberry.input(description="Conditions on a text, without regard to case.")
class TextFilter:
    """Conditions on a text."""

    eq: strawberry.Maybe[str] = strawberry.field(description="Is this.")
    in_: strawberry.Maybe[list[str]] = strawberry.field(name="in", description="Is one of these.")
    starts_with: strawberry.Maybe[str] = strawberry.field(description="Begins with this.")


@strawberry.input(description="Conditions on a time.")
class DateTimeFilter:
    """Conditions on a time."""

    eq: strawberry.Maybe[datetime] = strawberry.field(description="Is this, to the millisecond.")
    gt: strawberry.Maybe[datetime] = strawberry.field(description="Is later.")
    gte: strawberry.Maybe[datetime] = strawberry.field(description="Is this or later.")
    lt: strawberry.Maybe[datetime] = strawberry.field(description="Is earlier.")
    lte: strawberry.Maybe[datetime] = strawberry.field(description="Is this or earlier.")
    is_null: strawberry.Maybe[bool] = strawberry.field(description="Has no such time (true), or has one (false).")


@strawberry.input(description="Conditions on a whole number.")
class IntFilter:
    """Conditions on a whole number."""

    eq: strawberry.Maybe[int] = strawberry.field(description="Is this.")
    gt: strawberry.Maybe[int] = strawberry.field(description="Is greater.")
    gte: strawberry.Maybe[int] = strawberry.field(description="Is this or greater.")
    lt: strawberry.Maybe[int] = strawberry.field(description="Is less.")
    lte: strawberry.Maybe[int] = strawberry.field(description="Is this or less.")


@strawberry.input(description="Conditions on an amount of money, in minor units.")
class MinorUnitsFilter:
    """Conditions on an amount of money, in minor units."""

    eq: strawberry.Maybe[MinorUnits] = strawberry.field(description="Is this.")
    gt: strawberry.Maybe[MinorUnits] = strawberry.field(description="Is greater.")
    gte: strawberry.Maybe[MinorUnits] = strawberry.field(description="Is this or greater.")
    lt: strawberry.Maybe[MinorUnits] = strawberry.field(description="Is less.")
    lte: strawberry.Maybe[MinorUnits] = strawberry.field(description="Is this or less.")


@strawberry.input(description="Conditions on an id.")
class IdFilter:
    """Conditions on an id."""

    eq: strawberry.Maybe[strawberry.ID] = strawberry.field(description="Is this.")
    in_: strawberry.Maybe[list[strawberry.ID]] = strawberry.field(name="in", description="Is one of these.")


@strawberry.input(description="Conditions on tags.")
class TagsFilter:
    """Conditions on tags."""

    has: strawberry.Maybe[str] = strawberry.field(description="Has this tag.")
    has_any: strawberry.Maybe[list[str]] = strawberry.field(description="Has one of these tags.")


SEARCH_WORDS = (
    f"Has, for each of these words, a word that begins with it; the first {WORDS_OF_A_SEARCH} words count. At most"
    f" {MOST_TEXT:,} characters."
)
SEARCH = f"{SEARCH_WORDS} A text without a letter or a digit, such as an empty one, is as absent."
AND = "All of these. One without a condition is left out."
OR = (
    "At least one of these; an empty list finds nothing. One without a condition is left out, and so is the whole where"
    " no other is left."
)
NOT = "Not this; a value that is null is not equal to anything. Without a condition it is as absent."
SOME = "At least one is like this; without a condition, there is at least one."
NONE = "None is like this; without a condition, there is none."
