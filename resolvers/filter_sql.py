"""The SQL of filters: conditions on a list's rows, and the few rows that a filter can match at all.

PostgreSQL's choice of a plan depends on statistics, which a table has only some time after an import. So a page of a
filtered list is asked for in a form that leaves no choice: where an index finds at most ``MOST`` candidates, those are
looked at; where there are more, the rows are read in the page's order until it is full, and each is checked by itself.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.lookups import search_words
from resolvers.conditions import Condition, Op
from resolvers.filters import FILTERS, Filters, Relation, Shape
from resolvers.sql import ORG

# With more candidates than this, so many of a million rows match that a page is full after some ten thousand.
MOST = 5_000
# Where a row can be checked by its own columns, ten times as many are read in the same time.
MOST_OF_COLUMNS = 1_000
Table = Any  # a table, an alias of one, or a subquery with its columns
Ids = sa.ColumnElement[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A condition on a column of the row."""

    condition: Condition
    op: Op
    params: list[Any]


@dataclass(frozen=True, slots=True, eq=False)
class _Lookup:
    """A condition on rows of a lookup table: search words, or tags."""

    table: sa.Table
    kind: str | None
    match: Callable[[Table], Any]


@dataclass(frozen=True, slots=True, eq=False)
class _Related:
    """A filter on a related row; ``none``: no related row may match."""

    relation: Relation
    table: sa.Table
    node: "Node"
    none: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _All:
    parts: "list[Node]"


@dataclass(frozen=True, slots=True, eq=False)
class _Any:
    parts: "list[Node]"


@dataclass(frozen=True, slots=True, eq=False)
class _Not:
    part: "Node"


Node = Column | _Lookup | _Related | _All | _Any | _Not


def bound(listed: str, shape: Shape, given: Iterator[Any]) -> Node:
    """A filter's shape with its parameters, which are taken in the order of its values."""
    return _bound(FILTERS[listed], shape, given)


def _bound(filters: Filters, shape: Shape, given: Iterator[Any]) -> Node:
    parts: list[Node] = []
    for name, rest in shape:
        if name == "and_":
            parts += [_bound(filters, sub, given) for sub in rest]
        elif name == "or_":
            parts.append(_Any([_bound(filters, sub, given) for sub in rest]))
        elif name == "not_":
            parts.append(_Not(_bound(filters, rest, given)))
        elif name == "search":
            parts += [_word(filters, next(given), next(given)) for _ in range(rest)]
        else:
            parts += _field(filters.fields[name], rest, given)
    return parts[0] if len(parts) == 1 else _All(parts)


def _word(filters: Filters, low: Any, high: Any) -> Node:
    return _Lookup(search_words, filters.kind, lambda use: sa.and_(use.c.word >= low, use.c.word < high))


def _field(asked: Condition | Relation, rest: Any, given: Iterator[Any]) -> Iterator[Node]:
    if isinstance(asked, Relation):
        inner = FILTERS[asked.listed]
        for how, sub in rest if asked.many else [("some", rest)]:
            yield _Related(asked, inner.table, _bound(inner, sub, given), none=how == "none")
        return
    for name in rest:
        op = asked.ops[name]
        params = [next(given) for _ in range(op.count)]
        if asked.lookup is None:
            yield Column(asked, op, params)
        else:
            yield _lookup(asked, op, params)


def _lookup(asked: Condition, op: Op, params: list[Any]) -> Node:
    assert asked.lookup is not None, "only a condition on a lookup table comes here"
    table, kind = asked.lookup
    return _Lookup(table, kind, lambda use: op.clause(use.c[asked.column], params))


def clause(node: Node, table: Table, *, each: bool) -> Any:
    """The condition over a table. ``each``: related rows are looked up for each row by itself, in no other way."""
    match node:
        case Column():
            return node.op.clause(table.c[node.condition.column], node.params)
        case _Lookup():
            use = node.table.alias()
            mine = (use.c.org_id == ORG, use.c.kind == node.kind, use.c.subject_id == table.c.id)
            return _exists(use, (*mine, node.match(use)), each=each)
        case _Related():
            found = _related(node, table, each=each)
            return sa.not_(found) if node.none else found
        case _All():
            return sa.and_(sa.true(), *[clause(part, table, each=each) for part in node.parts])
        case _Any():
            return sa.or_(sa.false(), *[clause(part, table, each=each) for part in node.parts])
        case _Not():
            # A null is not equal to anything, so it is among what `not` leaves.
            return clause(node.part, table, each=each).is_not(sa.true())


def _exists(source: Any, where: tuple[Any, ...], *, each: bool) -> Any:
    query: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(source).where(*where)
    return (query.offset(sa.literal_column("0")) if each else query).exists()


def _related(node: _Related, table: Table, *, each: bool) -> Any:
    other = node.table.alias()
    joined = (other.c.org_id == ORG, other.c[node.relation.there] == table.c[node.relation.here])
    if not each:
        return _exists(other, (*joined, clause(node.node, other, each=each)), each=each)
    # The offset keeps PostgreSQL from looking for the condition first, and from turning it into a join.
    mine = sa.select(other).where(*joined).offset(sa.literal_column("0")).correlate(table).subquery()
    return _exists(mine, (clause(node.node, mine, each=each),), each=each)


def candidates(node: Node, table: sa.Table) -> Ids | None:
    """An array with the ids of all rows that a filter can match, null where they are too many.

    None where no index finds them. Some of them may not match.
    """
    return _Finder(MOST if _looks_elsewhere(node) else MOST_OF_COLUMNS).ids(node, table, "id")


def _looks_elsewhere(node: Node) -> bool:
    """Whether a row cannot be checked by its own columns alone."""
    match node:
        case Column():
            return False
        case _All() | _Any():
            return any(_looks_elsewhere(part) for part in node.parts)
        case _Not():
            return _looks_elsewhere(node.part)
        case _:
            return True


_IDS = pg.ARRAY(sa.Uuid)


@dataclass(frozen=True, slots=True)
class _Finder:
    """Composes arrays of candidates, each of at most ``most``; null stands for more."""

    most: int

    def ids(self, node: Node, table: sa.Table, wanted: str) -> Ids | None:
        """The wanted column of the rows of a table that a condition can match; None where no index finds them."""
        match node:
            case Column():
                return self._bounded(_found(node, table.alias(), wanted)) if node.op.rank else None
            case _Lookup():
                use = node.table.alias()
                found = sa.select(use.c.subject_id).where(use.c.org_id == ORG, use.c.kind == node.kind, node.match(use))
                return self._mapped(self._bounded(found), table, "id", wanted)
            case _Related():
                related = None if node.none else self.ids(node.node, node.table, node.relation.there)
                return None if related is None else self._mapped(related, table, node.relation.here, wanted)
            case _All():
                some = [self.ids(part, table, wanted) for part in sorted(node.parts, key=_rank)]
                known = [ids for ids in some if ids is not None]
                return sa.func.coalesce(*known, type_=_IDS) if known else None
            case _Any():
                each = [self.ids(part, table, wanted) for part in node.parts]
                known = [ids for ids in each if ids is not None]
                return _united(known) if known and len(known) == len(each) else None
            case _Not():
                return None

    def _bounded(self, found: sa.Select[Any]) -> Ids:
        limited = found.limit(sa.literal_column(str(self.most + 1))).scalar_subquery()
        held = _held(sa.func.array(limited, type_=_IDS))
        few = sa.case((sa.func.cardinality(held.c.ids) <= sa.literal_column(str(self.most)), held.c.ids))
        return sa.select(few).scalar_subquery()

    def _mapped(self, ids: Ids, table: sa.Table, column: str, wanted: str) -> Ids:
        """The wanted column of the rows whose ``column`` is in an array; null where that is null."""
        if column == wanted == "id":
            return ids
        held = _held(ids)
        key = sa.func.unnest(held.c.ids).table_valued(sa.column("key", sa.Uuid)).render_derived()
        own = table.alias()
        mine = sa.select(own.c[wanted].label("wanted")).where(own.c.org_id == ORG, own.c[column] == key.c.key)
        rows = mine.offset(sa.literal_column("0")).lateral()
        found = self._bounded(sa.select(rows.c.wanted).select_from(key.join(rows, sa.true())).correlate(held))
        return sa.select(sa.case((held.c.ids.is_not(None), found))).scalar_subquery()


def _found(node: Column, own: Table, wanted: str) -> sa.Select[Any]:
    column = own.c[node.condition.column]
    query = sa.select(own.c[wanted]).where(own.c.org_id == ORG, node.op.clause(column, node.params))
    # In the order of its index, so that no other one is read.
    return query if node.op.key is None else query.order_by(node.op.key(column))


def _rank(node: Node) -> int:
    """Which condition is tried first: the one that matches the fewest rows as a rule."""
    return node.op.rank if isinstance(node, Column) else 2


def _held(ids: Ids) -> Any:
    """A row with the array, so that it is worked out once however often it is read."""
    return sa.select(ids.label("ids")).offset(sa.literal_column("0")).subquery()


def _united(arrays: list[Ids]) -> Ids:
    """All ids of some arrays; null where one of them is."""
    held = sa.select(*[ids.label(f"ids_{n}") for n, ids in enumerate(arrays)]).offset(sa.literal_column("0")).subquery()
    first, *others = held.c
    whole: Ids = first
    for other in others:
        whole = sa.func.array_cat(whole, other, type_=_IDS)
    known = sa.and_(*[part.is_not(None) for part in held.c])
    return sa.select(sa.case((known, whole))).scalar_subquery()
