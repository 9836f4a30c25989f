"""Field kinds: how a field's values are resolved, declared when the schema is built, so that a plan need not ask."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from graphql import GraphQLField, GraphQLObjectType

# Writes what ``convert`` gives as an expression: of the name of a variable, and of a function that names a value in it.
Inline = Callable[[str, Callable[[Any], str]], str]
# Sequences that are not lists of values.
TEXTS = (str, bytes, bytearray, memoryview)


@dataclass(frozen=True, slots=True, eq=False)
class Args:
    """The arguments of a batch: a field's arguments by their Python names, and the columns its selection reads.

    ``cache`` is one for the resolver. It lives as long as the arguments do: as long as the plan where none of them
    holds a variable.
    """

    columns: tuple[str, ...]
    values: Mapping[str, Any]
    cache: dict[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ColumnReader:
    """How a serializer reads a field from its parent: ``parent[key]``, or the attribute ``key`` where ``attribute`` is
    set, or the parent itself without a key; then ``convert`` of it, where it is given.

    A reader promises that its value fits the field's type as it is (a leaf is not serialized, the type of an object or
    of a list's objects is not checked), and that it is null only where ``null`` is set.

    ``same_row``: the objects are the rows that the parent was loaded from, so their columns are selected by the same
    statement. ``needs``: the columns that it reads, where they are not ``key``. ``constant``: the value is ``key``
    itself. ``inline`` is the same as ``convert``, without the call of a Python function for each value.
    """

    key: str | None = None
    attribute: bool = False
    convert: Callable[[Any], Any] | None = None
    inline: Inline | None = None
    null: bool = False
    same_row: bool = False
    needs: tuple[str, ...] | None = None
    constant: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns of a row that it reads."""
        if self.needs is not None:
            return self.needs
        return () if self.key is None or self.attribute or self.constant else (self.key,)


@dataclass(frozen=True, slots=True)
class ReadField:
    """A field that is read from its parent, without arguments and without awaiting.

    ``many`` reads it from all parents of a level; where it raises, ``one`` is called for each parent. ``reader`` lets
    a serializer read it; without one, ``needs`` are the columns that it reads. ``trusted``: its objects are of the
    declared type. ``cost`` is what each of its objects costs, ``weight`` what the field itself costs.
    """

    one: Callable[[Any], Any]
    many: Callable[[list[Any]], list[Any]]
    reader: ColumnReader | None = None
    needs: tuple[str, ...] = ()
    trusted: bool = False
    cost: int = 0
    weight: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns of the parent's row that it reads itself."""
        return self.needs if self.reader is None else self.reader.columns

    @property
    def same_row(self) -> bool:
        """Return whether the columns that its objects need are columns of the parent's row."""
        return self.reader is not None and self.reader.same_row

    def one_or_error(self, parent: Any) -> Any:
        """Return the value of one parent, or the error that reading it raises."""
        try:
            return self.one(parent)
        except Exception as error:
            return error


@dataclass(frozen=True, slots=True)
class BatchField:
    """A field that is loaded once for all objects of a level.

    ``resolve`` takes the context, the parents and the arguments, and returns one value or one exception for each
    parent. ``arguments`` converts GraphQL's arguments into ``Args.values``; ``names`` maps to their Python names those
    arguments for which null means absent, and whose built-in scalars need no converting. ``needs`` are the columns of
    the parent that it reads. ``trusted``: its objects are of the declared type.

    ``joins_inline``: its rows are sequences of ``Args.columns`` in that order and one more value, the loader's own;
    they can also be read by name, and can hold columns of the rows that they reference, named
    ``<joined_by>.<column>``. ``joined_by``: the parent's column that references the field's single object, which can
    then be joined to the parent's row; such a reference is never null.
    """

    resolve: Callable[[Any, list[Any], Args], Awaitable[Sequence[Any]]]
    arguments: Callable[[dict[str, Any]], Mapping[str, Any]]
    names: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    trusted: bool = False
    joins_inline: bool = False
    joined_by: str | None = None
    cost: int = 0


@dataclass(frozen=True, slots=True)
class ResolverField:
    """A field whose own resolver is called for each object, as graphql-core calls it."""

    needs: tuple[str, ...] = ()
    cost: int = 0


FieldKind = ReadField | BatchField | ResolverField
FieldKinds = Callable[[GraphQLObjectType, str, GraphQLField], FieldKind]
RESOLVER_FIELD = ResolverField()


def resolver_fields(_type: GraphQLObjectType, _name: str, _field: GraphQLField) -> FieldKind:
    """Resolve every field by its own resolver."""
    return RESOLVER_FIELD


def one_for_each(parent: str, name: str, values: Any, parents: Sequence[Any]) -> Sequence[Any]:
    """Return the values of a field for its parents. Raises TypeError unless they are a list of one for each."""
    if type(values) is not list:
        if not isinstance(values, Sequence) or isinstance(values, TEXTS):
            raise TypeError(f"{parent}.{name} gave {type(values).__name__} instead of a list.")
        # A sequence of another type may say that it has another length.
        values = list(islice(values, None))
    found: Sequence[Any] = values
    if len(found) != len(parents):
        raise TypeError(f"{parent}.{name} gave {len(found)} values for {len(parents)} parents.")
    return found


def values_of(parent: str, name: str, field_kind: ReadField, parents: list[Any]) -> Sequence[Any]:
    """Return the values of a field that is read from its parents, an error for a parent where reading it raises."""
    try:
        return one_for_each(parent, name, field_kind.many(parents), parents)
    except Exception:  # one of the parents has no such value: its error is found where each is read by itself
        return [field_kind.one_or_error(each) for each in parents]
