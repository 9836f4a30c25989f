"""Fixtures that every test may ask for."""

from tests.api_support import acme, api, api_runtime, api_settings, other
from tests.jobs_support import org, runtime
from tests.logs_support import logging_restored
from tests.pool_support import single
from tests.servers import backends, own_backends, servers, template

__all__ = [
    "acme",
    "api",
    "api_runtime",
    "api_settings",
    "backends",
    "logging_restored",
    "org",
    "other",
    "own_backends",
    "runtime",
    "servers",
    "single",
    "template",
]
