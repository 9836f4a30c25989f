"""The arguments of a batch field: what holds no variable is worked out once for a plan."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLString,
    Undefined,
    VariableNode,
    is_non_null_type,
)
from graphql.execution.values import VariableValues, get_argument_values
from graphql.language import ValueNode, Visitor, visit

from execution.plan.field_kinds import Args
from execution.plan.variables import Variables

_NONE = VariableValues({}, {})
_PASSING = (GraphQLString, GraphQLID, GraphQLInt, GraphQLFloat, GraphQLBoolean)


class _Found(Exception):
    pass


class _Finder(Visitor):
    def enter_variable(self, *_: Any) -> None:
        raise _Found


def _has_variable(value: ValueNode) -> bool:
    try:
        visit(value, _Finder())
    except _Found:
        return True
    return False


@dataclass(frozen=True, slots=True)
class _Moving:
    """An argument that is a variable. ``passes``: its value needs no converting. ``default`` is what it is where the
    variable is not given, Undefined without one."""

    name: str
    variable: str
    passes: bool
    nonnull: bool
    default: Any


def _default_of(argument: GraphQLArgument) -> Any:
    """Return what an argument is that is left out; Undefined where that is as one that is null."""
    return Undefined if argument.default_value is None else argument.default_value


class Arguments:
    """How a field's arguments become ``Args``."""

    __slots__ = ("_convert", "_definition", "_fixed", "_moving", "_node", "columns")

    def __init__(
        self,
        definition: GraphQLField,
        node: FieldNode,
        convert: Callable[[dict[str, Any]], Mapping[str, Any]],
        names: Mapping[str, str],
    ) -> None:
        self._definition, self._node, self._convert = definition, node, convert
        # None for a field that lies deep in the document, until it is first loaded.
        self.columns: tuple[str, ...] | None = None
        self._fixed: Args | None = None
        self._moving = self._taken_apart(names)

    def _taken_apart(self, names: Mapping[str, str]) -> tuple[_Moving, ...] | None:
        """Return the arguments that are variables; None where a variable stands deeper, or the argument has a default
        that is still to be coerced or converted."""
        found = []
        for given in self._node.arguments or ():
            name, value = given.name.value, given.value
            if not _has_variable(value):
                continue
            argument = self._definition.args[name]
            if name not in names or not isinstance(value, VariableNode) or argument.default is not None:
                return None
            nonnull, default = is_non_null_type(argument.type), _default_of(argument)
            bare: Any = argument.type.of_type if is_non_null_type(argument.type) else argument.type
            passes = bare in _PASSING
            if not passes and default is not Undefined:
                return None
            found.append(_Moving(names[name], value.name.value, passes, nonnull, default))
        return tuple(found)

    def of(self, variables: Variables) -> Args:
        """Return the arguments of one request. Raises GraphQLError for a value that does not fit."""
        if self._moving is None:
            return Args(self.columns or (), self._whole(variables))
        coerced = variables.coerced
        values: dict[str, Any] = {}
        for moving in self._moving:
            value = coerced.get(moving.variable)
            if value is not None:
                if not moving.passes:
                    return Args(self.columns or (), self._whole(variables))
                values[moving.name] = value
            elif moving.default is not Undefined and moving.variable not in coerced:
                values[moving.name] = moving.default
            elif moving.nonnull:
                return Args(self.columns or (), self._whole(variables))
        fixed = self._fixed
        if fixed is None:
            fixed = self._fixed = Args(self.columns or (), self._constant())
        return Args(self.columns or (), {**fixed.values, **values}) if values else fixed

    def _whole(self, variables: Variables) -> Mapping[str, Any]:
        if not self._definition.args:
            return {}
        return self._convert(get_argument_values(self._definition, self._node, variables.whole))

    def _constant(self) -> Mapping[str, Any]:
        moving = {given.name.value for given in self._node.arguments or () if _has_variable(given.value)}
        args = {name: argument for name, argument in self._definition.args.items() if name not in moving}
        if not args:
            return {}
        return self._convert(get_argument_values(GraphQLField(self._definition.type, args), self._node, _NONE))
