"""The stream that a process's log goes to: a line that cannot be written fails nobody, and is counted."""

import io
from collections.abc import Callable
from threading import RLock
from typing import IO

# ValueError of a stream that was closed.
_FAILURES = (OSError, ValueError)


class LogStream:
    """Writes lines to a stream past its buffer, which would keep a line that cannot be written and raise with each
    later one: where the disk is full, the reader of a pipe has gone or does not keep up. ``told`` returns the line
    that says how many were lost; it is written before the next one that can be."""

    # structlog keeps a lock for each stream, by a weak reference.
    __slots__ = ("__weakref__", "_lock", "_raw", "_told", "_torn", "lost")

    def __init__(self, stream: IO[bytes], told: Callable[[int], str]) -> None:
        self._raw: io.RawIOBase | IO[bytes] = getattr(stream, "raw", stream)
        self._told = told
        # Whether the last line lacks its end.
        self._torn = False
        self.lost = 0
        # A signal may come while a line is written, and log too.
        self._lock = RLock()

    def write(self, text: str) -> None:
        """Write a line, with its end; never raises."""
        self.line(text.encode("utf-8", "backslashreplace"))

    def flush(self) -> None:
        """Do nothing: what was written is there."""

    def line(self, line: bytes) -> None:
        """Write a line of UTF-8, with its end; never raises."""
        with self._lock:
            if self.lost and self._put(f"{self._told(self.lost)}\n".encode()):
                self.lost = 0
            if self.lost:
                self.lost += 1
                return
            if self._torn:
                # A signal's log, within the line that it interrupted.
                self.lost += not self._put(line)
                return
            try:
                # Nearly each line ends here, and each request writes one.
                written = self._raw.write(line)
                whole = written == len(line) or self._finish(line, written)
            except _FAILURES:
                whole = False
            if not whole:
                self.lost += 1

    def _put(self, line: bytes) -> bool:
        """Return whether all of a line was written; the end of one before it that lacks it goes first."""
        if self._torn:
            line = b"\n" + line
        try:
            return self._finish(line, self._raw.write(line))
        except _FAILURES:
            return False

    def _finish(self, line: bytes, written: int | None) -> bool:
        """Write what is left of a line, as long as some of it can be; return whether that was all."""
        while written is None or written < len(line):
            # None from a stream that does not wait.
            if not written:
                return False
            self._torn = not line[:written].endswith(b"\n")
            line = line[written:]
            written = self._raw.write(line)
        self._torn = False
        return True
