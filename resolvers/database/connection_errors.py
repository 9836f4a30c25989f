"""A database that is away: which of its errors say so, and one log line for each stretch of them."""

import time
from collections.abc import Callable

import asyncpg
import structlog

# The database lacks what a newer revision brings: it is not migrated yet.
BEHIND = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError)
# Nothing was changed, and the caller may try again. By SQLSTATE: the classes 08 (connection), 40 (rolled back, as a
# deadlock is), 53 (a full disk, no memory, too many connections), 57 (shutdown, a time-out, a cancelled statement) and
# 58 (an input or output error), and of two classes that are faults of ours otherwise: 25006 (read-only, as a standby
# is), 25P03 and 25P04 (a transaction that was ended by a time-out), 55P03 (a lock that was not free in time) and 55006.
# The driver calls it an internal error when a statement meets a connection whose end the server has announced, but
# that has not ended yet.
AWAY = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.TransactionRollbackError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresSystemError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
    asyncpg.LockNotAvailableError,
    asyncpg.ObjectInUseError,
    *BEHIND,
)
# A stretch is over when nothing has failed for the same reason for so long; a long one is logged again each minute.
QUIET_S = 10.0
AGAIN_S = 60.0

log = structlog.get_logger()


class Outages:
    """What a process has met of a database that is away. ``clock`` gives seconds.

    ``logs``: the process runs for long, and has a log. A command says in its own line what refused it.
    """

    __slots__ = ("_clock", "_last", "_logged", "_since", "logs")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.logs = False
        self._last: float | None = None
        self._since: dict[str, float] = {}
        self._logged: dict[str, float] = {}

    def note(self, error: BaseException) -> None:
        """Remember that an error has said so, and log why where it is the first of its stretch."""
        moment = self._last = self._clock()
        if not self.logs:
            return
        reason = getattr(error, "sqlstate", None) or type(error).__name__
        over = moment - self._since.get(reason, -QUIET_S) >= QUIET_S
        self._since[reason] = moment
        if over or moment - self._logged[reason] >= AGAIN_S:
            self._logged[reason] = moment
            log.warning("database.unavailable", reason=reason, error=first_line(error))

    def within(self, seconds: float) -> bool:
        """Whether the database was away at some time of the last so many seconds."""
        return self._last is not None and self._clock() - self._last < seconds


def first_line(error: BaseException) -> str:
    """Return an error's text without the details and hints that follow it; its type's name where it has none."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
