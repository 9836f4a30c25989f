"""Whether a database has the tables that this code works with, and the encoding."""

import asyncpg

from migrations.revisions import ENCODING, WrongEncoding, revisions
from resolvers.database.connection_errors import NOT_MIGRATED_ERRORS
from resolvers.database.runtime import Connection
from server.errors import CommandError

READ_ONLY = "the database is read-only: it takes no changes"
NOT_MIGRATED = "the database is not migrated: run `counterfoil migrate`"

# A standby is read-only, and so is a server on which somebody set it, before a failover or with a disk nearly full.
_STATE = """
select version_num, pg_is_in_recovery() or current_setting('transaction_read_only')::bool as read_only
from alembic_version"""


async def require_encoding(connection: Connection) -> None:
    """Refuse a database that cannot keep every text. Raises CommandError."""
    encoding = await connection.fetchval("show server_encoding")
    if encoding != ENCODING:
        raise CommandError(f"DATABASE_URL: {WrongEncoding(encoding)}")


async def is_migrated(connection: Connection) -> bool:
    """Return whether the database is at the newest revision that this code knows, or at one of a newer version.

    A newer version's process migrates while older ones still run: what it did fits them.
    """
    try:
        found = await connection.fetchval("select version_num from alembic_version")
    except (*NOT_MIGRATED_ERRORS, asyncpg.InsufficientPrivilegeError):
        return False
    return _is_known(found)


async def why_not_ready(connection: Connection) -> str | None:
    """Return why requests cannot be answered, although the database answers: it is not migrated, or read-only."""
    try:
        row = await connection.fetchrow(_STATE)
    except (*NOT_MIGRATED_ERRORS, asyncpg.InsufficientPrivilegeError):
        return NOT_MIGRATED
    if row is None or not _is_known(row["version_num"]):
        return NOT_MIGRATED
    return READ_ONLY if row["read_only"] else None


def _is_known(revision: str | None) -> bool:
    known = revisions()
    return revision == known.head or (revision is not None and revision not in known.known)
