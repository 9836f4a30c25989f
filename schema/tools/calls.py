"""Calls of tools: a named operation is run as everybody else's, by an actor that has the scopes of its own."""

from collections.abc import Mapping
from typing import Any

from resolvers.context import Context
from resolvers.errors import Refusal, Refusals, bad_input
from schema.operations import OPERATIONS
from schema.requests.engine import Engine
from schema.requests.results import OperationResult, refused_result
from schema.requests.tools import TOOLS
from schema.tools.schemas import COUNTED, schema_of


async def call(engine: Engine, ctx: Context, name: str, arguments: Mapping[str, Any]) -> OperationResult:
    """Run a tool as the context's actor: in the context's transaction where one is open, else in one of its own.

    Never raises for what a caller can do wrong, such as an argument that is unknown, or a scope that the actor lacks:
    that is in the result.
    """
    if name not in TOOLS:
        return refused_result(Refusal("FORBIDDEN", f"{name} is no tool."), ctx.request_id)
    declared = schema_of(name)["properties"]
    missing = "There is no such argument."
    unknown = [bad_input(each, missing, "UNKNOWN_FIELD") for each in arguments if each not in declared]
    if unknown:
        return refused_result(Refusals(unknown), ctx.request_id)
    variables = ({COUNTED: False} if COUNTED in declared else {}) | dict(arguments)
    prepared = engine.prepared(OPERATIONS[name], variables)
    try:
        engine.allow(prepared, ctx.actor)
    except Refusal as refused:
        return refused_result(refused, ctx.request_id)
    return await engine.run(ctx, prepared)
