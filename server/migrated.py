"""Whether a database has the tables that this code works with, and bringing it there."""

import asyncpg
import psycopg
import sqlalchemy as sa
from alembic.util import CommandError as UnknownRevision

from migrations.runner import revisions, upgrade
from resolvers.runtime import BEHIND, Connection
from server.databases import role_of
from server.errors import CommandError, DatabaseRefused

NOT_MIGRATED = "the database is not migrated: run `counterfoil migrate`"


async def is_migrated(connection: Connection) -> bool:
    """Return whether the database is at the newest revision that this code knows, or at one of a newer version.

    A newer version's process migrates while older ones still run: what it did fits them.
    """
    try:
        found = await connection.fetchval("select version_num from alembic_version")
    except (*BEHIND, asyncpg.InsufficientPrivilegeError):
        return False
    known = revisions()
    return found == known.head or (found is not None and found not in known.known)


def apply_migrations(migration_url: str, app_url: str) -> None:
    """Bring the database to the newest revision. Raises CommandError, one line, when that cannot be done."""
    try:
        upgrade(migration_url, role_of(app_url))
    except ValueError as error:
        raise CommandError(f"DATABASE_URL: {error}") from None
    except UnknownRevision as error:
        raise CommandError(f"the database was migrated by a newer version: {error}") from None
    except sa.exc.DBAPIError as error:
        told = str(error.orig).strip().splitlines()[0]
        if isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
            told = f"{told}: log in as the role that owns the database and its tables"
        raise DatabaseRefused("MIGRATION_DATABASE_URL", told) from None
