"""What a person or a script reads: results on standard output, errors on standard error."""

import sys


def say(text: str) -> None:
    """Print a line on standard output, at once."""
    print(text, flush=True)


def complain(text: str) -> None:
    """Print an error, a line for each of its lines, on standard error."""
    for line in text.splitlines():
        print(f"counterfoil: {line}", file=sys.stderr, flush=True)
