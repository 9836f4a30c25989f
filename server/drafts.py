"""Files for their owner alone, which are there whole or not at all."""

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from server.errors import CommandError


@contextmanager
def drafted(path: Path) -> Iterator[Callable[[bytes], None]]:
    """Yield a file that takes its name at the end of the block, and is gone after an exception; the value writes to it.

    Raises CommandError, which names `path`, when the file cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with _named(path):
        # What a killed process of the same number left.
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    file = os.fdopen(descriptor, "wb")

    def write(data: bytes) -> None:
        with _named(path):
            file.write(data)

    try:
        yield write
        with _named(path):
            file.close()
            draft.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            file.close()
        draft.unlink(missing_ok=True)
        raise


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # Not the error itself: the draft's name is nobody's, and a database's trouble is an OSError too.
        raise CommandError(f"{error.strerror or error}: {path}") from None


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all. Raises CommandError."""
    with drafted(path) as write:
        write(text.encode())
