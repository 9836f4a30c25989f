"""Real servers for the tests: embedded ones, or those that the environment names, and databases of the tests' own."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from migrations.runner import upgrade
from server.database.databases import create_database, drop_database, role_of, with_database
from server.dev.embedded import ephemeral_servers
from tests.support.memory import memory_folder

NAMES = ("DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL")


@dataclass(frozen=True)
class Backends:
    """Where the servers are: the application's role, the owner's and Redis."""

    database_url: str = field(repr=False)
    migration_database_url: str = field(repr=False)
    redis_url: str = field(repr=False)

    @property
    def database(self) -> str:
        """The name of the database."""
        return self.database_url.rsplit("/", 1)[1].partition("?")[0]

    def with_database(self, name: str) -> "Backends":
        """The same servers, another database."""
        return Backends(
            with_database(self.database_url, name), with_database(self.migration_database_url, name), self.redis_url
        )

    @contextmanager
    def empty_database(self, *, template: str | None = None) -> Iterator["Backends"]:
        """A database for the block alone, without tables or as a copy of `template`, dropped at its end."""
        name = f"counterfoil_test_{secrets.token_hex(6)}"
        create_database(self.migration_database_url, self.database_url, name, template=template)
        try:
            yield self.with_database(name)
        finally:
            drop_database(self.migration_database_url, name)


@pytest.fixture(scope="session")
def servers() -> Iterator[Backends]:
    """The servers alone; nothing is migrated in the database that their URLs name."""
    given = [os.environ.get(name, "") for name in NAMES]
    if all(given):
        yield Backends(*given)
    elif any(given):
        raise pytest.UsageError(f"set all of {', '.join(NAMES)}, or none for embedded servers")
    else:
        with ephemeral_servers(memory_folder()) as started:
            yield Backends(started.database_url, started.migration_database_url, started.redis_url)


@pytest.fixture(scope="session")
def template(servers: Backends) -> Iterator[str]:
    """The name of a migrated database that nobody connects to, to be copied in a tenth of a second."""
    with servers.empty_database() as made:
        upgrade(made.migration_database_url, role_of(made.database_url))
        yield made.database


@pytest.fixture(scope="session")
def backends(servers: Backends, template: str) -> Iterator[Backends]:
    """The servers with a migrated, empty database that all tests of the session share."""
    with servers.empty_database(template=template) as made:
        yield made


@pytest.fixture
def own_backends(servers: Backends, template: str) -> Iterator[Backends]:
    """The servers with a migrated, empty database for one test."""
    with servers.empty_database(template=template) as made:
        yield made
