"""Lists: pages of rows by keyset or by number, for one parent or for many in one statement."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from execution.batch import Args
from resolvers.context import Context, Row
from resolvers.cursors import encode_cursor
from resolvers.errors import Refusal
from resolvers.filters import Shape, binds, clause_of, parameters, take_apart
from resolvers.sql import Sql, owned, reached, selected, statement
from resolvers.windows import CREATED, Listed, Window, cursor_name, signature_of, window_of

# What hides some rows of a list from some callers, by the list's name: each domain adds its own.
RESTRICTIONS: dict[str, Callable[[Context], Mapping[str, Any]]] = {}


# Asked for as a column: the keys of a row's order, which its cursor holds.
CURSOR = "@cursor"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the pages of one field have in common."""

    listed: Listed
    window: Window
    shape: Shape
    values: list[Any]
    column: str | None


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
        return encode_cursor(cursor_name(asked.listed, asked.column), signature_of(terms), keys)


@dataclass(slots=True)
class Edge:
    """A row, and the page that it is on."""

    page: Page
    row: Row


def edges_of(page: Page) -> list[Edge]:
    """The rows of a page, each with the page."""
    return [Edge(page, row) for row in page.rows]


def _beyond(keys: list[tuple[Any, Any, bool]]) -> Any:
    """Rows after a row: expressions, its values, and whether each is greater. One direction is one row comparison."""
    if len({up for _, _, up in keys}) == 1:
        left, right = sa.tuple_(*[key for key, _, _ in keys]), sa.tuple_(*[value for _, value, _ in keys])
        return left > right if keys[0][2] else left < right
    clauses = []
    for index, (key, value, up) in enumerate(keys):
        same = [earlier == its for earlier, its, _ in keys[:index]]
        clauses.append(sa.and_(*same, key > value if up else key < value))
    return sa.or_(*clauses)


def _bound(name: str, keys: Sequence[Any], ways: Sequence[bool]) -> list[tuple[Any, Any, bool]]:
    """The keys of an order, each with the parameter that holds a row's."""
    values = [sa.bindparam(f"{name}{index}", type_=key.type) for index, key in enumerate(keys)]
    return list(zip(keys, values, ways, strict=True))


@statement
def _page_sql(
    listed: Listed,
    columns: tuple[str, ...],
    terms: tuple[tuple[str, bool], ...],
    backwards: bool,
    after: bool,
    until: bool,
    numbered: bool,
    shape: Shape,
    types: tuple[str, ...],
    column: str | None,
    size: int,
    many: bool,
) -> sa.Select[Any]:
    table = listed.table
    keys = [
        (listed.orders[name] if name else CREATED).expression(table, descending=descending)
        for name, descending in terms
    ]
    places = {CURSOR: (keys[0] if len(keys) == 1 else sa.func.row(*keys)).label(CURSOR)}
    query = selected(table, _own(columns) if many else columns, places)
    if listed.always is not None:
        query = query.where(listed.always(table))
    if shape:
        query = query.where(clause_of(listed.name, table, shape, binds(types)))
    ways = [descending == backwards for _, descending in terms]
    if after:
        query = query.where(_beyond(_bound("k", keys, ways)))
    if until:
        query = query.where(_beyond(_bound("u", keys, [not up for up in ways])))
    query = query.order_by(*[key.asc() if up else key.desc() for key, up in zip(keys, ways, strict=True)])
    # Its size is part of the text, and one parent is not a list of one: PostgreSQL then sees that the plan is the same
    # for all values, and keeps it. It would plan anew each time, which takes longer than to run it.
    query = query.limit(sa.literal_column(str(size)))
    if numbered:
        query = query.offset(sa.bindparam("offset", type_=sa.Integer))
    # The last column is the loader's own: which of the parents the row belongs to.
    if not many:
        if column is not None:
            query = query.where(table.c[column] == sa.bindparam("parent", type_=sa.Uuid))
        return query.add_columns(sa.literal_column("1").label("nth"))
    assert column is not None, "many parents are told apart by a column"
    given = sa.func.unnest(sa.bindparam("parents", type_=pg.ARRAY(sa.Uuid)))
    parents = given.table_valued(sa.column("parent", sa.Uuid), with_ordinality="nth", name="parents").render_derived()
    order = [key.label(f"order_{index}") for index, key in enumerate(keys)]
    inner = query.add_columns(*order).where(table.c[column] == parents.c.parent).lateral("inner_rows")
    # What the rows refer to is joined to the pages, not to all the rows that they were picked from.
    joined, shown = reached(parents.join(inner, sa.true()), table, inner.c, columns, {CURSOR: inner.c.get(CURSOR)})
    made = sa.select(*shown, parents.c.nth).select_from(joined)
    if _own(columns) == columns:
        return made
    again = [
        inner.c[each.name].asc() if up else inner.c[each.name].desc() for each, up in zip(order, ways, strict=True)
    ]
    return made.order_by(parents.c.nth, *again)


def _own(columns: tuple[str, ...]) -> tuple[str, ...]:
    """The columns of a table's own rows, among them those that lead to other rows."""
    return tuple(dict.fromkeys(name.partition(".")[0] for name in columns))


async def pages(
    ctx: Context, listed: Listed, args: Args, *, column: str | None = None, parents: Sequence[UUID | None] = (None,),
    restrict: Mapping[str, Any] | None = None,
) -> list[Page]:  # fmt: skip
    """One page for each parent, by one statement. ``column`` holds the parent's id; ``restrict`` is a filter that the
    caller cannot undo. Raises Refusal BAD_INPUT or INVALID_CURSOR, naming the argument."""
    conditions = [part for part in (restrict, args.values.get("filter")) if part]
    distinct = list(dict.fromkeys(parents))
    many = len(distinct) > 1
    known = None if conditions else args.kept.get(("pages", many))
    if known is None:
        known = _prepared(ctx, listed, args, column, conditions, many)
        if not conditions:
            args.kept["pages", many] = known
    asked, sql, named = known
    parent = distinct[0]
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
    ctx: Context, listed: Listed, args: Args, column: str | None, conditions: list[Mapping[str, Any]], many: bool
) -> tuple[Asked, Sql, dict[str, Any]]:
    """What is asked, its statement, and the values that do not change with the parents."""
    window = window_of(listed, args.values, column)
    shape: Shape = ()
    values: list[Any] = []
    if conditions:
        shape, values = take_apart(listed.name, {"and_": conditions}, "filter", partial(reach, ctx))
    named, types = parameters(values)
    sql = _page_sql(
        listed, args.columns, window.terms, window.backwards, window.keys is not None, window.until is not None,
        window.offset is not None, shape, types, column, window.size + 1, many,
    )  # fmt: skip
    named |= {f"k{index}": key for index, key in enumerate(window.keys or ())}
    named |= {f"u{index}": key for index, key in enumerate(window.until or ())}
    return Asked(listed, window, shape, values, column), sql, named


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


def reach(ctx: Context, name: str) -> Mapping[str, Any]:
    """What the caller may see of a list that a filter leads to. Raises Refusal FORBIDDEN where it may see nothing."""
    scope = f"{name}:read"
    if not ctx.actor.may(scope):
        raise Refusal("FORBIDDEN", f"A filter on {name} needs the scope {scope}.", field="filter", scope=scope)
    return RESTRICTIONS[name](ctx) if name in RESTRICTIONS else {}


@statement
def _count_sql(listed: Listed, shape: Shape, types: tuple[str, ...], column: str | None) -> sa.Select[Any]:
    table = listed.table
    shown = [sa.func.count().label("total")] + ([] if column is None else [table.c[column].label("parent_id")])
    query = owned(table, *shown)
    if listed.always is not None:
        query = query.where(listed.always(table))
    if shape:
        query = query.where(clause_of(listed.name, table, shape, binds(types)))
    if column is None:
        return query
    mine = table.c[column] == sa.any_(sa.bindparam("parents", type_=pg.ARRAY(sa.Uuid)))
    return query.where(mine).group_by(table.c[column])


async def totals(ctx: Context, parents: Sequence[Page], args: Args) -> list[int]:
    """How many rows each connection has in all: one statement for the pages of one field."""
    asked = parents[0].asked
    named, types = parameters(asked.values)
    sql = _count_sql(asked.listed, asked.shape, types, asked.column)
    rows = await ctx.fetch(sql, parents=[each.parent for each in parents], **named)
    found = {None if asked.column is None else row["parent_id"]: row["total"] for row in rows}
    return [found.get(each.parent, 0) for each in parents]
