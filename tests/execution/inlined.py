"""A document with every fragment written out where it is spread: its answer is the same, and needs no fragment."""

from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    parse,
    print_ast,
)

from execution import Operation
from execution.guard.nesting import conditions_of


def inlined(operation: Operation) -> Operation:
    """Return the same operation without named fragments; no two of its places share a node of the document."""
    definition = operation.definition
    body = _written(definition.selection_set, operation.fragments)
    head = print_ast(definition).partition("{")[0] if definition.name or definition.variable_definitions else ""
    text = f"{head or definition.operation.value} {body}"
    document = parse(text)
    (made,) = document.definitions
    assert isinstance(made, OperationDefinitionNode)
    return Operation(text, document, made, {}, conditions=conditions_of(made, {}), valid=operation.valid)


def _written(node: Any, fragments: dict[str, FragmentDefinitionNode]) -> str:
    return "{ " + " ".join(_part(part, fragments) for part in node.selections) + " }"


def _part(node: Any, fragments: dict[str, FragmentDefinitionNode]) -> str:
    after = "".join(f" {print_ast(directive)}" for directive in node.directives or ())
    if isinstance(node, FragmentSpreadNode):
        fragment = fragments[node.name.value]
        head = f"... on {fragment.type_condition.name.value}{after}"
        return f"{head} {_written(fragment.selection_set, fragments)}"
    if isinstance(node, InlineFragmentNode):
        on = "" if node.type_condition is None else f" on {node.type_condition.name.value}"
        return f"...{on}{after} {_written(node.selection_set, fragments)}"
    assert isinstance(node, FieldNode)
    alias = "" if node.alias is None else f"{node.alias.value}: "
    arguments = ", ".join(print_ast(argument) for argument in node.arguments or ())
    head = f"{alias}{node.name.value}{f'({arguments})' if arguments else ''}{after}"
    return head if node.selection_set is None else f"{head} {_written(node.selection_set, fragments)}"
