"""How a field gets its values: told by whoever declared it, so that a plan knows without asking at run time."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLField, GraphQLObjectType

from execution.batch import Args

# Sequences that are no lists.
TEXTS = (str, bytes, bytearray, memoryview)


@dataclass(frozen=True, slots=True)
class Cell:
    """How a plan reads a field of its parent when it writes whole objects: ``parent[key]``, or the attribute ``key``,
    or without a key the parent itself; then ``write`` of it, where there is one.

    A promise: what comes out fits the field's type as it is (a leaf needs no serializing, an object or a list of
    objects no check of its type), and is null only where ``null`` says so. ``through``: the objects are the rows that
    the parent was loaded with, so that what is asked of them is asked of the same statement. ``needs`` are the columns
    that it reads, when they are not ``key``. ``constant``: the value is ``key`` itself.
    """

    key: str | None = None
    attribute: bool = False
    write: Callable[[Any], Any] | None = None
    null: bool = False
    through: bool = False
    needs: tuple[str, ...] | None = None
    constant: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a row that it reads."""
        if self.needs is not None:
            return self.needs
        return () if self.key is None or self.attribute or self.constant else (self.key,)


@dataclass(frozen=True, slots=True)
class Plain:
    """A field that its object alone tells. ``many`` reads it of a whole level; where it raises, ``one`` is asked.

    ``cell`` is how a plan can write it among others; without one ``needs`` are the columns that it reads. ``sure``: an
    object that it gives is of the declared type, and costs ``cost``; ``weight`` is what the field itself costs.
    """

    one: Callable[[Any], Any]
    many: Callable[[list[Any]], list[Any]]
    cell: Cell | None = None
    needs: tuple[str, ...] = ()
    sure: bool = False
    cost: int = 0
    weight: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its object's row that it reads itself."""
        return self.needs if self.cell is None else self.cell.columns

    @property
    def through(self) -> bool:
        """Whether the columns that its objects need are needed of the row too."""
        return self.cell is not None and self.cell.through


@dataclass(frozen=True, slots=True)
class Batch:
    """A field that is loaded for all objects of a level at once.

    ``resolve`` gives one value, or one exception, for each parent. ``arguments`` makes GraphQL's arguments into what
    ``Args.values`` holds; ``names`` has the Python names of arguments of which a null is as none, and a built-in
    scalar needs no converting.
    ``needs`` are the columns of the parent that it reads. ``sure``: an object that it gives is of the declared type.
    ``folds``: its rows are sequences of ``Args.columns`` in their order and one value more, the loader's own, and can
    carry columns of the rows that they refer to, named ``<fold>.<column>``; read by name as well. ``fold``: the
    column of the parent that refers to the field's one object, which can then come with the parent; never null.
    """

    resolve: Callable[[Any, list[Any], Args], Awaitable[Sequence[Any]]]
    arguments: Callable[[dict[str, Any]], Mapping[str, Any]]
    names: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    sure: bool = False
    folds: bool = False
    fold: str | None = None
    cost: int = 0


@dataclass(frozen=True, slots=True)
class Own:
    """A field whose own resolver is called for each object, as graphql-core calls it."""

    needs: tuple[str, ...] = ()
    cost: int = 0


Kind = Plain | Batch | Own
Fields = Callable[[GraphQLObjectType, str, GraphQLField], Kind]
OWN = Own()


def each(_type: GraphQLObjectType, _name: str, _field: GraphQLField) -> Kind:
    """Every field by its own resolver."""
    return OWN


def one_for_each(parent: str, name: str, values: Any, parents: Sequence[Any]) -> Sequence[Any]:
    """Return what a field gave for some parents. Raises TypeError unless it is a list of one value for each."""
    if type(values) is not list and (not isinstance(values, Sequence) or isinstance(values, TEXTS)):
        raise TypeError(f"{parent}.{name} gave a {type(values).__name__} instead of a list.")
    if len(values) != len(parents):
        raise TypeError(f"{parent}.{name} gave {len(values)} values for {len(parents)} parents.")
    return values
