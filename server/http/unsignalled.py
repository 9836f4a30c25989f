"""A server inside a process that handles signals itself: a worker's, or that of the tests."""

from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn


class UnsignalledServer(uvicorn.Server):
    """A server that ends when it is asked to: signals stay with the process around it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the handlers of signals as they are."""
        yield
