"""Renders a row as its named operation shows it, without a statement: what an event carries."""

from collections.abc import Callable

import orjson

from models.resources import RESOURCES
from resolvers.context import Row
from schema.graph import EXECUTOR
from schema.operations import OPERATIONS


def renderer(operation_name: str) -> Callable[[Row], str]:
    """Return a function from a whole row to the JSON text of a named operation's single object."""
    shown = EXECUTOR.serializer(OPERATIONS[operation_name])
    return lambda row: orjson.dumps(shown(dict(row))).decode()


# Of each resource that has events, by its prefix.
RENDERERS: dict[str, Callable[[Row], str]] = {
    resource.prefix: renderer(resource.rendered_by) for resource in RESOURCES.values() if resource.events
}
