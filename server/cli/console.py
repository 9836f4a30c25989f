"""What a person or a script reads: results on standard output, errors on standard error."""

import contextlib
import os
import sys
from collections.abc import Sequence
from datetime import datetime

from server.errors import OutputClosed


def say(text: str) -> None:
    """Print a line on standard output, at once. Raises OutputClosed when its reader has gone."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        discard()
        raise OutputClosed from None


def say_table(rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows with the cells of each column below each other; the first row is of headers."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    for row in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def time_cell(moment: datetime | None, otherwise: str) -> str:
    """Return a moment to the minute, or what stands for none."""
    return otherwise if moment is None else f"{moment:%Y-%m-%d %H:%M}Z"


def complain(text: str) -> None:
    """Print an error, a line for each of its lines, on standard error, where that can be written."""
    # Past its buffer, which would keep what cannot be written: the process would end with 120.
    stream = getattr(sys.stderr.buffer, "raw", sys.stderr.buffer)
    with contextlib.suppress(OSError):
        for line in text.splitlines():
            stream.write(f"counterfoil: {line}\n".encode("utf-8", "backslashreplace"))


def discard() -> None:
    """Send what is still written to standard output nowhere: Python would complain of its reader's absence at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
