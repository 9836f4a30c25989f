"""Renders a row as its named operation shows it, without a statement: what an event carries."""

from collections.abc import Callable

import orjson

from execution.plan.compiler import plan_of
from execution.plan.serializer import SerializerState, serialize
from execution.plan.variables import Variables
from resolvers.context import Row
from schema.graph import CORE, FIELDS
from schema.operations import OPERATIONS


def renderer(operation_name: str) -> Callable[[Row], str]:
    """A function from a whole row to the JSON text of a named operation's single object."""
    operation = OPERATIONS[operation_name]
    plan = plan_of(CORE, operation, Variables(CORE, operation, {}, {}), FIELDS)
    assert plan is not None, "a named operation has a plan"
    (field,) = plan.root.fields.values()
    (type_,) = field.types()
    selection = field.selection(type_)
    assert not selection.rest, f"{operation_name} shows columns of its row alone"
    return lambda row: orjson.dumps(serialize(selection, [dict(row)], SerializerState())[0]).decode()


RENDERERS: dict[str, Callable[[Row], str]] = {
    "client": renderer("GetClient"),
    "service": renderer("GetService"),
    "order": renderer("GetOrder"),
    "message": renderer("GetMessage"),
    "webhook": renderer("GetWebhook"),
}
