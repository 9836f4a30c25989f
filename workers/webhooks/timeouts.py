"""Time-outs for remote parties that do not count the time in which this process itself was stalled."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

# A timer that fires later than this was delayed: the process was stopped, or had no CPU time.
LATE_S = 0.1


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """Raise TimeoutError when the block takes longer than so many seconds, as ``asyncio.timeout`` does.

    When the event loop was stalled, the time-out is extended by as long as its timer was late, up to twice the time in
    all. Otherwise a stalled process would blame every receiver that it waits for.
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
