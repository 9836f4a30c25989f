"""Lists: pages of rows by keyset or by number, for one parent or for many in one statement."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from execution import Args
from resolvers.collections.collection import Collection
from resolvers.context import Context, Row
from resolvers.database.sql import Sql
from resolvers.errors import Refusal
from resolvers.lists.count_sql import CountShape, count_sql
from resolvers.lists.cursors import encode_cursor
from resolvers.lists.filters import Shape, parameters, take_apart
from resolvers.lists.page_sql import CURSOR, PageShape, page_sql
from resolvers.lists.shelf import Shelf
from resolvers.lists.windows import Window, cursor_name, signature_of, window_of

S = TypeVar("S", PageShape, CountShape)
# The statements that were composed last. What a shape takes beside its text grows with its parameters.
KEY = 250
STATEMENTS: Shelf[PageShape | CountShape, Sql] = Shelf(8 * 1024 * 1024)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the pages of one field have in common."""

    collection: Collection
    window: Window
    shape: Shape
    values: list[Any]
    column: str | None

    @property
    def whole(self) -> tuple[Any, ...]:
        """What is equal where the pages are of the same rows, whichever of them and in whatever order."""
        values = [tuple(value) if isinstance(value, list) else value for value, _ in self.values]
        return self.collection, self.column, self.shape, tuple(values)


@dataclass(slots=True)
class Page:
    """What a connection is made of."""

    asked: Asked
    parent: UUID | None
    rows: list[Row]
    has_next_page: bool
    has_previous_page: bool

    def cursor(self, row: Row) -> str:
        """The cursor of one of its rows, which was loaded with CURSOR among its columns."""
        asked, terms = self.asked, self.asked.window.terms
        keys = [row[CURSOR]] if len(terms) == 1 else row[CURSOR]
        return encode_cursor(cursor_name(asked.collection, asked.column), signature_of(terms), keys)


@dataclass(slots=True)
class Edge:
    """A row, and the page that it is on."""

    page: Page
    row: Row


def edges_of(page: Page) -> list[Edge]:
    """The rows of a page, each with the page."""
    return [Edge(page, row) for row in page.rows]


async def pages(
    ctx: Context, collection: Collection, args: Args, *, column: str | None = None,
    parents: Sequence[UUID | None] = (None,),
) -> list[Page]:  # fmt: skip
    """Return one page for each parent, by one statement, or none where only its total is read: of the rows that the
    caller sees and whose ``column`` has the parent's id. Raises Refusal BAD_INPUT or INVALID_CURSOR, naming the
    argument."""
    conditions = [part for part in (collection.restriction(ctx.actor.scopes), args.values.get("filter")) if part]
    distinct = list(dict.fromkeys(parents))
    many = len(distinct) > 1
    known = None if conditions else args.kept.get(("pages", many))
    if known is None:
        known = _prepared(ctx, collection, args, column, conditions, many)
        if not conditions:
            args.kept["pages", many] = known
    asked, sql, named = known
    parent = distinct[0]
    rows: list[Row] = []
    if sql is not None:
        rows = await ctx.fetch(sql, offset=asked.window.offset, parents=distinct, parent=parent, **named)
    if not many:
        page = _page(asked, parent, rows)
        return [page for _ in parents]
    grouped: list[list[Row]] = [[] for _ in range(len(distinct) + 1)]
    for row in rows:
        grouped[row[-1]].append(row)
    made = {parent: _page(asked, parent, grouped[nth]) for nth, parent in enumerate(distinct, 1)}
    return [made[parent] for parent in parents]


def _prepared(
    ctx: Context,
    collection: Collection,
    args: Args,
    column: str | None,
    conditions: list[Mapping[str, Any]],
    many: bool,
) -> tuple[Asked, Sql | None, dict[str, Any]]:
    """What is asked, its statement where rows are read, and the values that do not change with the parents."""
    window = window_of(collection, args.values, column)
    shape: Shape = ()
    values: list[Any] = []
    if conditions:
        shape, values = take_apart(collection, conditions, "filter", partial(reach, ctx))
    named, types = parameters(values)
    page = PageShape(
        collection, args.columns, window.terms, window.backwards, window.keys is not None, window.until is not None,
        window.offset is not None, shape, types, column, window.size + 1, many,
    )  # fmt: skip
    sql = _statement(ctx, page_sql, page) if args.columns else None
    named |= {f"k{index}": key for index, key in enumerate(window.keys or ())}
    named |= {f"u{index}": key for index, key in enumerate(window.until or ())}
    return Asked(collection, window, shape, values, column), sql, named


def _statement(ctx: Context, compose: Callable[[S], Sql], asked: S) -> Sql:
    """The statement of a shape, composed or kept."""
    sql = STATEMENTS.get(asked)
    if sql is None:
        sql = compose(asked)
        STATEMENTS.put(asked, sql, len(sql.text) + KEY * (len(sql.names) + 10), ctx.org_id)
    return sql


def _page(asked: Asked, parent: UUID | None, rows: list[Row]) -> Page:
    window = asked.window
    more = len(rows) > window.size
    if more:
        rows = rows[: window.size]
    other = window.keys is not None or bool(window.offset)
    if not window.backwards:
        return Page(asked, parent, rows, more, other)
    rows.reverse()
    return Page(asked, parent, rows, other, more)


def reach(ctx: Context, collection: Collection) -> Mapping[str, Any]:
    """Return the filter of what the caller sees of a collection that a filter leads to. Raises Refusal FORBIDDEN."""
    scope = collection.resource.read_scope
    if not ctx.actor.may(scope):
        message = f"A filter on {collection.name} needs the scope {scope}."
        raise Refusal("FORBIDDEN", message, field="filter", scope=scope)
    return collection.restriction(ctx.actor.scopes)


async def totals(ctx: Context, parents: Sequence[Page], args: Args) -> list[int]:
    """How many rows each connection has in all: one statement for all the pages of the same rows.

    Pages below a fragment that is spread in several places come together, and may be of any lists.
    """
    asked = {id(each.asked): each.asked for each in parents}
    if len(asked) == 1:
        return await _counted(ctx, parents[0].asked, parents)
    alike: dict[Any, list[Page]] = {}
    wholes = {key: one.whole for key, one in asked.items()}
    for page in parents:
        alike.setdefault(wholes[id(page.asked)], []).append(page)
    found: dict[int, int] = {}
    for several in alike.values():
        found |= zip(map(id, several), await _counted(ctx, several[0].asked, several), strict=True)
    return [found[id(page)] for page in parents]


async def _counted(ctx: Context, asked: Asked, of: Sequence[Page]) -> list[int]:
    named, types = parameters(asked.values)
    sql = _statement(ctx, count_sql, CountShape(asked.collection, asked.shape, types, asked.column))
    rows = await ctx.fetch(sql, parents=[each.parent for each in of], **named)
    found = {None if asked.column is None else row["parent_id"]: row["total"] for row in rows}
    return [found.get(each.parent, 0) for each in of]
