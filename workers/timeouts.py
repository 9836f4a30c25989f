"""A limit of time that is about others: while this process stands still, nobody else can be late."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

# A timer that fires later than this was kept from it: the process was stopped, or had no processor.
LATE_S = 0.1


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """Raise TimeoutError when the block takes longer than so many seconds, as ``asyncio.timeout`` does.

    Where the event loop comes to it late, it first gives what arrived meanwhile as long as it was late, up to twice
    the whole time: else a stalled process would take every receiver that it waits for to be slow.
    """
    loop = asyncio.get_running_loop()
    due = loop.time() + seconds
    last = due + seconds
    timer: asyncio.TimerHandle
    async with asyncio.timeout(None) as limit:

        def over(when: float) -> None:
            nonlocal timer
            now = loop.time()
            if now - when > LATE_S and now < last:
                later = min(now + (now - when), last)
                timer = loop.call_at(later, over, later)
            else:
                limit.reschedule(now)

        timer = loop.call_at(due, over, due)
        try:
            yield
        finally:
            timer.cancel()
