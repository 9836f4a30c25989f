"""What tests of roles need: a server of their own, for roles belong to a whole server, and what is said of a role."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest

from migrations.runner import upgrade
from resolvers.database.pools import open_pool
from server.database.databases import role_of, with_database
from server.database.roles import require_plain_role
from server.dev.embedded import ephemeral_servers
from server.errors import CommandError
from tests.support.memory import memory_folder

GROUPS = {"boss": "superuser", "blind": "bypassrls", "maker": "createrole", "copier": "replication", "plain": ""}


@dataclass(frozen=True)
class Server:
    """A server and its migrated database."""

    url: str
    app: str
    owner: str

    def run(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements as the superuser; the rows of the last."""
        found: list[tuple[object, ...]] = []
        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
                found = cursor.fetchall() if cursor.description else []
        return found

    @contextmanager
    def login(self, *statements: str) -> Iterator[tuple[str, str]]:
        """A new role that has the application's grants, and these, in which ``ROLE`` is its name; its name and URL."""
        name, password = f"app_{secrets.token_hex(4)}", secrets.token_hex(8)
        self.run(f"create role {name} login password '{password}'", f"grant {self.app} to {name}")
        try:
            self.run(*(statement.replace("ROLE", name) for statement in statements))
            yield name, f"postgresql://{name}:{password}@{self.url.rpartition('@')[2]}"
        finally:
            self.run(
                f"alter role {name} nosuperuser",
                f"reassign owned by {name} to {self.owner}",
                "alter schema public owner to pg_database_owner",
                f"drop owned by {name}",
                f"drop role {name}",
            )


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with ephemeral_servers(memory_folder()) as made:
        upgrade(made.migration_database_url, role_of(made.database_url))
        url = with_database(made.superuser_url, made.database_url.rpartition("/")[2])
        server = Server(url, role_of(made.database_url), role_of(made.migration_database_url))
        server.run(*(f"create role {name} {right}" for name, right in GROUPS.items()))
        yield server


async def judge(url: str) -> str | None:
    """What is said of a role; None when it passes."""
    pool = await open_pool(url, min_size=1, max_size=1)
    link = await pool.acquire(10)
    try:
        await require_plain_role(link)
    except CommandError as error:
        return str(error)
    finally:
        pool.release(link)
        await pool.close()
    return None
