"""Literals held against their types when a document is validated, in the words of wrong variables.

What is wrong is what graphql-core finds wrong; each error has the place in the document, the field and the reason.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    ArgumentNode,
    EnumValueNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInt,
    IntValueNode,
    ListValueNode,
    Node,
    NullValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    ValuesOfCorrectTypeRule,
    VariableDefinitionNode,
    VariableNode,
    is_list_type,
    is_non_null_type,
    is_required_input_field,
)
from graphql.language import SKIP
from graphql.pyutils import did_you_mean, suggestion_list

from resolvers.errors import Refusal, bad_input
from schema.declaration.input_values import (
    NO_FIELD,
    NO_OBJECT,
    NULL,
    PLAIN,
    REQUIRED,
    not_one_of,
    out_of_range,
    refused_scalar,
)
from schema.declaration.ranges import in_field
from schema.requests.places import embeds

Wrong = tuple[Refusal, Node]


class LiteralsRule(ValuesOfCorrectTypeRule):
    """The standard's rule that values are of their types, with the field and the reason of each error."""

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self._place, self._words = "", ""

    def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
        """Remember for which argument the next value is."""
        self._place = node.name.value
        self._words = f"Argument '{self._place}' has invalid value"

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> None:
        """Remember of which variable the next value is the default."""
        self._place = node.variable.name.value
        self._words = f"Variable '${self._place}' has invalid default value"

    def is_valid_value_node(self, node: ValueNode, input_type: Any) -> Any:
        """Report what is wrong with a value, which is then not looked into any further."""
        if input_type is not None:
            for refusal, at in wrong_literals(input_type, node, self._place, suggest=not self.context.hide_suggestions):
                message = said(self._words, self._place, refusal)
                extensions = {"field": refusal.field, **refusal.extra}
                self.report_error(GraphQLError(message, at, extensions=extensions))
        return SKIP


def said(what: str, place: str, refusal: Refusal) -> str:
    """Return what is wrong, in a sentence that names the argument or variable and the path within it."""
    within = (refusal.field or place).removeprefix(place)
    return f"{what}{f' at {within}' if within else ''}: {refusal.message}"


def wrong_literals(type_: Any, node: ValueNode, path: str, *, suggest: bool = False) -> Iterator[Wrong]:
    """Yield every literal that is not of its type, with its path and its node; variables are judged by their values."""
    if isinstance(node, VariableNode):
        return
    if is_non_null_type(type_):
        if isinstance(node, NullValueNode):
            yield bad_input(path, NULL, "REQUIRED"), node
            return
        type_ = type_.of_type
    if isinstance(node, NullValueNode):
        return
    if is_list_type(type_):
        # What is no list is taken for a list of one.
        items = node.values if isinstance(node, ListValueNode) else (node,)
        for index, item in enumerate(items):
            where = f"{path}.{index}" if isinstance(node, ListValueNode) else path
            yield from wrong_literals(type_.of_type, item, where, suggest=suggest)
    elif isinstance(type_, GraphQLInputObjectType):
        yield from _wrong_members(type_, node, path, suggest)
    elif isinstance(type_, GraphQLEnumType):
        if not isinstance(node, EnumValueNode) or node.value not in type_.values:
            yield not_one_of(path, type_), node
    elif type_ in PLAIN or not embeds(node):
        yield from _wrong_scalar(type_, node, path)


def _wrong_members(type_: GraphQLInputObjectType, node: ValueNode, path: str, suggest: bool) -> Iterator[Wrong]:
    if not isinstance(node, ObjectValueNode):
        yield bad_input(path, NO_OBJECT, "WRONG_TYPE"), node
        return
    given = {part.name.value: part for part in node.fields}
    for name, field in type_.fields.items():
        if name in given:
            value, where = given[name].value, f"{path}.{name}"
            for refusal, at in wrong_literals(field.type, value, where, suggest=suggest):
                yield in_field(type_, field, value, where, refusal), at
        elif is_required_input_field(field):
            yield bad_input(f"{path}.{name}", REQUIRED, "REQUIRED"), node
    for part in node.fields:
        name = part.name.value
        if name not in type_.fields:
            like = did_you_mean(suggestion_list(name, list(type_.fields))) if suggest else ""
            yield bad_input(f"{path}.{name}", NO_FIELD + like, "UNKNOWN_FIELD"), part


def _wrong_scalar(type_: Any, node: ValueNode, path: str) -> Iterator[Wrong]:
    refusal = scalar_refusal(type_, node, path, {})
    if refusal is None:
        return
    if type_ is GraphQLInt and isinstance(node, IntValueNode):
        refusal = out_of_range(path)
    elif type_ in PLAIN:
        refusal = bad_input(path, f"It must be {PLAIN[type_][1]}.", "WRONG_TYPE")
    yield refusal, node


def scalar_refusal(type_: Any, node: ValueNode, path: str, variables: Mapping[str, Any]) -> Refusal | None:
    """Return what is wrong with a scalar's literal, with the variables that stand in it; None where nothing is."""
    try:
        if type_.coerce_input_literal is not None:
            found = type_.coerce_input_literal(node)
        else:
            found = type_.parse_literal(node, dict(variables))
    except GraphQLError as error:
        return refused_scalar(path, error)
    return bad_input(path, "It has the wrong type.", "WRONG_TYPE") if found is Undefined else None
