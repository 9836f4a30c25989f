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
from resolvers.sql import owned, statement
from resolvers.windows import CREATED, Listed, Window, cursor_name, signature_of, window_of

# What hides some rows of a list from some callers, by the list's name: each domain adds its own.
RESTRICTIONS: dict[str, Callable[[Context], Mapping[str, Any]]] = {}


@dataclass(slots=True)
class Page:
    """What a connection is made of: rows with their keys, and what is needed to count them all."""

    listed: Listed
    rows: list[Row]
    has_next_page: bool
    has_previous_page: bool
    order: str
    key_count: int
    shape: Shape
    values: list[Any]
    column: str | None
    parent: UUID | None

    def cursor(self, row: Row) -> str:
        """The cursor of one of its rows."""
        return encode_cursor(
            cursor_name(self.listed, self.column), self.order, [row[f"key_{index}"] for index in range(self.key_count)]
        )


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


@statement
def _page_sql(
    listed: Listed,
    columns: tuple[str, ...],
    terms: tuple[tuple[str, bool], ...],
    backwards: bool,
    after: bool,
    numbered: bool,
    shape: Shape,
    types: tuple[str, ...],
    column: str | None,
) -> sa.Select[Any]:
    table = listed.table
    keys = [
        (listed.orders[name] if name else CREATED).expression(table, descending=descending)
        for name, descending in terms
    ]
    shown = [table.c[name] for name in columns]
    query = owned(table, *shown, *[key.label(f"key_{index}") for index, key in enumerate(keys)])
    if listed.always is not None:
        query = query.where(listed.always(table))
    if shape:
        query = query.where(clause_of(listed.name, table, shape, binds(types)))
    ways = [descending == backwards for _, descending in terms]
    if after:
        values = [sa.bindparam(f"k{index}", type_=key.type) for index, key in enumerate(keys)]
        query = query.where(_beyond(list(zip(keys, values, ways, strict=True))))
    query = query.order_by(*[key.asc() if up else key.desc() for key, up in zip(keys, ways, strict=True)])
    query = query.limit(sa.bindparam("size", type_=sa.Integer))
    if numbered:
        query = query.offset(sa.bindparam("offset", type_=sa.Integer))
    if column is None:
        return query
    given = sa.func.unnest(sa.bindparam("parents", type_=pg.ARRAY(sa.Uuid)))
    parents = given.table_valued(sa.column("parent", sa.Uuid), name="parents").render_derived()
    inner = query.where(table.c[column] == parents.c.parent).lateral("inner_rows")
    return sa.select(parents.c.parent.label("parent_id"), inner).select_from(parents.join(inner, sa.true()))


async def pages(
    ctx: Context, listed: Listed, args: Args, *, column: str | None = None, parents: Sequence[UUID | None] = (None,),
    restrict: Mapping[str, Any] | None = None,
) -> list[Page]:  # fmt: skip
    """One page for each parent, by one statement. ``column`` holds the parent's id; ``restrict`` is a filter that the
    caller cannot undo. Raises Refusal BAD_INPUT or INVALID_CURSOR, naming the argument."""
    window = window_of(listed, args.values, column)
    asked = [part for part in (restrict, args.values.get("filter")) if part]
    shape, values = take_apart(listed.name, {"and_": asked}, "filter", partial(reach, ctx)) if asked else ((), [])
    named, types = parameters(values)
    sql = _page_sql(
        listed, args.columns, window.terms, window.backwards, window.keys is not None, window.offset is not None,
        shape, types, column,
    )  # fmt: skip
    named |= {f"k{index}": key for index, key in enumerate(window.keys or ())}
    distinct = list(dict.fromkeys(parents))
    rows = await ctx.fetch(sql, size=window.size + 1, offset=window.offset, parents=distinct, **named)
    grouped: dict[Any, list[Row]] = {parent: [] for parent in distinct}
    for row in rows:
        grouped[None if column is None else row["parent_id"]].append(row)
    made = {parent: _page(listed, window, found, shape, values, column, parent) for parent, found in grouped.items()}
    return [made[parent] for parent in parents]


def _page(
    listed: Listed, window: Window, rows: list[Row], shape: Shape, values: list[Any], column: str | None, parent: Any
) -> Page:
    more, rows = len(rows) > window.size, rows[: window.size]
    if window.backwards:
        rows.reverse()
    other = window.keys is not None or bool(window.offset)
    return Page(
        listed,
        rows,
        has_next_page=other if window.backwards else more,
        has_previous_page=more if window.backwards else other,
        order=signature_of(window.terms),
        key_count=len(window.terms),
        shape=shape,
        values=values,
        column=column,
        parent=parent,
    )


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
    page = parents[0]
    named, types = parameters(page.values)
    sql = _count_sql(page.listed, page.shape, types, page.column)
    rows = await ctx.fetch(sql, parents=[each.parent for each in parents], **named)
    found = {None if page.column is None else row["parent_id"]: row["total"] for row in rows}
    return [found.get(each.parent, 0) for each in parents]
