"""Work for many callers at once: one transaction for what several jobs of an organization need at the same moment."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from typing import Generic, TypeVar
from uuid import UUID

from resolvers.tracing import Span, Tracing
from workers.jobs.retry import is_transient

MOST = 32

T = TypeVar("T")
R = TypeVar("R")
Work = Callable[[UUID, Sequence[T]], Awaitable[Sequence[R | Exception]]]
# What is to be done, what takes its result, and the span that it is within.
_Item = tuple[T, "asyncio.Future[R]", Span | None]


class Batches(Generic[T, R]):
    """Collects the items of each organization, and runs ``work`` for them: what comes while a batch runs is the next.

    So one that comes alone does not wait, and the more come the larger are the batches. ``work`` returns a result for
    each item, or an error to raise. Where it fails for another reason than the state of the database, each item is
    tried alone, if it is to be ``apart``, so that one fails for none of the others.

    Where there is ``tracing``, what a batch does is a span of this ``name``, which is linked to those of its items.
    """

    def __init__(
        self, work: Work[T, R], most: int | None = None, *, apart: bool = True, name: str = "batch",
        tracing: Tracing | None = None,
    ) -> None:  # fmt: skip
        self._work, self._most, self._apart = work, most or MOST, apart
        self._name, self._tracing = name, tracing
        self._waiting: dict[UUID, deque[_Item[T, R]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def do(self, org_id: UUID, item: T) -> R:
        """Return the result of one item. Raises what its work raises."""
        loop = asyncio.get_running_loop()
        result: asyncio.Future[R] = loop.create_future()
        waiting = self._waiting.get(org_id)
        if waiting is None:
            waiting = self._waiting[org_id] = deque()
            task = loop.create_task(self._run(org_id, waiting))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        waiting.append((item, result, None if self._tracing is None else self._tracing.current()))
        return await result

    async def _run(self, org_id: UUID, waiting: "deque[_Item[T, R]]") -> None:
        while waiting:
            batch = [waiting.popleft() for _ in range(min(len(waiting), self._most))]
            await self._run_batch(org_id, [each for each in batch if not each[1].done()])
        del self._waiting[org_id]

    async def _run_batch(self, org_id: UUID, batch: "list[_Item[T, R]]") -> None:
        if not batch:
            return
        results: Sequence[R | Exception]
        traced = self._tracing
        try:
            with nullcontext() if traced is None else traced.shared(self._name, [span for _, _, span in batch]):
                results = await self._work(org_id, [item for item, _, _ in batch])
        except Exception as error:
            if self._apart and len(batch) > 1 and not is_transient(error):
                for each in batch:
                    await self._run_batch(org_id, [each])
                return
            results = [error] * len(batch)
        for (_, future, _), result in zip(batch, results, strict=True):
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
