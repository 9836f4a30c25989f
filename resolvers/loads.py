"""Loads of fields: one for all objects of a level, and those of a level together."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import wraps
from typing import Any

from execution import Args
from resolvers.context import Context
from resolvers.database.together import BegunLoad, Held, Load, begun, ended

# Loads one field for all objects of a level. Returns one value for each parent, in their order.
BatchResolver = Callable[[Context, list[Any], Args], Coroutine[Any, Any, list[Any]]]


def shared(load: Callable[[Context, Args], Coroutine[Any, Any, Any]]) -> BatchResolver:
    """Return a batch resolver for a value that does not depend on the parents: it is loaded once for all of them."""

    @wraps(load)
    async def resolve(ctx: Context, parents: list[Any], args: Args) -> list[Any]:
        return [await load(ctx, args)] * len(parents)

    return resolve


async def begin_loads(ctx: Context, loads: Sequence[Load]) -> Sequence[Awaitable[Any]]:
    """Run the loads of a level up to their first statements, and send these in one round trip. Return what completes
    each: what else a load does is done when that is awaited.

    Where statements are traced, each of them is sent by itself: its span has its own time. So are those that may take
    long: their time is counted.
    """
    if ctx.runtime.tracing is not None or ctx.capped or not ctx.is_open:
        return loads
    held = ctx.held = Held()
    found: list[Awaitable[Any]] = []
    try:
        for load in loads:
            first = begun(load)
            if isinstance(first, BegunLoad) and not first.is_held:
                # What it waits for may have the connection, which the statements need.
                ctx.held = None
                first = await ended(first)
                ctx.held = held
            found.append(first)
        ctx.held = None
        if len(held.statements) > 1:
            await ctx.send(held.statements)
    except BaseException:
        ctx.held = None
        for load in loads:
            load.close()
        raise
    return found
