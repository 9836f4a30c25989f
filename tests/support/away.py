"""What tests of a database that is away need: one that is read-only for a block, and the log."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
import structlog
from psycopg import sql

from tests.support.servers import Backends


@contextmanager
def read_only(backends: Backends) -> Iterator[None]:
    """The database takes no changes while the block runs, as after a failover: connections end, new ones only read."""
    _set_read_only(backends, "on")
    try:
        yield
    finally:
        _set_read_only(backends, "off")


def _set_read_only(backends: Backends, value: str) -> None:
    with psycopg.connect(backends.migration_database_url, autocommit=True) as owner:
        owner.execute("set default_transaction_read_only = off")
        name = sql.Identifier(owner.info.dbname)
        owner.execute(sql.SQL("alter database {} set default_transaction_read_only = {}").format(name, sql.SQL(value)))
    end_connections(backends)


def end_connections(backends: Backends) -> None:
    """End every connection of the application to the database."""
    with psycopg.connect(backends.database_url, autocommit=True) as app:
        others = "from pg_stat_activity where datname = current_database() and usename = current_user"
        app.execute(f"select pg_terminate_backend(pid, 5000) {others} and pid <> pg_backend_pid()".encode())


@pytest.fixture
def log_lines(logging_restored: None, caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """The records of the log, each with its event and values as text."""
    shown: list[Any] = [structlog.stdlib.add_log_level, structlog.processors.KeyValueRenderer(repr_native_str=False)]
    structlog.configure(processors=shown, logger_factory=structlog.stdlib.LoggerFactory())
    caplog.set_level(logging.INFO)
    return caplog


def lines_with(caplog: pytest.LogCaptureFixture, event: str) -> list[str]:
    """The texts of the records of an event."""
    return [text for record in caplog.records if event in (text := record.getMessage())]
