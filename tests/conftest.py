"""Fixtures that every test may ask for."""

import gc

import pytest

from tests.support.agency import agency
from tests.support.api import acme, api, api_runtime, api_settings, other
from tests.support.collector import collector
from tests.support.dev import dev
from tests.support.furnished import furnished
from tests.support.heap import coroutines_collected, settled_heap
from tests.support.jobs import org, runtime
from tests.support.logs import logging_restored, plain_tracebacks
from tests.support.order import longest_first
from tests.support.pool import single
from tests.support.redis import redis
from tests.support.rows import operations
from tests.support.servers import backends, own_backends, servers, template
from tests.support.studio import studio
from tests.support.tallies import TALLIES, table
from tests.support.webhooks import local, open_base, open_runtime, open_settings

__all__ = [
    "acme",
    "agency",
    "api",
    "api_runtime",
    "api_settings",
    "backends",
    "collector",
    "coroutines_collected",
    "dev",
    "furnished",
    "local",
    "logging_restored",
    "open_base",
    "open_runtime",
    "open_settings",
    "operations",
    "org",
    "other",
    "own_backends",
    "redis",
    "runtime",
    "servers",
    "settled_heap",
    "single",
    "studio",
    "template",
]


# Those of all tests, and those of the tests of `dev` and of the embedded servers.
SERVERS = {"servers", "dev", "supervisor", "postgres"}


def pytest_configure() -> None:
    """Let exceptions in the log cost as little as they do where nobody looks at them; collect no garbage of imports."""
    plain_tracebacks()
    gc.disable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs servers, so that `-m "not servers"` is the unit tests: these fixtures start them.

    Where several processes run the tests, they begin with the longest files.
    """
    for item in items:
        if isinstance(item, pytest.Function) and SERVERS & {*item.fixturenames}:
            item.add_marker("servers")
    if hasattr(config, "workerinput"):
        place = longest_first(item.nodeid for item in items)
        items.sort(key=lambda item: place(item.nodeid))


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what was imported and collected: it stays to the end, with its little
    garbage, which takes a second to find."""
    gc.freeze()
    gc.enable()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was made up and what it was answered, where tests of this process did so."""
    if TALLIES:
        terminalreporter.section("what was sent, and what came back")
        terminalreporter.write_line("\n".join(table()))
