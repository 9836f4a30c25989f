"""Times that may be null, as their indexes hold them: an infinity stands for a null."""

from typing import Any

import sqlalchemy as sa

from models.base import TIMESTAMP

LATEST, EARLIEST = "infinity", "-infinity"


def infinity(which: str) -> Any:
    """Return ``LATEST`` or ``EARLIEST`` as SQL has it."""
    return sa.literal_column(f"'{which}'::timestamptz", TIMESTAMP)


def or_infinity(column: Any, which: str) -> Any:
    """Return a time with ``LATEST`` or ``EARLIEST`` in place of null, which is the indexed expression."""
    # Not coalesce: under row-level security PostgreSQL would not use an index for it.
    return sa.case((column.is_(None), infinity(which)), else_=column)
