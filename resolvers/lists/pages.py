"""Pages of lists, by keyset or by number: of one parent, or of many parents by one statement."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from execution import Args
from resolvers.collections.collection import Collection
from resolvers.context import Context, Row
from resolvers.database.sized_cache import SizedCache
from resolvers.database.sql import Sql
from resolvers.errors import Refusal, both, too_many_checked
from resolvers.lists.count_sql import CountShape, count_sql
from resolvers.lists.cursors import encode_cursor
from resolvers.lists.filters import FilterShape, parameters, split
from resolvers.lists.operators import Value
from resolvers.lists.page_parts import PageShape
from resolvers.lists.page_sql import page_sql
from resolvers.lists.page_window import Window, cursor_name, signature_of, window_of
from resolvers.lists.selected_columns import CURSOR

S = TypeVar("S", PageShape, CountShape)
# The statements of shapes, as composed. Beside its text a statement takes so many bytes for each parameter.
BYTES_OF_PARAMETER = 250
STATEMENTS: SizedCache[PageShape | CountShape, Sql] = SizedCache(8 * 1024 * 1024)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What all pages of one field have in common."""

    collection: Collection
    window: Window
    shape: FilterShape
    values: list[Any]
    column: str | None

    @property
    def list_key(self) -> tuple[Any, ...]:
        """Return what identifies the whole list, whichever of its pages is asked for and in whatever order."""
        values = [tuple(value) if isinstance(value, list) else value for value, _ in self.values]
        return self.collection, self.column, self.shape, tuple(values)


@dataclass(slots=True)
class Page:
    """A page of rows, which a connection is made of."""

    request: PageRequest
    parent: UUID | None
    rows: list[Row]
    has_next_page: bool
    has_previous_page: bool

    def cursor(self, row: Row) -> str:
        """Return the cursor of one of its rows, which were loaded with ``CURSOR`` among their columns."""
        request, terms = self.request, self.request.window.terms
        # In the order of ids alone the key is one, and is not selected twice.
        keys = row[CURSOR] if len(terms) > 1 else [row["id"] if row[CURSOR] is None else row[CURSOR]]
        return encode_cursor(cursor_name(request.collection, request.column), signature_of(terms), keys)


@dataclass(slots=True)
class Edge:
    """A row, and the page that it is on."""

    page: Page
    row: Row


def edges_of(page: Page) -> list[Edge]:
    """Return the edges of a page."""
    return [Edge(page, row) for row in page.rows]


async def pages(
    ctx: Context, collection: Collection, args: Args, *, column: str | None = None,
    parents: Sequence[UUID | None] = (None,),
) -> list[Page]:  # fmt: skip
    """Return one page for each parent: of the rows that the caller sees and whose ``column`` has the parent's id.

    It takes one statement, or none if only the total is read. Raises Refusals BAD_INPUT and INVALID_CURSOR, which name
    the arguments, or Refusal QUERY_TOO_SLOW for a filter whose matches are too far apart in the page's order.
    """
    seen = collection.restriction(ctx.actor.scopes, ctx.actor.client)
    unfiltered = not seen and not args.values.get("filter")
    distinct = list(dict.fromkeys(parents))
    many = len(distinct) > 1
    prepared = args.cache.get(("pages", many)) if unfiltered else None
    if prepared is None:
        prepared = _prepared(ctx, collection, args, column, seen, many)
        if unfiltered:
            args.cache["pages", many] = prepared
    request, sql, values_by_name = prepared
    parent = distinct[0]
    rows: list[Row] = []
    if sql is not None:
        rows = await ctx.fetch(sql, offset=request.window.offset, parents=distinct, parent=parent, **values_by_name)
        if rows and rows[-1][-1] == 0:
            raise too_many_checked()
    if not many:
        page = _page(request, parent, rows)
        return [page for _ in parents]
    grouped: list[list[Row]] = [[] for _ in range(len(distinct) + 1)]
    for row in rows:
        grouped[row[-1]].append(row)
    made = {parent: _page(request, parent, grouped[nth]) for nth, parent in enumerate(distinct, 1)}
    return [made[parent] for parent in parents]


def _prepared(
    ctx: Context,
    collection: Collection,
    args: Args,
    column: str | None,
    seen: Mapping[str, Any],
    many: bool,
) -> tuple[PageRequest, Sql | None, dict[str, Any]]:
    """Return the request, its statement (None if no rows are read), and the values that do not depend on the
    parents."""
    window, (shape, values) = both(
        lambda: window_of(collection, args.values, column), lambda: _filter_of(ctx, collection, seen, args)
    )
    values_by_name, types = parameters(values)
    page = PageShape(
        collection, args.columns, window.terms, window.backwards, window.keys is not None, window.until is not None,
        window.offset is not None, shape, types, column, window.size + 1, many,
    )  # fmt: skip
    sql = _statement(ctx, page_sql, page) if args.columns else None
    values_by_name |= {f"k{index}": key for index, key in enumerate(window.keys or ())}
    values_by_name |= {f"u{index}": key for index, key in enumerate(window.until or ())}
    return PageRequest(collection, window, shape, values, column), sql, values_by_name


def _filter_of(
    ctx: Context, collection: Collection, seen: Mapping[str, Any], args: Args
) -> tuple[FilterShape, list[Value]]:
    """Return the shape and the values of what is seen and asked for."""
    asked = args.values.get("filter")
    if not seen and not asked:
        return (), []
    return split(collection, seen, asked, "filter", partial(restriction_of, ctx))


def _statement(ctx: Context, compose: Callable[[S], Sql], shape: S) -> Sql:
    """Return the statement of a shape, from the cache if it is there."""
    sql = STATEMENTS.get(shape)
    if sql is None:
        sql = compose(shape)
        STATEMENTS.put(shape, sql, len(sql.text) + BYTES_OF_PARAMETER * (len(sql.names) + 10), ctx.org_id)
    return sql


def _page(request: PageRequest, parent: UUID | None, rows: list[Row]) -> Page:
    window = request.window
    more = len(rows) > window.size
    if more:
        rows = rows[: window.size]
    other = window.keys is not None or bool(window.offset)
    # The row that bounds the page at its far end is beyond it.
    more = more or window.until is not None
    if not window.backwards:
        return Page(request, parent, rows, more, other)
    rows.reverse()
    return Page(request, parent, rows, other, more)


def restriction_of(ctx: Context, collection: Collection) -> Mapping[str, Any]:
    """Return the filter for what the caller sees of a collection that a filter refers to. Raises Refusal FORBIDDEN."""
    scope = collection.resource.read_scope
    if not ctx.actor.may(scope):
        message = f"A filter on {collection.name} needs the scope {scope}."
        raise Refusal("FORBIDDEN", message, field="filter", scope=scope)
    return collection.restriction(ctx.actor.scopes, ctx.actor.client)


async def totals(ctx: Context, parents: Sequence[Page], args: Args) -> list[int]:
    """Return the total number of rows of each page's list, by one statement for all pages of one list.

    The pages may belong to different lists: a fragment that is spread in several places is resolved for all of them.
    """
    requests = {id(each.request): each.request for each in parents}
    if len(requests) == 1:
        return await _counts(ctx, parents[0].request, parents)
    alike: dict[Any, list[Page]] = {}
    keys = {key: one.list_key for key, one in requests.items()}
    for page in parents:
        alike.setdefault(keys[id(page.request)], []).append(page)
    found: dict[int, int] = {}
    for several in alike.values():
        found |= zip(map(id, several), await _counts(ctx, several[0].request, several), strict=True)
    return [found[id(page)] for page in parents]


async def _counts(ctx: Context, request: PageRequest, of: Sequence[Page]) -> list[int]:
    values_by_name, types = parameters(request.values)
    sql = _statement(ctx, count_sql, CountShape(request.collection, request.shape, types, request.column))
    rows = await ctx.fetch(sql, parents=[each.parent for each in of], **values_by_name)
    found = {None if request.column is None else row[request.column]: row["count"] for row in rows}
    return [found.get(each.parent, 0) for each in of]


async def groups(
    ctx: Context, collection: Collection, args: Args, by: tuple[str, ...], sums: tuple[str, ...] = ()
) -> list[Row]:
    """Return the groups of the rows that the caller sees and a filter matches: the columns ``by``, the ``count`` of
    rows and the ``sums`` of columns.

    Raises Refusal BAD_INPUT, or FORBIDDEN where the filter leads to what the caller may not see.
    """
    seen = collection.restriction(ctx.actor.scopes, ctx.actor.client)
    shape, values = _filter_of(ctx, collection, seen, args)
    values_by_name, types = parameters(values)
    sql = _statement(ctx, count_sql, CountShape(collection, shape, types, None, by, sums))
    return await ctx.fetch(sql, **values_by_name)
