"""Fixtures that all tests share."""

pytest_plugins = ["tests.servers", "tests.jobs_support"]
