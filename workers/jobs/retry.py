"""Retries of transactions that must take place, while the database is not available or busy."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from resolvers.database.connection_errors import CONNECTION_ERRORS
from resolvers.errors import Refusal

FIRST_S = 0.2
LONGEST_S = 5.0

T = TypeVar("T")


def is_transient(error: BaseException) -> bool:
    """Return whether an error comes from the state of the database, and not from what was tried."""
    if isinstance(error, Refusal):
        return error.code in ("UNAVAILABLE", "OUTCOME_UNKNOWN")
    return isinstance(error, CONNECTION_ERRORS)


async def retry(work: Callable[[], Awaitable[T]]) -> T:
    """Run ``work``, a transaction, again and again while it fails with transient errors, with growing pauses.

    An outage is logged once, however many callers wait. There is no limit, as a caller holds the lease of a job: it is
    cancelled, or its transaction fails, when it has lost the lease. Raises the other errors of ``work``.
    """
    pause = FIRST_S
    while True:
        try:
            return await work()
        except Exception as error:
            if not is_transient(error):
                raise
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_S)
