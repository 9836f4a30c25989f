"""What a subscription asks to hear, from its document and its variables."""

from typing import Any, NamedTuple

import orjson
from graphql import FieldNode, VariableNode, Visitor, get_argument_values, visit

from execution import Operation, collect_fields
from models.resources import EVERYTHING
from models.typeid import decode
from resolvers.collections.rows import by_ids
from resolvers.context import Context
from resolvers.errors import bad_input, not_found
from resolvers.live.events import published
from schema.graph import CORE
from schema.live.fields import HEARINGS
from schema.live.shared import Wanted
from schema.requests.prepared import Prepared
from schema.requests.variables import checked_variables


class SubscriptionRequest(NamedTuple):
    """What a subscription asks for. ``after`` is the event to go on after; ``variables`` are the others, as text."""

    wanted: Wanted
    after: str | None
    variables: bytes


async def subscription_request(ctx: Context, prepared: Prepared) -> SubscriptionRequest:
    """Return what a subscription asks for. Raises Refusals for its variables, Refusal BAD_INPUT for its types, and
    NOT_FOUND for an object that the caller does not see."""
    operation = prepared.operation
    variables = checked_variables(CORE, operation, prepared.variables, named=True)
    root = CORE.subscription_type
    assert root is not None, "the graph has subscriptions"
    node = next(collect_fields(operation.definition.selection_set, root, operation.fragments))
    name = node.name.value
    values = get_argument_values(root.fields[name], node, variables.whole)
    hearing = HEARINGS[name]
    types = hearing.types or _named([EVERYTHING] if values.get("types") is None else values["types"])
    object_id = None
    if hearing.narrowing is not None and values.get(hearing.narrowing.argument) is not None:
        object_id = str(values[hearing.narrowing.argument])
        collection = hearing.narrowing.collection
        async with ctx.snapshot():
            (row,) = await by_ids(ctx, collection, [decode(collection.resource.prefix, object_id)], ("id",))
        if row is None:
            raise not_found(collection.resource.label, hearing.narrowing.argument)
    wanted = Wanted(name if node.alias is None else node.alias.value, hearing, types, object_id)
    after = values.get("after")
    others = {
        each: value for each, value in prepared.variables.items() if each != _variable_of(node, "after", operation)
    }
    return SubscriptionRequest(
        wanted, None if after is None else str(after), orjson.dumps(others, option=orjson.OPT_SORT_KEYS)
    )


def _named(given: list[str]) -> frozenset[str]:
    """Return the types that are named. Raises Refusal BAD_INPUT for one that there is not."""
    if EVERYTHING in given:
        return frozenset(published())
    if not given:
        raise bad_input("types", "Name at least one type of event.", "TOO_SHORT", limit=1)
    for index, name in enumerate(given):
        if name not in published():
            message = "There is no such type of event."
            raise bad_input(f"types.{index}", message, "NOT_ONE_OF", allowed=sorted(published()))
    return frozenset(given)


def _variable_of(node: FieldNode, argument: str, operation: Operation) -> str | None:
    """Return the variable by which an argument is given; None where there is none, or it is used elsewhere too."""
    name = next((each.value.name.value for each in node.arguments or ()
                 if each.name.value == argument and isinstance(each.value, VariableNode)), None)  # fmt: skip
    used: list[str] = []

    class Finder(Visitor):
        def enter_variable(self, variable: VariableNode, *_: Any) -> None:
            used.append(variable.name.value)

    if name is not None:
        for part in (operation.definition.selection_set, *operation.fragments.values()):
            visit(part, Finder())
    return name if name is not None and used.count(name) == 1 else None
