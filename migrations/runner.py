"""Bring a database to a revision, as its owner."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from migrations.grants import grant_missing
from migrations.restored import renumber_restored
from migrations.revisions import CONNECT_S, ENCODING, WrongEncoding

_ROLE = re.compile(r"[a-z_][a-z0-9_]{0,62}")
# Any fixed number: it only has to be the same in every process that migrates.
MIGRATION_LOCK = 0x636F756E
# How often a migration is tried that ends in a deadlock; PostgreSQL takes a second to find one.
TRIES = 5

T = TypeVar("T")


def engine_for(migration_url: str) -> sa.Engine:
    """Return an engine for the owner's URL, whichever PostgreSQL scheme it is written with."""
    _, _, rest = migration_url.partition("://")
    url = sa.make_url(f"postgresql+psycopg://{rest}")
    if "connect_timeout" not in url.query:
        url = url.update_query_dict({"connect_timeout": str(CONNECT_S)})
    # Without it the texts of a database without an encoding are bytes.
    url = url.update_query_dict({"client_encoding": "utf8"})
    return sa.create_engine(url, poolclass=sa.NullPool)


def upgrade(migration_url: str, app_role: str, revision: str = "head") -> int:
    """Migrate up. Waits for another migration to end; never waits over 5 s for a lock that traffic holds, and tries
    again after a deadlock with it. At the newest revision, the application's role is granted what it lacks, and events
    that were restored from another cluster get numbers of this one: return for how many organizations.

    Raises ValueError for a role name that is not a plain lower-case identifier, WrongEncoding for a database of another
    encoding than UTF-8.
    """
    with _migrating(migration_url, app_role) as (connection, config):
        _until_done(connection, lambda: command.upgrade(config, revision))
        connection.commit()
        if revision != "head":
            return 0
        grant_missing(connection, app_role)
        return _until_done(connection, lambda: renumber_restored(connection))


def downgrade(migration_url: str, app_role: str, revision: str) -> None:
    """Migrate down to a revision (``base`` for an empty database)."""
    with _migrating(migration_url, app_role) as (connection, config):
        _until_done(connection, lambda: command.downgrade(config, revision))


@contextmanager
def _migrating(migration_url: str, app_role: str) -> Iterator[tuple[sa.Connection, Config]]:
    """Open the owner's connection for a block, in which no other process migrates, and what Alembic needs."""
    if not _ROLE.fullmatch(app_role):
        raise ValueError(f"the application's role {app_role!r} is not a plain lower-case name")
    config = _config()
    engine = engine_for(migration_url)
    with engine.connect() as connection:
        encoding = connection.execute(sa.text("show server_encoding")).scalar_one()
        if encoding != ENCODING:
            raise WrongEncoding(encoding)
        connection.execute(sa.text("select pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        connection.execute(sa.text("set lock_timeout = '5s'"))
        connection.execute(sa.text("set row_security = off"))
        connection.commit()
        config.attributes.update(connection=connection, app_role=app_role)
        yield connection, config
        connection.commit()
        connection.execute(sa.text("select pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
        connection.commit()


def _until_done(connection: sa.Connection, action: Callable[[], T]) -> T:
    """Run an action again where the traffic and it waited for each other: the revisions that it finished are kept."""
    tries = 0
    while True:
        try:
            return action()
        except sa.exc.OperationalError as error:
            tries += 1
            if tries == TRIES or not isinstance(error.orig, psycopg.errors.DeadlockDetected):
                raise
            connection.rollback()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config
