"""The SQL of filters: a shape with its parameters, and the condition that it is on a list's rows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa

from models.lookups import search_words
from resolvers.collections.collection import COLLECTIONS, Collection, Relation
from resolvers.database.pieces import ORG, Aliases, Piece, here, places, quoted
from resolvers.lists.conditions import Condition, Op, Operand
from resolvers.lists.filters import Shape, type_of

_WORD = Condition(
    "word",
    Operand.TEXT,
    "word",
    {"word": Op(lambda value: [], lambda column, p: sa.and_(column >= p[0], column < p[1]), count=2)},
)


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A condition on a column of the row, with its parameters."""

    table: sa.Table
    condition: Condition
    name: str
    types: tuple[str, ...]
    parameters: tuple[str, ...]

    @property
    def op(self) -> Op:
        """Its operator."""
        return self.condition.ops[self.name]

    def over(self, alias: str) -> str:
        """The condition over a row."""
        return f"({_condition(self.table, self.condition, self.name, self.types)(alias, *self.parameters)})"


@dataclass(frozen=True, slots=True, eq=False)
class Lookup:
    """A condition on rows of a lookup table: search words, or tags."""

    kind: str | None
    column: Column

    def over(self, alias: str) -> str:
        """The condition over a row of the lookup table."""
        kind = _kind(self.column.table, self.kind)
        return f"{alias}.org_id = {ORG} AND {kind(alias)} AND {self.column.over(alias)}"


@dataclass(frozen=True, slots=True, eq=False)
class Related:
    """A filter on a related row; ``none``: no related row may match."""

    relation: Relation
    table: sa.Table
    node: "Node"
    none: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class All:
    parts: "list[Node]"


@dataclass(frozen=True, slots=True, eq=False)
class Either:
    parts: "list[Node]"


@dataclass(frozen=True, slots=True, eq=False)
class Not:
    part: "Node"


Node = Column | Lookup | Related | All | Either | Not
# A parameter as the statement refers to it, and its type.
Given = Iterator[tuple[str, str]]


@cache
def _condition(table: sa.Table, condition: Condition, name: str, types: tuple[str, ...]) -> Piece:
    column = here(table).c[condition.column]
    return Piece(condition.ops[name].clause(column, places(*map(type_of, types))))


@cache
def _kind(table: sa.Table, kind: str | None) -> Piece:
    return Piece(here(table).c.kind == sa.literal_column(f"'{kind}'"))


def bound(collection: Collection, shape: Shape, parameters: Sequence[str], types: Sequence[str]) -> Node:
    """A filter's shape with its parameters, which are taken in the order of its values."""
    return _bound(collection, shape, zip(parameters, types, strict=True))


def _bound(collection: Collection, shape: Shape, given: Given) -> Node:
    parts: list[Node] = []
    for name, rest in shape:
        if name == "and_":
            parts += [_bound(collection, sub, given) for sub in rest]
        elif name == "or_":
            parts.append(Either([_bound(collection, sub, given) for sub in rest]))
        elif name == "not_":
            parts.append(Not(_bound(collection, rest, given)))
        elif name == "search":
            parts += [
                Lookup(collection.resource.prefix, _column(search_words, _WORD, "word", given)) for _ in range(rest)
            ]
        else:
            parts += _field(collection, collection.filters[name], rest, given)
    return parts[0] if len(parts) == 1 else All(parts)


def _field(collection: Collection, asked: Condition | Relation, rest: Any, given: Given) -> Iterator[Node]:
    if isinstance(asked, Relation):
        inner = COLLECTIONS[asked.to]
        for how, sub in rest if asked.many else [("some", rest)]:
            yield Related(asked, inner.table, _bound(inner, sub, given), none=how == "none")
        return
    for name in rest:
        if asked.lookup is None:
            yield _column(collection.table, asked, name, given)
        else:
            table, kind = asked.lookup
            yield Lookup(kind, _column(table, asked, name, given))


def _column(table: sa.Table, asked: Condition, name: str, given: Given) -> Column:
    taken = [next(given) for _ in range(asked.ops[name].count)]
    return Column(table, asked, name, tuple(type_ for _, type_ in taken), tuple(place for place, _ in taken))


def leaves(node: Node) -> Iterator[Column | Lookup | Related]:
    """The conditions that a condition combines."""
    match node:
        case All() | Either():
            for part in node.parts:
                yield from leaves(part)
        case Not():
            yield from leaves(node.part)
        case _:
            yield node


def looks_elsewhere(node: Node) -> bool:
    """Whether a row cannot be checked by its own columns alone."""
    return any(not isinstance(leaf, Column) for leaf in leaves(node))


def clause(node: Node, table: str, named: Aliases, few: str | None = None) -> str:
    """The condition over a row of a table. Related rows are looked up for each row by itself.

    ``few`` is a source of the rows that are asked about, where they are few: what many of them refer to is then looked
    up once for all, as a service that has as many orders again must not be for each of its orders.
    """

    def exists(found: Lookup | Related) -> str:
        if (
            few is None
            or not isinstance(found, Related)
            or found.relation.there != "id"
            or not looks_elsewhere(found.node)
        ):
            return _exists(found, table, named)
        here_, row, key = quoted(found.relation.here), named(), named()
        keys = f"SELECT DISTINCT {row}.{here_} FROM {few} AS {row} OFFSET 0"
        met = f"SELECT {key}.{here_} FROM ({keys}) AS {key} WHERE {_exists(found, key, named)} OFFSET 0"
        # Compared with true so that PostgreSQL keeps a hash of the keys, and makes no join of it.
        return f"(({table}.{here_} IN ({met})) IS true)"

    return combined(node, table, exists)


def combined(node: Node, table: str, exists: Callable[[Lookup | Related], str]) -> str:
    """The condition over a row of a table. ``exists`` gives the one that a row of another table meets a condition."""
    match node:
        case Column():
            return node.over(table)
        case Lookup():
            return exists(node)
        case Related():
            return f"(NOT {exists(node)})" if node.none else exists(node)
        case All():
            return _joined(" AND ", [combined(part, table, exists) for part in node.parts], "true")
        case Either():
            return _joined(" OR ", [combined(part, table, exists) for part in node.parts], "false")
        case Not():
            # A null is not equal to anything, so it is among what `not` leaves.
            return f"({combined(node.part, table, exists)} IS NOT true)"


def _joined(how: str, parts: list[str], empty: str) -> str:
    return f"({how.join(parts) or empty})"


def _exists(found: Lookup | Related, table: str, named: Aliases) -> str:
    if isinstance(found, Lookup):
        use = named()
        where = f"{found.over(use)} AND {use}.subject_id = {table}.id"
        source = f"{quoted(found.column.table.name)} AS {use}"
    else:
        other, mine = named(), named()
        there, here_ = quoted(found.relation.there), quoted(found.relation.here)
        joined = f"{other}.org_id = {ORG} AND {other}.{there} = {table}.{here_}"
        # The offset keeps PostgreSQL from looking for the condition first, and from turning it into a join.
        source = f"(SELECT * FROM {quoted(found.table.name)} AS {other} WHERE {joined} OFFSET 0) AS {mine}"
        where = clause(found.node, mine, named)
    return f"(EXISTS (SELECT 1 FROM {source} WHERE {where} OFFSET 0))"
