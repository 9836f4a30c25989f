"""Filters as trees: a filter's shape becomes a tree of nodes with parameters, which SQL is made of."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.visitors import iterate

from models.lookups import search_words
from resolvers.collections.collection import COLLECTIONS, Collection, Relation
from resolvers.database.fragments import ORG, Fragment, open_parameters, open_table
from resolvers.lists.conditions import Condition, Operand
from resolvers.lists.filters import FilterShape, type_of
from resolvers.lists.operators import Op

_WORD = Condition(
    "word",
    Operand.TEXT,
    "word",
    {"word": Op(lambda value: [], lambda column, p: sa.and_(column >= p[0], column < p[1]), count=2)},
)


@dataclass(frozen=True, slots=True, eq=False)
class ColumnCondition:
    """A condition on a column of a row, with its parameters; ``negated``: it is met by all other rows."""

    table: sa.Table
    condition: Condition
    name: str
    types: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    negated: bool = False

    @property
    def op(self) -> Op:
        """Return its operator."""
        return self.condition.ops[self.name]

    @property
    def columns(self) -> list[str]:
        """Return the columns of the row that it needs: of what is overdue, its status too."""
        return _columns(self.table, self.condition, self.name, self.types)

    def over(self, alias: str) -> str:
        """Return its SQL for the row with an alias."""
        made = _condition(self.table, self.condition, self.name, self.types, self.negated)
        return f"({made(alias, *self.parameters)})"


@dataclass(frozen=True, slots=True, eq=False)
class Lookup:
    """A condition on the rows of a lookup table (search words or tags) for the resource with a prefix."""

    prefix: str | None
    column: ColumnCondition

    def over(self, alias: str) -> str:
        """Return its SQL for the row of the lookup table with an alias."""
        of_resource = _of_resource(self.column.table, self.prefix)
        return f"{alias}.org_id = {ORG} AND {of_resource(alias)} AND {self.column.over(alias)}"


@dataclass(frozen=True, slots=True, eq=False)
class Related:
    """A filter on related rows: one of them must match, or, with ``none``, none may."""

    relation: Relation
    table: sa.Table
    node: "ConditionTree"
    none: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class AllOf:
    parts: "list[ConditionTree]"


@dataclass(frozen=True, slots=True, eq=False)
class AnyOf:
    parts: "list[ConditionTree]"


@dataclass(frozen=True, slots=True, eq=False)
class Not:
    part: "ConditionTree"


ConditionTree = ColumnCondition | Lookup | Related | AllOf | AnyOf | Not
# The parameters that are still free: each as the statement refers to it, and its type.
FreeParameters = Iterator[tuple[str, str]]


def _clause(table: sa.Table, condition: Condition, name: str, types: tuple[str, ...], *, negated: bool) -> Any:
    column, op = open_table(table).c[condition.column], condition.ops[name]
    made = op.opposite if negated else op.clause
    assert made is not None, f"{name} has an opposite"
    return made(column, open_parameters(*map(type_of, types)))


@cache
def _condition(table: sa.Table, condition: Condition, name: str, types: tuple[str, ...], negated: bool) -> Fragment:
    return Fragment(_clause(table, condition, name, types, negated=negated))


@cache
def _columns(table: sa.Table, condition: Condition, name: str, types: tuple[str, ...]) -> list[str]:
    parts = iterate(_clause(table, condition, name, types, negated=False))
    return sorted({part.name for part in parts if isinstance(part, sa.ColumnClause) and part.table is not None})


@cache
def _of_resource(table: sa.Table, prefix: str | None) -> Fragment:
    return Fragment(open_table(table).c.resource == sa.literal_column(f"'{prefix}'"))


def bind(collection: Collection, shape: FilterShape, parameters: Sequence[str], types: Sequence[str]) -> ConditionTree:
    """Return the tree of a filter's shape; its parameters are taken in the order of the filter's values."""
    return _bind(collection, shape, zip(parameters, types, strict=True))


def _bind(collection: Collection, shape: FilterShape, free: FreeParameters) -> ConditionTree:
    parts: list[ConditionTree] = []
    for name, rest in shape:
        if name == "and_":
            parts += [_bind(collection, sub, free) for sub in rest]
        elif name == "or_":
            parts.append(AnyOf([_bind(collection, sub, free) for sub in rest]))
        elif name == "not_":
            parts.append(Not(_bind(collection, rest, free)))
        elif name == "search":
            parts += [
                Lookup(collection.resource.prefix, _column(search_words, _WORD, "word", free)) for _ in range(rest)
            ]
        else:
            parts += _field(collection, collection.filters[name], rest, free)
    return parts[0] if len(parts) == 1 else AllOf(parts)


def _field(
    collection: Collection, declared: Condition | Relation, rest: Any, free: FreeParameters
) -> Iterator[ConditionTree]:
    if isinstance(declared, Relation):
        inner = COLLECTIONS[declared.to]
        for how, sub in rest if declared.many else [("some", rest)]:
            yield Related(declared, inner.table, _bind(inner, sub, free), none=how == "none")
        return
    for name in rest:
        if declared.lookup is None:
            yield _column(collection.table, declared, name, free)
        else:
            table, prefix = declared.lookup
            yield Lookup(prefix, _column(table, declared, name, free))


def _column(table: sa.Table, declared: Condition, name: str, free: FreeParameters) -> ColumnCondition:
    own = [next(free) for _ in range(declared.ops[name].count)]
    return ColumnCondition(table, declared, name, tuple(type_ for _, type_ in own), tuple(place for place, _ in own))


def leaves(node: ConditionTree) -> Iterator[ColumnCondition | Lookup | Related]:
    """Yield the leaves of a tree: its conditions on columns, lookup tables and related rows."""
    match node:
        case AllOf() | AnyOf():
            for part in node.parts:
                yield from leaves(part)
        case Not():
            yield from leaves(node.part)
        case _:
            yield node


def needs_other_tables(node: ConditionTree) -> bool:
    """Return whether a row's own columns are not enough to check it."""
    return any(not isinstance(leaf, ColumnCondition) for leaf in leaves(node))


def conjuncts(node: ConditionTree) -> Iterator[ConditionTree]:
    """Yield the conditions that a row must meet together, which `and` joins."""
    if isinstance(node, AllOf):
        for part in node.parts:
            yield from conjuncts(part)
    else:
        yield node


def columns_of(nodes: Iterable[ConditionTree]) -> Iterator[str]:
    """Yield the columns of a row that conditions need."""
    for node in nodes:
        for leaf in leaves(node):
            yield from leaf.columns if isinstance(leaf, ColumnCondition) else [local_column(leaf)]


def local_column(leaf: Lookup | Related) -> str:
    """Return the column of a row by which a condition on another table is looked up."""
    return "id" if isinstance(leaf, Lookup) else leaf.relation.local
