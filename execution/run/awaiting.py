"""Awaits values, and finishes work that nobody awaits."""

from asyncio import ensure_future, gather
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import Any

from graphql import GraphQLResolveInfoHelpers
from graphql.pyutils import gather_with_cancel, is_awaitable

from execution.run.null_propagation import Failure

# Tasks that nobody awaits: the loop holds weak references alone.
_background: set[Any] = set()


def _track(values: Sequence[Any]) -> None:
    """Finish work that nobody awaits, and retrieve its errors."""
    left = [value for value in values if is_awaitable(value)]
    if left:
        task = ensure_future(gather(*left, return_exceptions=True))
        _background.add(task)
        task.add_done_callback(_background.discard)


async def outcome(awaitable: Awaitable[Any]) -> Any:
    """Return what an awaitable returns, or a ``Failure`` with what it raises."""
    try:
        return await awaitable
    except Exception as error:
        return Failure(error)


def nothing(_: Any) -> None:
    """Do nothing with the outcome of an awaitable."""


async def _gather(values: Sequence[Awaitable[Any]]) -> list[Any]:
    return list(await gather_with_cancel(*values))


# One for all runs: a run with its own would be a cycle, whose rows and objects wait for the garbage collector.
HELPERS = GraphQLResolveInfoHelpers(_gather, _track)


async def close(iterator: Any) -> None:
    """Close an asynchronous iterator that can be closed, whatever comes of it."""
    aclose = getattr(iterator, "aclose", None)
    if aclose is not None:
        with suppress(Exception):
            await aclose()
