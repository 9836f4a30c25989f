"""What a person or a script reads: results on standard output, errors on standard error."""

import contextlib
import os
import sys

from server.errors import OutputClosed


def say(text: str) -> None:
    """Print a line on standard output, at once. Raises OutputClosed when its reader has gone."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        discard()
        raise OutputClosed from None


def complain(text: str) -> None:
    """Print an error, a line for each of its lines, on standard error."""
    with contextlib.suppress(BrokenPipeError):
        for line in text.splitlines():
            print(f"counterfoil: {line}", file=sys.stderr, flush=True)


def discard() -> None:
    """Send what is still written to standard output nowhere: Python would complain of its reader's absence at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
