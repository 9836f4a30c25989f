"""How deep the selections of a document lie within each other, and what ``@skip`` and ``@include`` leave out of them.

Cost analysis, validation and the compiler recurse into selections. This is checked before them, without recursion.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from graphql import (
    DefinitionNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    value_from_ast_untyped,
)

# The directives that may leave out what they stand at.
CONDITIONS = frozenset({"skip", "include"})

# Each of them takes up to three of Python's 1,000 frames for one of these.
MAX_NESTED = 100
# Each choice of their values is compiled by itself.
MAX_CONDITIONS = 8


def nesting_of(definitions: Iterable[DefinitionNode]) -> int:
    """Return how many selections lie within each other at most.

    Fragments that spread each other in a cycle count as if all of them lay within each other.
    """
    fragments: dict[str, tuple[int, dict[str, int]]] = {}
    deepest: list[tuple[int, dict[str, int]]] = []
    for node in definitions:
        if isinstance(node, FragmentDefinitionNode):
            fragments[node.name.value] = _own(node.selection_set)
        elif isinstance(node, OperationDefinitionNode):
            deepest.append(_own(node.selection_set))
    heights = _heights(fragments)
    found = [depth + heights.get(name, 0) for _, spreads in deepest for name, depth in spreads.items()]
    return max([*found, *heights.values(), *(depth for depth, _ in deepest)], default=0)


def conditions_of(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> dict[str, DirectiveNode]:
    """Return the variables of ``@skip`` and ``@include`` in an operation, each with a directive that it decides."""
    found: dict[str, DirectiveNode] = {}
    spread: set[str] = set()
    left = [operation.selection_set]
    while left:
        for part, _ in _parts(left.pop()):
            for directive in part.directives or ():
                if directive.name.value in CONDITIONS:
                    for argument in directive.arguments or ():
                        if isinstance(argument.value, VariableNode):
                            found.setdefault(argument.value.name.value, directive)
            if isinstance(part, FragmentSpreadNode) and part.name.value not in spread:
                spread.add(part.name.value)
                if part.name.value in fragments:
                    left.append(fragments[part.name.value].selection_set)
    return found


def left_out(directive: DirectiveNode, variables: Mapping[str, Any]) -> bool:
    """Return whether ``@skip`` or ``@include`` leaves out what it stands at."""
    if directive.name.value not in CONDITIONS:
        return False
    for argument in directive.arguments or ():
        wanted = value_from_ast_untyped(argument.value, cast(dict[str, Any], variables))
        if argument.name.value == "if" and wanted is (directive.name.value == "skip"):
            return True
    return False


def root_keys(
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Mapping[str, Any],
) -> set[str]:
    """Return the response keys of an operation's root fields. One that is asked for in several places is one."""
    found: set[str] = set()
    spread: set[str] = set()
    left = [operation.selection_set]
    while left:
        for part in left.pop().selections:
            if any(left_out(directive, variables) for directive in part.directives or ()):
                continue
            if isinstance(part, FieldNode):
                found.add((part.alias or part.name).value)
            elif isinstance(part, InlineFragmentNode):
                left.append(part.selection_set)
            elif isinstance(part, FragmentSpreadNode) and part.name.value not in spread:
                spread.add(part.name.value)
                if part.name.value in fragments:
                    left.append(fragments[part.name.value].selection_set)
    return found


def _own(node: SelectionSetNode) -> tuple[int, dict[str, int]]:
    """Return how deep a definition is by itself, and how deep in it each fragment is spread."""
    deepest, spreads = 0, {}
    for part, depth in _parts(node):
        deepest = depth
        if isinstance(part, FragmentSpreadNode):
            spreads[part.name.value] = depth
    return deepest, spreads


def _parts(node: SelectionSetNode) -> Iterator[tuple[SelectionNode, int]]:
    """Yield every part of a selection and of those within it, the outer ones first, and how deep it lies."""
    level, depth = [node], 0
    while level:
        depth += 1
        below = []
        for selection in level:
            for part in selection.selections:
                yield part, depth
                if isinstance(part, (FieldNode, InlineFragmentNode)) and part.selection_set is not None:
                    below.append(part.selection_set)
        level = below


def _heights(fragments: dict[str, tuple[int, dict[str, int]]]) -> dict[str, int]:
    """Return how deep each fragment is, those that it spreads included: the innermost first."""
    users: dict[str, list[str]] = {name: [] for name in fragments}
    left: dict[str, int] = {}
    for name, (_, spreads) in fragments.items():
        known = [each for each in spreads if each in fragments]
        left[name] = len(known)
        for each in known:
            users[each].append(name)
    heights: dict[str, int] = {}
    ready = [name for name, count in left.items() if not count]
    while ready:
        name = ready.pop()
        own, spreads = fragments[name]
        heights[name] = max([own, *(depth + heights.get(each, 0) for each, depth in spreads.items())])
        for user in users[name]:
            left[user] -= 1
            if not left[user]:
                ready.append(user)
    circling = [name for name in fragments if name not in heights]
    if circling:
        around = sum(fragments[name][0] for name in circling) + max(heights.values(), default=0)
        heights |= dict.fromkeys(circling, around)
    return heights
