"""Several statements in one round trip: their messages are sent without a Sync between them.

asyncpg has no pipeline. Its protocol sends the last of the statements, and reads that one's answer. Each of those
before it is written and read by a protocol of asyncpg's own that has no server: it is given its part of what the server
sends.
"""

import asyncio
import struct
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import asyncpg
from asyncpg.protocol import NO_TIMEOUT, Protocol

# The rows of a statement, or the error that it ended with; None for one that has to be run by itself.
StatementOutcome = list[Any] | Exception | None

_SYNC = b"S\0\0\0\x04"
# What a server says when it has let a client in, and when it is ready within a transaction.
_WELCOME, _READY = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I", b"Z\0\0\0\x05T"
_NOBODY: Any = SimpleNamespace(user="", password=None, database="", server_settings=None)
_length = struct.Struct(">i").unpack_from
_HEADER = 5
_ERROR = b"E"[0]
# CommandComplete and PortalSuspended.
_ENDS = frozenset(b"Cs")
# They may come at any time, and are the connection's: a notice, a notification and the value of a parameter.
_AT_ANY_TIME = frozenset(b"NAS")


def whole(outcome: StatementOutcome, limit: int) -> StatementOutcome:
    """Return an outcome; None for rows that may not be all of them: the next statement has ended the one before it."""
    return None if limit and isinstance(outcome, list) and len(outcome) >= limit else outcome


class Codec:
    """Writes the messages of one statement at a time, and reads its rows."""

    __slots__ = ("_protocol", "_work", "_written")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._protocol: Any = Protocol(None, loop.create_future(), _NOBODY, asyncpg.Record, loop)
        self._protocol.connection_made(self)
        self._protocol.data_received(_WELCOME)
        self._work: Any = None

    def messages(self, statement: Any, arguments: Sequence[Any], limit: int) -> bytes:
        """Return the messages that run a statement, without a Sync. Raises DataError or InterfaceError for an argument
        that cannot be sent."""
        self._work = self._protocol.bind_execute(statement, arguments, "", limit, False, NO_TIMEOUT)
        self._work.send(None)
        return self._written[: -len(_SYNC)]

    def read(self, data: bytes) -> None:
        """Read a part of the answer to the statement."""
        self._protocol.data_received(data)

    def rows(self) -> StatementOutcome:
        """Return the statement's rows, once its answer was read to its end; or why they cannot be read."""
        try:
            self._work.send(None)
        except StopIteration as ended:
            rows: list[Any] = ended.value
            return rows
        except Exception as error:
            return error
        raise AssertionError("the answer was not read to its end")

    def get_extra_info(self, _name: str) -> None:
        """Return nothing: as a transport it leads nowhere."""

    def write(self, data: memoryview) -> None:
        """Keep what the protocol writes, which is all messages of a statement at once."""
        self._written = bytes(data)


class Answers(asyncio.Protocol):
    """Gives each codec its part of what a server sends, and the connection's protocol all that follows.

    ``skipped`` is how many statements were sent before, of which nothing is read. ``done`` is how many parts are
    complete. After an error the server ends the whole pipeline: the connection's protocol gets the error.
    """

    __slots__ = ("_codecs", "_left", "_protocol", "_skipped", "done")

    def __init__(self, protocol: Any, codecs: Sequence[Codec], skipped: int) -> None:
        self._protocol, self._codecs, self._skipped = protocol, codecs, skipped
        self._left = b""
        self.done = 0

    def data_received(self, data: bytes) -> None:
        """Read what the server has sent: its messages may begin in one piece and end in another."""
        codecs, done = self._codecs, self.done
        if done == len(codecs) and not self._skipped:
            self._protocol.data_received(data)
            return
        if self._left:
            data = self._left + data
        size = len(data)
        start = at = 0
        while at + _HEADER <= size:
            end = at + 1 + _length(data, at + 1)[0]
            if end > size:
                break
            message_type = data[at]
            if message_type == _ERROR:
                self._through(data[at:])
                return
            if message_type in _AT_ANY_TIME:
                self._protocol.data_received(data[at:end])
            at = end
            if message_type in _ENDS:
                if self._skipped:
                    self._skipped -= 1
                else:
                    codecs[done].read(data[start:at] + _READY)
                    self.done = done = done + 1
                start = at
                if done == len(codecs) and not self._skipped:
                    self._through(data[at:])
                    return
        if start < at and not self._skipped:
            codecs[done].read(data[start:at])
        self._left = data[at:]

    def _through(self, data: bytes) -> None:
        """Leave the rest to the connection's protocol."""
        self._codecs, self._skipped, self._left = self._codecs[: self.done], 0, b""
        if data:
            self._protocol.data_received(data)

    def end(self, transport: Any) -> None:
        """Give the transport back to the connection's protocol, with what was not read of a message."""
        transport.set_protocol(self._protocol)
        self._through(self._left)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the connection's protocol."""
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        """Tell the connection's protocol."""
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """Tell the connection's protocol."""
        self._protocol.resume_writing()
