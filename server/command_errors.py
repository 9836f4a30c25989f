"""Errors of a command for what a database refuses: one line, with the setting that leads there and the reason."""

import os
import re
import socket

import asyncpg
import psycopg
import sqlalchemy as sa

from resolvers.database.connection_errors import first_line
from resolvers.errors import Refusal, Refusals
from server.errors import CommandError, DatabaseRefused, SettingsError

APP, OWNER = "DATABASE_URL", "MIGRATION_DATABASE_URL"
_LOST = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError)


def command_error(error: BaseException | None) -> CommandError | SettingsError | None:
    """Return a command's error for what a resolver or a database refused; None for any other exception."""
    if isinstance(error, Refusals):
        return CommandError("\n".join(each.message for each in error.refusals))
    if isinstance(error, Refusal):
        cause = error.__cause__
        if cause is None or error.status != 503:
            return CommandError(error.message)
        if error.code == "OUTCOME_UNKNOWN":
            return DatabaseRefused(APP, f"it is not known whether the change was made: {_reason(cause)}")
        return command_error(cause) or DatabaseRefused(APP, _reason(cause))
    if isinstance(error, asyncpg.ClientConfigurationError):
        return SettingsError(f"{APP} is malformed: {first_line(error)}")
    if isinstance(error, (asyncpg.PostgresError, ConnectionError, *_LOST)):
        return DatabaseRefused(APP, _reason(error))
    if isinstance(error, sa.exc.DBAPIError):
        return command_error(error.orig)
    if isinstance(error, psycopg.Error):
        # Only the owner's URL is used through this driver.
        return DatabaseRefused(OWNER, _reason(error))
    return None


def _reason(error: BaseException) -> str:
    """Say in one line why, in the words of the database or of the system."""
    if isinstance(error, OSError):
        return f"cannot reach the database: {_system(error)}"
    text = first_line(error)
    if isinstance(error, _LOST):
        return f"the connection to the database was lost: {text}"
    return text if isinstance(error, psycopg.Error) else f"the database refused: {text}"


def _system(error: OSError) -> str:
    """Return what the system says: asyncio puts a call's name in place of it, and several addresses into one text."""
    text = str(error)
    if isinstance(error, socket.gaierror):
        return error.strerror or text
    calls = re.findall(r"\[Errno (\d+)\] Connect call failed \('([^']+)', (\d+)", text)
    if calls:
        return ", ".join(f"{os.strerror(int(number))} ({host} port {port})" for number, host, port in calls)
    # Of a connection that was lost asyncpg says by which call it learned of that.
    lost = "the connection was lost" if isinstance(error, ConnectionError) else text
    return error.strerror or lost or "no answer in time"
