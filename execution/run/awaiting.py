"""What is awaited, and what nobody waits for."""

from asyncio import ensure_future, gather
from collections.abc import AsyncIterable, Awaitable, Sequence
from typing import Any

from graphql import GraphQLResolveInfoHelpers
from graphql.pyutils import gather_with_cancel, is_awaitable

# Work that nobody waits for: the loop itself holds no task.
_background: set[Any] = set()


def _track(values: Sequence[Any]) -> None:
    """Let work that nobody waits for come to its end, and its errors be seen."""
    left = [value for value in values if is_awaitable(value)]
    if left:
        task = ensure_future(gather(*left, return_exceptions=True))
        _background.add(task)
        task.add_done_callback(_background.discard)


async def outcome(awaitable: Awaitable[Any]) -> Any:
    """What an awaitable came to: an exception stands for having failed."""
    try:
        return await awaitable
    except Exception as error:
        return error


async def collected(items: AsyncIterable[Any]) -> tuple[list[Any], Exception | None]:
    """What came of a stream, and what ended it before its end."""
    found: list[Any] = []
    try:
        async for item in items:
            found.append(item)  # noqa: PERF401 - what came before an error is kept
    except Exception as error:
        return found, error
    return found, None


async def _gather(values: Sequence[Awaitable[Any]]) -> list[Any]:
    return list(await gather_with_cancel(*values))


# One for all runs: a run that held its own would be a cycle, and all its rows and objects wait for the state.
HELPERS = GraphQLResolveInfoHelpers(_gather, _track)
