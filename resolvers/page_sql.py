"""The SQL of pages: one statement for a page, or for a page of each of many parents."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from resolvers.filter_sql import Column, Node, bound, candidates, clause
from resolvers.filters import Shape, binds
from resolvers.sql import ORG, reached, statement
from resolvers.windows import CREATED, Listed

# Asked for as a column: the keys of a row's order, which its cursor holds.
CURSOR = "@cursor"


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


@dataclass(frozen=True, slots=True)
class _Order:
    """The keys of a list's order over its table: expressions, and whether each ascends."""

    keys: list[Any]
    ascends: list[bool]

    def over(self, columns: Any) -> list[Any]:
        """The order of a subquery that has the keys as ``order_0``, ``order_1``, …"""
        return _directed([columns[f"order_{index}"] for index in range(len(self.keys))], self.ascends)

    def bound(self, name: str, ascends: list[bool]) -> list[tuple[Any, Any, bool]]:
        """The keys, each with the parameter that holds a row's, and whether what is beyond it is greater."""
        values = [sa.bindparam(f"{name}{index}", type_=key.type) for index, key in enumerate(self.keys)]
        return list(zip(self.keys, values, ascends, strict=True))

    def labelled(self) -> list[Any]:
        """The keys as columns for ``over``."""
        return [key.label(f"order_{index}") for index, key in enumerate(self.keys)]


def _directed(keys: list[Any], ascends: list[bool]) -> list[Any]:
    return [key.asc() if up else key.desc() for key, up in zip(keys, ascends, strict=True)]


def _order(listed: Listed, table: Any, terms: tuple[tuple[str, bool], ...], backwards: bool) -> _Order:
    orders = [(listed.orders[name] if name else CREATED, descending) for name, descending in terms]
    keys = [key.expression(table, descending=descending) for key, descending in orders]
    return _Order(keys, [descending == backwards for _, descending in terms])


@statement
def page_sql(
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
    node = bound(listed.name, shape, binds(types)) if shape else None
    wanted = _own(columns) if many else columns
    parents = _PARENTS if many else None

    def window(query: sa.Select[Any], source: Any, order: _Order) -> sa.Select[Any]:
        """The rows of the page among those of a query over a source."""
        if listed.always is not None:
            query = query.where(listed.always(source))
        if node is not None:
            query = query.where(clause(node, source, each=True))
        if after:
            query = query.where(_beyond(order.bound("k", order.ascends)))
        if until:
            query = query.where(_beyond(order.bound("u", [not up for up in order.ascends])))
        # Its size is part of the text: PostgreSQL then sees that the plan is the same for all values, and keeps it. It
        # would plan anew each time, which takes longer than to run it.
        query = query.order_by(*_directed(order.keys, order.ascends)).limit(sa.literal_column(str(size)))
        return query.offset(sa.bindparam("offset", type_=sa.Integer)) if numbered else query

    few = None if node is None or many or _served(table, node, terms) else candidates(node, table)
    if few is not None:
        return _looked_up(listed, columns, column, window, few, terms, backwards)
    source = _source(table, column, terms, parents)
    order = _order(listed, source, terms, backwards)
    keys = order.keys
    cursor = (keys[0] if len(keys) == 1 else sa.func.row(*keys)).label(CURSOR)
    joined, shown = reached(source, table, source.c, wanted, {CURSOR: cursor})
    query = sa.select(*(shown or [source.c.id])).select_from(joined)
    if source is table:
        query = query.where(*_mine(table, column, parents))
    query = window(query, source, order)
    # The last column is the loader's own: which of the parents the row belongs to.
    if parents is None:
        return query.add_columns(sa.literal_column("1").label("nth"))
    inner = query.add_columns(*order.labelled()).lateral("inner_rows")
    # What the rows refer to is joined to the pages, not to all the rows that they were picked from.
    joined, shown = reached(parents.join(inner, sa.true()), table, inner.c, columns, {CURSOR: inner.c.get(CURSOR)})
    made = sa.select(*shown, parents.c.nth).select_from(joined)
    return made if wanted == columns else made.order_by(parents.c.nth, *order.over(inner.c))


_PARENTS = (
    sa.func.unnest(sa.bindparam("parents", type_=pg.ARRAY(sa.Uuid)))
    .table_valued(sa.column("parent", sa.Uuid), with_ordinality="nth", name="parents")
    .render_derived()
)


def _mine(table: sa.Table, column: str | None, parents: Any) -> list[Any]:
    """The organization's rows; with a column, those of one parent, or of the parent in hand."""
    owner = table.c.org_id == ORG
    if column is None:
        return [owner]
    # One parent is not a list of one, for PostgreSQL's sake too.
    parent = sa.bindparam("parent", type_=sa.Uuid) if parents is None else parents.c.parent
    return [owner, table.c[column] == parent]


def _source(table: sa.Table, column: str | None, terms: tuple[tuple[str, bool], ...], parents: Any) -> Any:
    """What a page is taken from: the table, or a parent's rows where no index has them in the order that is asked."""
    if column is None or len(terms) == 1:
        return table
    # The offset keeps PostgreSQL from reading all rows in that order to find the parent's among them.
    mine = sa.select(table).where(*_mine(table, column, parents)).offset(sa.literal_column("0"))
    return (mine if parents is None else mine.correlate(parents)).subquery()


def _served(table: sa.Table, node: Node, terms: tuple[tuple[str, bool], ...]) -> bool:
    """Whether one index has both a filter and the order: an equal column, then the id."""
    if not isinstance(node, Column) or node.op is not node.condition.ops.get("eq") or len(terms) > 1:
        return False
    wanted = ["org_id", node.condition.column, "id"]
    return any([column.name for column in index.columns] == wanted for index in table.indexes)


def _looked_up(
    listed: Listed,
    columns: tuple[str, ...],
    column: str | None,
    window: Callable[[sa.Select[Any], Any, _Order], sa.Select[Any]],
    few: Any,
    terms: tuple[tuple[str, bool], ...],
    backwards: bool,
) -> sa.Select[Any]:
    """A page of the filter's candidates where they are few; else of the rows in their order, each checked by itself."""
    table = listed.table
    found = sa.select(few.label("ids")).cte("candidates").prefix_with("materialized")
    ids = sa.select(found.c.ids).scalar_subquery()
    known = table.c.id == sa.any_(sa.cast(ids, pg.ARRAY(sa.Uuid)))
    # The offset keeps PostgreSQL from reading the candidates in the page's order, which is all rows.
    some = sa.select(table).where(*_mine(table, column, None), known).offset(sa.literal_column("0")).subquery()
    of_few = _order(listed, some, terms, backwards)
    first = window(sa.select(some.c.id, *of_few.labelled()), some, of_few)
    source = _source(table, column, terms, None)
    of_all = _order(listed, source, terms, backwards)
    every = sa.select(source.c.id, *of_all.labelled()).where(ids.is_(None))
    second = window(every.where(*_mine(table, column, None)) if source is table else every, source, of_all)
    page = sa.union_all(first.subquery().select(), second.subquery().select()).subquery("page")
    keys = [page.c[f"order_{index}"] for index in range(len(terms))]
    cursor = (keys[0] if len(keys) == 1 else sa.func.row(*keys)).label(CURSOR)
    start = page.join(table, sa.and_(table.c.org_id == ORG, table.c.id == page.c.id))
    joined, shown = reached(start, table, table.c, columns, {CURSOR: cursor})
    made = sa.select(*(shown or [table.c.id]), sa.literal_column("1").label("nth")).select_from(joined)
    return made.order_by(*of_all.over(page.c))


def _own(columns: tuple[str, ...]) -> tuple[str, ...]:
    """The columns of a table's own rows, among them those that lead to other rows."""
    return tuple(dict.fromkeys(name.partition(".")[0] for name in columns))
