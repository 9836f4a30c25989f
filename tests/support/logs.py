"""What tests of logging share."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from server.monitoring import logs


@pytest.fixture
def logging_restored() -> Iterator[None]:
    """The process's logs go where they went before, once the test is over: `serve` and `worker` direct them too."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    quiet, sink = logs.access.quiet, logs.access.sink
    yield
    root.handlers = handlers
    root.setLevel(level)
    logs.access.quiet, logs.access.sink = quiet, sink
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
