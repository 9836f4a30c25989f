"""A row that was joined to its parent's, where something other than a serializer reads it."""

from typing import Any


class JoinedRow:
    """Columns of a parent's row as a row of their own, read by name; there, their names begin with ``prefix``."""

    __slots__ = ("_prefix", "_row")

    # Python would otherwise walk it by numbers, which are no names.
    __iter__ = None

    def __init__(self, row: Any, prefix: str) -> None:
        self._row, self._prefix = row, prefix

    def __getitem__(self, name: str) -> Any:
        return self._row[self._prefix + name]

    def __contains__(self, name: str) -> bool:
        return self._prefix + name in self._row


# Rows that are read by name, whatever the order of what they hold.
NAMED = frozenset({dict, JoinedRow})
