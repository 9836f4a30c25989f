"""Repeats: which requests are the same change under an Idempotency-Key, however their documents are written.

The change is the root field and its arguments, with variables filled in; a default, and a null that means the same as
nothing, is left out. The response is what is selected, in any order, through any fragments. ``__typename`` of an
object, which clients add by themselves, does not count: it is known without a response.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson
from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLScalarType,
    InlineFragmentNode,
    SelectionSetNode,
    Undefined,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_composite_type,
    is_list_type,
    print_ast,
    value_from_ast_untyped,
)

from execution import Operation, collect_fields, is_included
from schema.declaration.nulls import hears_null
from schema.graph import CORE, RULES

TYPENAME = "__typename"
# A digest, its key and their places in a dictionary.
KEPT_BYTES = 250
# The fields of a selection by the type that they are asked of, where it is not the selection's own, and their key.
_Grouped = dict[tuple[str, str], list[FieldNode]]
_Shape = Callable[[Any], Any]


def is_repeatable(name: str) -> bool:
    """Return whether the result of a root field is kept: of what needs no key it is not, for it may act in another
    organization than the key's."""
    return name != TYPENAME and not RULES["Mutation", name].unrestricted


class Repeatable:
    """One root field of a mutation, by its response key, with the variables that count for a repeat."""

    def __init__(self, operation: Operation, variables: Mapping[str, Any], key: str) -> None:
        assert CORE.mutation_type is not None, "the graph has mutations"
        self._operation, self._place = operation, f"repeat {key}"
        defined = operation.definition.variable_definitions or ()
        given = {each.variable.name.value: each.default_value for each in defined if each.default_value is not None}
        defaults = {name: value_from_ast_untyped(node) for name, node in given.items()}
        self._variables = defaults | dict(variables)
        at, root, fragments = operation.definition.selection_set, CORE.mutation_type, operation.fragments
        found = collect_fields(at, root, fragments, self._variables)
        self._nodes = [node for node in found if response_key(node) == key]
        # Where a condition at the root leaves nothing of the field out.
        self._whole = len(self._nodes) == sum(response_key(node) == key for node in collect_fields(at, root, fragments))

    def fingerprint(self) -> bytes:
        """Return what is equal for two requests that are the same change and ask for the same response."""
        assert CORE.mutation_type is not None, "the graph has mutations"
        first = self._nodes[0]
        name = first.name.value
        arguments = self._arguments(CORE.mutation_type.fields[name].args, first)
        return hashlib.sha256(_written([name, arguments]) + self._selection()).digest()

    def _selection(self) -> bytes:
        """Return what is selected of the field, as a digest that is kept with the operation unless conditions decide on
        it."""
        if not self._whole:
            return self._digest()
        known: bytes | None = self._operation.cache.get(self._place)
        if known is not None:
            return known or self._digest()
        found = self._digest()
        decided = any("$" in print_ast(node) for node in (*self._below(), *self._operation.fragments.values()))
        self._operation.cache[self._place] = b"" if decided else found
        self._operation.grow(KEPT_BYTES)
        return found

    def _digest(self) -> bytes:
        assert CORE.mutation_type is not None, "the graph has mutations"
        named = get_named_type(CORE.mutation_type.fields[self._nodes[0].name.value].type)
        below = self._canonical(self._grouped(self._nodes, named), named) if is_composite_type(named) else []
        return hashlib.sha256(_written(below)).digest()

    def _below(self) -> Iterable[SelectionSetNode]:
        return (node.selection_set for node in self._nodes if node.selection_set is not None)

    def shaped(self, stored: Any) -> Any:
        """Return the result that was kept for the same fingerprint, as this request asks for it."""
        assert CORE.mutation_type is not None, "the graph has mutations"
        return self._shape(self._nodes, CORE.mutation_type)(stored)

    def _canonical(self, groups: _Grouped, parent: Any) -> list[list[Any]]:
        found: list[list[Any]] = []
        for (condition, key), nodes in sorted(groups.items(), key=lambda item: item[0]):
            name = nodes[0].name.value
            if name == TYPENAME:
                if is_abstract_type(parent):
                    found.append([condition, key, name])
                continue
            on: Any = CORE.type_map[condition] if condition else parent
            field = on.fields[name]
            named = get_named_type(field.type)
            below = self._canonical(self._grouped(nodes, named), named) if is_composite_type(named) else []
            found.append([condition, key, name, self._arguments(field.args, nodes[0]), below])
        return found

    def _shape(self, nodes: Sequence[FieldNode], parent: Any) -> _Shape:
        """Return what shapes the kept values of a field of ``parent``, each of which is selected as ``nodes`` do."""
        named = get_named_type(parent.fields[nodes[0].name.value].type)
        if not isinstance(named, GraphQLObjectType):
            return _as_it_is
        # Worked out once for all values: there may be thousands.
        fields = [
            (key, None if below[0].name.value == TYPENAME else self._shape(below, named))
            for (_, key), below in self._grouped(nodes, named).items()
        ]

        def shaped(stored: Any) -> Any:
            if stored is None:
                return None
            if isinstance(stored, list):
                return [shaped(item) for item in stored]
            return {key: named.name if shape is None else shape(stored[key]) for key, shape in fields}

        return shaped

    def _grouped(self, nodes: Iterable[FieldNode], parent: Any) -> _Grouped:
        groups: _Grouped = {}
        met: set[tuple[str, str]] = set()
        for node in nodes:
            assert node.selection_set is not None, "an object has a selection"
            self._group(node.selection_set, parent, "", groups, met)
        return groups

    def _group(
        self, selected: SelectionSetNode, parent: Any, condition: str, groups: _Grouped, met: set[tuple[str, str]]
    ) -> None:
        """Add the fields of a selection. A fragment that was ``met`` under the same condition adds nothing."""
        for part in selected.selections:
            if not is_included(part, self._variables):
                continue
            if isinstance(part, FieldNode):
                groups.setdefault((condition, response_key(part)), []).append(part)
                continue
            if isinstance(part, FragmentSpreadNode):
                if (part.name.value, condition) in met:
                    continue
                met.add((part.name.value, condition))
                fragment: Any = self._operation.fragments[part.name.value]
            else:
                assert isinstance(part, InlineFragmentNode), "a selection is a field or a fragment"
                fragment = part
            on = fragment.type_condition.name.value if fragment.type_condition is not None else condition
            # Of an object everything that validation allows is asked; of an interface, what the condition says.
            inner = on if is_abstract_type(parent) and on != parent.name else condition
            self._group(fragment.selection_set, parent, inner, groups, met)

    def _arguments(self, known: Mapping[str, GraphQLArgument], node: FieldNode) -> dict[str, Any]:
        given = {each.name.value: value_from_ast_untyped(each.value, self._variables) for each in node.arguments or ()}
        return _without_defaults(known, {name: value for name, value in given.items() if value is not None})


def _as_it_is(stored: Any) -> Any:
    return stored


def _written(value: Any) -> bytes:
    return orjson.dumps(value, default=str, option=orjson.OPT_SORT_KEYS)


def response_key(node: FieldNode) -> str:
    """Return the name of a field in the response."""
    return node.alias.value if node.alias is not None else node.name.value


def _without_defaults(known: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of arguments or input fields, as their types take them, that are not their defaults."""
    values = {name: _value(known[name].type, value) for name, value in given.items() if value is not Undefined}
    # None is equal to Undefined, which says that there is no default.
    return {name: value for name, value in values.items() if value is None or value != known[name].default_value}


def _value(type_: Any, value: Any) -> Any:
    """Return a value as its type takes it: an id that is written as a number is its text, one value is a list of
    one."""
    type_ = get_nullable_type(type_)
    if value is None:
        return None
    if is_list_type(type_):
        return [_value(type_.of_type, item) for item in (value if isinstance(value, list) else [value])]
    if isinstance(type_, GraphQLInputObjectType) and isinstance(value, Mapping):
        heard = {name: part for name, part in value.items() if part is not None or hears_null(type_, name)}
        return _without_defaults(type_.fields, heard)
    if isinstance(type_, GraphQLScalarType):
        try:
            return type_.parse_value(value)
        except (GraphQLError, TypeError, ValueError):
            return value  # A list of versions, which stands for one of them.
    return value
