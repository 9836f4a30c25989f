"""Calls of tools: a named operation is run as everybody else's, by an actor that has the scopes of its own."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

from resolvers.actor import Actor
from resolvers.context import Context
from resolvers.errors import Refusal, Refusals, bad_input, refuse
from schema.declaration.inputs import MAX_PROBLEMS
from schema.operations import OPERATIONS
from schema.requests.engine import Engine
from schema.requests.prepared import Prepared
from schema.requests.results import OperationResult, refused_result
from schema.requests.tools import TOOLS
from schema.tools.schemas import COUNTED, schema_of


def prepared_call(engine: Engine, actor: Actor, name: str, arguments: Mapping[str, Any]) -> Prepared:
    """Return the operation of a tool with its arguments, fit to be run by an actor.

    Raises Refusal FORBIDDEN for a scope that the actor lacks, TOO_COMPLEX for what would cost too much, and Refusals
    for arguments that there are not.
    """
    declared = schema_of(name)["properties"]
    variables = ({COUNTED: False} if COUNTED in declared else {}) | dict(arguments)
    prepared = engine.judged(OPERATIONS[name], variables)
    engine.allow(prepared, actor)
    unknown = islice((each for each in arguments if each not in declared), MAX_PROBLEMS)
    refuse(bad_input(each, "There is no such argument.", "UNKNOWN_FIELD") for each in unknown)
    return prepared


async def call_tool(engine: Engine, ctx: Context, name: str, arguments: Mapping[str, Any]) -> OperationResult:
    """Run a tool as the context's actor: in the context's transaction where one is open, else in one of its own.

    Never raises for what a caller can do wrong, such as an argument that is unknown, or a scope that the actor lacks:
    that is in the result.
    """
    if name not in TOOLS:
        return refused_result(Refusal("FORBIDDEN", f"{name} is no tool."), ctx.request_id)
    try:
        prepared = prepared_call(engine, ctx.actor, name, arguments)
    except (Refusal, Refusals) as refused:
        return refused_result(refused, ctx.request_id)
    return await engine.run(ctx, prepared)
