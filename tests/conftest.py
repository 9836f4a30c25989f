"""Fixtures that every test may ask for."""

import pytest

from tests.api_support import acme, api, api_runtime, api_settings, other
from tests.dev_support import dev
from tests.jobs_support import org, runtime
from tests.logs_support import logging_restored
from tests.pool_support import single
from tests.servers import backends, own_backends, servers, template
from tests.studio_support import studio
from tests.webhooks_support import local, open_base, open_runtime, open_settings

__all__ = [
    "acme",
    "api",
    "api_runtime",
    "api_settings",
    "backends",
    "dev",
    "local",
    "logging_restored",
    "open_base",
    "open_runtime",
    "open_settings",
    "org",
    "other",
    "own_backends",
    "runtime",
    "servers",
    "single",
    "studio",
    "template",
]


# Those of all tests, and those of the tests of `dev` and of the embedded servers.
SERVERS = {"servers", "dev", "supervisor", "postgres"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs servers, so that `-m "not servers"` is the unit tests: these fixtures start them."""
    for item in items:
        if isinstance(item, pytest.Function) and SERVERS & {*item.fixturenames}:
            item.add_marker("servers")
