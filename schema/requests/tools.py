"""Tools: the named operations that an agent may run, and those that MCP offers, with the scopes that each needs."""

from typing import Any

from execution import Operation, collect_fields, root_of
from models.actors import ActorKind, Reserved, reduced, scopes_among
from models.agents import TOOL_NAMES
from models.resources import RESOURCES, ToolFor
from schema.graph import CORE, EXECUTOR
from schema.operations import OPERATIONS

# What only renders events is no operation for a client.
_RENDERED = frozenset(each.rendered_by for each in RESOURCES.values() if each.rendered_by != each.get_operation)


def _tool(name: str, operation: Operation) -> tuple[ToolFor, frozenset[str]]:
    """Return whose tool an operation is, as its root field and the resources of its scopes say, and its scopes.

    One that has several root fields, or needs no key, is nobody's.
    """
    root: Any = root_of(CORE, operation.operation_type)
    fields = list(collect_fields(operation.definition.selection_set, root, operation.fragments))
    measure = EXECUTOR.cost(operation).analysis
    scopes = scopes_among(measure.requirements)
    if len(fields) != 1 or measure.unrestricted or not scopes or name in _RENDERED:
        return ToolFor.NOBODY, scopes
    declared = root.fields[fields[0].name.value].extensions["strawberry-definition"]
    needed = {scope.partition(":")[0] for scope in scopes}
    of_resources = (each.tool_for for each in RESOURCES.values() if each.scope in needed)
    return min(declared.metadata.get("tool_for", ToolFor.AGENTS), *of_resources), reduced(scopes)


def _reserved_of(name: str) -> frozenset[ActorKind]:
    """Return the kinds of actors that may not run an operation, whatever their scopes and its variables."""
    needed = EXECUTOR.cost(OPERATIONS[name]).analysis.requirements
    return frozenset(kind for each in needed if isinstance(each, Reserved) for kind in each.kinds)


_ALL = {name: _tool(name, operation) for name, operation in OPERATIONS.items()}
TOOLS = {name: scopes for name, (callers, scopes) in _ALL.items() if callers is ToolFor.AGENTS}
OFFERED = {name: scopes for name, (callers, scopes) in _ALL.items() if callers >= ToolFor.MCP}
TOOL_NAMES.update(TOOLS)
RESERVED = {name: _reserved_of(name) for name in OFFERED}
