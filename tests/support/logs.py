"""What tests of logging share."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from server.monitoring import logs


def plain_tracebacks() -> None:
    """Configure structlog as it is by itself, but for tracebacks as Python writes them: rich draws a table of each."""
    structlog.reset_defaults()
    *before, _ = structlog.get_config()["processors"]
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*before, renderer])


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
    plain_tracebacks()
    structlog.contextvars.clear_contextvars()
