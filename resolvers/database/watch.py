"""A watch over a pool's connections: one on which an answer does not come is dropped.

PostgreSQL ends a statement that takes too long, but not where its process stands still or the path to it has fallen
silent: nothing would ever end the waiting for that. The watch looks at all connections once a second, so that a
statement costs nothing more.
"""

import asyncio
from collections.abc import Callable, Iterable
from weakref import ref

from resolvers.database.connection import Answer, PooledConnection
from resolvers.database.connection_errors import NoAnswerError

LOOK_S = 1.0
# What a statement's answer is given beyond the time-out of the statement: at the defaults it is given up before the
# request is.
BEYOND_S = 3.0
# How long an answer is waited for by a process that is to end.
HURRIED_S = 3.0


def _note_nothing(_error: BaseException) -> None:
    """Do nothing: nobody notes what fails."""


def _no_answer(seconds: float) -> NoAnswerError:
    return NoAnswerError(f"no answer within {seconds:g} s: the connection was dropped")


class Watch:
    """Drops a connection whose answer has not come for ``patience_s``, or for the connection's own patience.

    What was idle since before it was asked may hang as well, and is closed: its next user would wait as long. ``idle``
    returns those connections. ``note`` is called with the error.
    """

    def __init__(self, patience_s: float, idle: Callable[[], Iterable[PooledConnection]]) -> None:
        self.patience_s = patience_s
        self._idle = idle
        self.note: Callable[[BaseException], None] = _note_nothing
        self._loop = asyncio.get_running_loop()
        self._hurried = False
        self._timer: asyncio.TimerHandle | None = None
        # What each waits for, and how many looks ago that was seen first: a loop that stood still itself, and has not
        # read the answer yet, has looked once. What comes is not kept.
        self._seen: dict[PooledConnection, tuple[ref[Answer] | None, int]] = {}

    def add(self, connection: PooledConnection) -> None:
        """Watch a connection until it is closed."""
        self._seen[connection] = (None, 0)
        if self._timer is None:
            self._timer = self._loop.call_later(LOOK_S, self._look)

    def hurry(self) -> None:
        """Wait for no answer longer than ``HURRIED_S`` from now on."""
        self._hurried = True

    def _look(self) -> None:
        self._seen = {each: seen for each, seen in self._seen.items() if not each.is_closed()}
        for connection, (awaited, looks) in list(self._seen.items()):
            answer = connection.answer
            if answer is None:
                self._seen[connection] = (None, 0)
            elif awaited is None or awaited() is not answer:
                self._seen[connection] = (ref(answer), 0)
            else:
                self._seen[connection] = (awaited, looks + 1)
                patience_s = connection.patience_s or self.patience_s
                patience_s = min(patience_s, HURRIED_S) if self._hurried else patience_s
                if (looks + 1) * LOOK_S >= patience_s:
                    self._give_up(connection, answer, patience_s)
        self._timer = self._loop.call_later(LOOK_S, self._look) if self._seen else None

    def _give_up(self, connection: PooledConnection, answer: Answer, patience_s: float) -> None:
        answer.set_exception(_no_answer(patience_s))
        self.drop(connection, patience_s)

    def drop(self, connection: PooledConnection, waited_s: float) -> None:
        """Close a connection that was waited for in vain, and those that have been idle for as long."""
        connection.terminate()
        self.note(_no_answer(waited_s))
        asked_at = self._loop.time() - waited_s
        for other in self._idle():
            if other.released_at <= asked_at:
                other.terminate()
