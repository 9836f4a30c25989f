"""Databases as their owner sees them; and those beside the one in a URL, which tests and measurements want."""

from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from migrations.revisions import CONNECT_S


def with_database(url: str, name: str) -> str:
    """Return the URL of another database on the same server, as the same role."""
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def role_of(url: str) -> str:
    """Return the role that a URL logs in as. Raises ValueError when it names none."""
    name = urlsplit(url).username
    if not name:
        raise ValueError("the database URL names no role")
    return unquote(name)


def revision_of(owner_url: str) -> str | None:
    """Return the revision that a database was migrated to; None where it has none, or this role may not read it.

    Raises psycopg.OperationalError when the database cannot be reached.
    """
    timeout = int(conninfo_to_dict(owner_url).get("connect_timeout") or CONNECT_S)
    with psycopg.connect(owner_url, connect_timeout=timeout) as connection:
        try:
            found = connection.execute("select version_num from alembic_version").fetchone()
        except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege):
            return None
    return None if found is None else str(found[0])


def create_database(owner_url: str, app_url: str, name: str, *, template: str | None = None) -> None:
    """Create a database that the owner owns and the application's role may connect to, empty or as a template's copy.

    `owner_url` is any database of the server, as a role with CREATEDB; nobody may be connected to the template.
    """
    with psycopg.connect(owner_url, autocommit=True) as connection:
        copied = sql.SQL(" template {}").format(sql.Identifier(template)) if template else sql.SQL("")
        database, app = sql.Identifier(name), sql.Identifier(role_of(app_url))
        # By default each page of the template is written to the log, which takes four times as long.
        connection.execute(sql.SQL("create database {}{} strategy file_copy").format(database, copied))
        connection.execute(sql.SQL("revoke all on database {} from public").format(database))
        connection.execute(sql.SQL("grant connect on database {} to {}").format(database, app))


def drop_database(owner_url: str, name: str) -> None:
    """Drop a database if it exists; the owner's connections to it are ended.

    Raises psycopg.errors.ObjectInUse where other roles' connections stay open for more than 5 s.
    """
    drop = sql.SQL("drop database if exists {}").format(sql.Identifier(name))
    with psycopg.connect(owner_url, autocommit=True) as connection:
        try:
            connection.execute(drop + sql.SQL(" with (force)"))
        except psycopg.errors.InsufficientPrivilege:
            # The owner may not end another role's connection, so one that is closing is waited for.
            connection.execute(drop)
