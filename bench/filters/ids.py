"""The keys of the rows that a measurement makes: the number of a row leads to its id, here and in the database."""

from hashlib import md5
from uuid import UUID

from models.typeid import encode

# 2026-01-01, in milliseconds since 1970.
SINCE = 1_767_225_600_000
_ID = """(lpad(to_hex({since} + {number}), 12, '0') || '7' || left(md5('{table}' || {number}), 3)
 || '8' || right(md5('{table}' || {number}), 15))::uuid"""


def row_id(table: str, number: str) -> str:
    """The SQL of the id of a table's row of a number."""
    return _ID.format(since=SINCE, table=table, number=number)


def id_of(prefix: str, table: str, number: int) -> str:
    """The id of a table's row of a number, as the graph shows it."""
    digest = md5(f"{table}{number}".encode(), usedforsecurity=False).hexdigest()
    return encode(prefix, UUID(f"{SINCE + number:012x}7{digest[:3]}8{digest[-15:]}"))
