"""Bringing a database to the tables that this code works with."""

import psycopg
import sqlalchemy as sa
from alembic.util import CommandError as UnknownRevision

from migrations.revisions import WrongEncoding
from migrations.runner import upgrade
from server.database.databases import role_of
from server.errors import CommandError, DatabaseRefused


def apply_migrations(migration_url: str, app_url: str) -> int:
    """Bring the database to the newest revision. Return for how many organizations events of a restored dump were
    renumbered. Raises CommandError, one line, when that cannot be done."""
    try:
        return upgrade(migration_url, role_of(app_url))
    except ValueError as error:
        raise CommandError(f"DATABASE_URL: {error}") from None
    except WrongEncoding as error:
        raise DatabaseRefused("MIGRATION_DATABASE_URL", str(error)) from None
    except UnknownRevision as error:
        raise CommandError(f"the database was migrated by a newer version: {error}") from None
    except sa.exc.DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0]
        if isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
            reason = f"{reason}: log in as the role that owns the database and its tables"
        raise DatabaseRefused("MIGRATION_DATABASE_URL", reason) from None
