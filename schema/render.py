"""Renders a row as its named operation shows it, without a statement: what an event carries."""

from collections.abc import Callable

import orjson

from resolvers.context import Row
from schema.graph import EXECUTOR
from schema.operations import OPERATIONS


def renderer(operation_name: str) -> Callable[[Row], str]:
    """A function from a whole row to the JSON text of a named operation's single object."""
    shown = EXECUTOR.serializer(OPERATIONS[operation_name])
    return lambda row: orjson.dumps(shown(dict(row))).decode()


RENDERERS: dict[str, Callable[[Row], str]] = {
    "client": renderer("GetClient"),
    "service": renderer("GetService"),
    "order": renderer("GetOrder"),
    "message": renderer("GetMessage"),
    "webhook": renderer("GetWebhook"),
}
