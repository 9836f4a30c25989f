"""How a field gets its values: told by whoever declared it, so that a plan knows without asking at run time."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import FieldNode, FragmentDefinitionNode, GraphQLField, GraphQLObjectType, GraphQLOutputType

from execution.batch import Args

Fragments = Mapping[str, FragmentDefinitionNode]


@dataclass(frozen=True, slots=True)
class Plain:
    """A field that its object alone tells. ``many`` reads it of a whole level; where it raises, ``one`` is asked."""

    one: Callable[[Any], Any]
    many: Callable[[list[Any]], list[Any]]


@dataclass(frozen=True, slots=True)
class Batch:
    """A field that is loaded for all objects of a level at once.

    ``resolve`` gives one value, or one exception, for each parent. ``arguments`` makes GraphQL's arguments into what
    ``Args.values`` holds; ``columns`` says, when a plan is made, what the field's selections need of a row.
    """

    resolve: Callable[[Any, list[Any], Args], Awaitable[Sequence[Any]]]
    arguments: Callable[[dict[str, Any]], Mapping[str, Any]]
    columns: Callable[[Sequence[FieldNode], GraphQLOutputType, Fragments], tuple[str, ...]]


# None: the field's own resolver is called for each object, as graphql-core calls it.
Kind = Plain | Batch | None
Fields = Callable[[GraphQLObjectType, str, GraphQLField], Kind]


def each(_type: GraphQLObjectType, _name: str, _field: GraphQLField) -> Kind:
    """Every field by its own resolver."""
    return None
