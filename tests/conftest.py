"""Fixtures that every test may ask for."""

from tests.jobs_support import org, runtime
from tests.servers import backends, own_backends, servers, template

__all__ = ["backends", "org", "own_backends", "runtime", "servers", "template"]
