"""Errors of a database that is not available: which they are, and one log line for each outage."""

import time
from collections.abc import Callable

import asyncpg
import structlog

# A table or a column is missing: the database is not migrated to this version yet.
NOT_MIGRATED_ERRORS = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError)
# Errors after which nothing was changed and the caller may try again. By SQLSTATE, they are the classes 08
# (connection), 40 (rolled back, such as a deadlock), 53 (no disk, memory or connections left), 57 (shutdown, time-
# out, cancelled statement) and 58 (input or output error); and of other classes 25006 (read-only, such as a standby),
# 25P03 and 25P04 (a transaction ended by a time-out), 55P03 (a lock that was not free in time) and 55006 (object in
# use).
# asyncpg raises InternalClientError for a statement on a connection that the server has begun to close, and
# InvalidCachedStatementError where a table has changed since the statement was prepared: the next connection prepares
# it anew.
CONNECTION_ERRORS = (
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
    asyncpg.InvalidCachedStatementError,
    *NOT_MIGRATED_ERRORS,
)
# What stands for the causes of all errors of lost connections.
LOST = "lost"
# PostgreSQL's clock decides, and starts when the statement has come.
PART_OF_TIMEOUT = 0.9
# An outage is over when nothing has failed for its cause for QUIET_S; a longer one is logged again every AGAIN_S.
QUIET_S = 10.0
AGAIN_S = 60.0

log = structlog.get_logger()


class NoAnswerError(TimeoutError):
    """The database did not answer in time, not even that a statement took too long: the connection is dropped."""


class PoolBusyError(TimeoutError):
    """No connection came back in time: all of them are in use."""


class Outages:
    """The outages of the database that a process has met. ``clock`` returns seconds.

    ``logs`` is whether they are logged: a command prints its error instead.
    """

    __slots__ = ("_clock", "_last", "_logged", "_since", "logs")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.logs = False
        self._last: float | None = None
        self._since: dict[str, float] = {}
        self._logged: dict[str, float] = {}

    def note(self, error: BaseException) -> None:
        """Record an error, and log it if it is the first of its cause in an outage."""
        moment = self._last = self._clock()
        if not self.logs:
            return
        reason = getattr(error, "sqlstate", None) or type(error).__name__
        cause = LOST if is_lost(error) else reason
        over = moment - self._since.get(cause, -QUIET_S) >= QUIET_S
        self._since[cause] = moment
        if over or moment - self._logged[cause] >= AGAIN_S:
            self._logged[cause] = moment
            log.warning("database.unavailable", reason=reason, error=first_line(error))

    def within(self, seconds: float) -> bool:
        """Return whether there was an error within the last ``seconds``."""
        return self._last is not None and self._clock() - self._last < seconds


def is_timed_out(error: BaseException, seconds: float, timeout_ms: int) -> bool:
    """Return whether a statement that ended after so many seconds was stopped by its timeout. What is cancelled sooner
    was cancelled by somebody: an administrator, or a server that ends."""
    return isinstance(error, asyncpg.QueryCanceledError) and seconds * 1_000 >= timeout_ms * PART_OF_TIMEOUT


def is_lost(error: BaseException) -> bool:
    """Return whether an error tells that a connection ended or could not be made: a database that dies causes several
    of them."""
    state = getattr(error, "sqlstate", None)
    return not isinstance(error, TimeoutError) if state is None else state.startswith(("08", "57P"))


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text, without details and hints; its type's name if it has no text."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
