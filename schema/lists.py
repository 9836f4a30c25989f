"""What every list has: pages, cursors, the inputs of filters and orders."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import strawberry

from resolvers.listing import Page, totals
from schema.enums import words
from schema.fields import batched, object_type, through
from schema.scalars import MinorUnits


class Direction(StrEnum):
    """Which way an order goes."""

    ASC = "ASC"
    DESC = "DESC"


words(Direction, ASC="The least, or the oldest, first.", DESC="The greatest, or the newest, first.")


@object_type(description="Where a page stands in its list.")
class PageInfo:
    """Where a page stands in its list."""

    has_next_page: bool = strawberry.field(description="Whether more comes after this page.")
    has_previous_page: bool = strawberry.field(description="Whether something comes before this page.")
    start_cursor: str | None = strawberry.field(description="The cursor of its first row.")
    end_cursor: str | None = strawberry.field(description="The cursor of its last row.")


def _page_info(page: Page) -> PageInfo:
    first, last = (page.cursor(page.rows[0]), page.cursor(page.rows[-1])) if page.rows else (None, None)
    return PageInfo(
        has_next_page=page.has_next_page, has_previous_page=page.has_previous_page, start_cursor=first, end_cursor=last
    )


def page_info() -> Any:
    """A connection's ``pageInfo``."""

    def resolver(root: Any) -> Any:
        return _page_info(root)

    return strawberry.field(resolver=resolver, description="Where the page stands in the list.", metadata={"needs": ()})


def edges() -> Any:
    """A connection's ``edges``."""
    return through(
        "The rows of the page, each with its cursor.",
        lambda page: [{"node": row, "cursor": page.cursor(row)} for row in page.rows],
    )


def nodes() -> Any:
    """A connection's ``nodes``."""
    return through("The rows of the page.", lambda page: page.rows)


def edge_node() -> Any:
    """An edge's ``node``."""
    return through("The row.", lambda edge: edge["node"])


def edge_cursor() -> Any:
    """An edge's ``cursor``."""
    return strawberry.field(
        resolver=_edge_cursor, description="Where the row stands in the list.", metadata={"needs": ()}
    )


def _edge_cursor(root: Any) -> Any:
    return root["cursor"]


def total_count() -> Any:
    """A connection's ``totalCount``: a statement of its own, only when it is asked for."""
    return batched(totals, description="How many rows the list has in all.")


@strawberry.input(description="Conditions on a text, without regard to case.")
class TextFilter:
    """Conditions on a text."""

    eq: strawberry.Maybe[str] = strawberry.field(description="Is this.")
    starts_with: strawberry.Maybe[str] = strawberry.field(description="Begins with this.")


@strawberry.input(description="Conditions on a time.")
class DateTimeFilter:
    """Conditions on a time."""

    eq: strawberry.Maybe[datetime] = strawberry.field(description="Is this, to the millisecond.")
    gt: strawberry.Maybe[datetime] = strawberry.field(description="Is later.")
    gte: strawberry.Maybe[datetime] = strawberry.field(description="Is this or later.")
    lt: strawberry.Maybe[datetime] = strawberry.field(description="Is earlier.")
    lte: strawberry.Maybe[datetime] = strawberry.field(description="Is this or earlier.")


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


SEARCH = "Has, for each of these words, a word that begins with it."
AND, OR, NOT = "All of these.", "At least one of these.", "Not this."
