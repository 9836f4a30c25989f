"""Commits that are waited for, also when their request is cancelled meanwhile."""

import asyncio

from resolvers.database.connection import PooledConnection
from resolvers.database.connection_errors import CONNECTION_ERRORS
from resolvers.database.runtime import Runtime, outcome_unknown

# How long a commit is waited for after its request was cancelled.
COMMIT_S = 5.0


async def commit(runtime: Runtime, connection: PooledConnection, *, keyed: bool) -> None:
    """Commit. When the request is cancelled meanwhile, the commit is still waited for, up to ``COMMIT_S``.

    Raises Refusal OUTCOME_UNKNOWN when the connection is lost; ``keyed``: the request has an Idempotency-Key.
    """
    work = asyncio.ensure_future(connection.execute("commit"))
    try:
        done = await asyncio.shield(work)
    except asyncio.CancelledError:
        work.add_done_callback(_retrieve_exception)
        ended, _ = await asyncio.wait([work], timeout=COMMIT_S)
        if not ended:
            connection.terminate()
        raise
    except CONNECTION_ERRORS as error:
        runtime.outages.note(error)
        raise outcome_unknown(keyed=keyed) from error
    if done != "COMMIT":
        raise RuntimeError("the transaction was rolled back: one of its statements failed, and the error was ignored")


def _retrieve_exception(work: "asyncio.Future[str]") -> None:
    """Retrieve the error of a future that nobody waits for, so that asyncio does not report it."""
    if not work.cancelled():
        work.exception()
