"""Transactions that must take place: tried again while the database is away, or busy."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from resolvers.database.connection_errors import CONNECTION_ERRORS
from resolvers.errors import Refusal

FIRST_S = 0.2
LONGEST_S = 5.0

T = TypeVar("T")


def passes(error: BaseException) -> bool:
    """Whether an error is the database's state of the moment, and says nothing about what was tried."""
    if isinstance(error, Refusal):
        return error.code in ("UNAVAILABLE", "OUTCOME_UNKNOWN")
    return isinstance(error, CONNECTION_ERRORS)


async def until_done(work: Callable[[], Awaitable[T]]) -> T:
    """Do ``work``, a transaction, and again after a pause for as long as the database cannot.

    Why it cannot is in the log once, however many wait. The caller holds a job's lease: whoever loses that is
    cancelled, or finds it lost in the transaction. Raises what ``work`` raises for another reason.
    """
    pause = FIRST_S
    while True:
        try:
            return await work()
        except Exception as error:
            if not passes(error):
                raise
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_S)
