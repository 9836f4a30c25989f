"""How much one operation has loaded: bounded while rows arrive, so that no answer is in memory that may not leave."""

from collections.abc import Sequence
from itertools import chain
from sys import getsizeof
from typing import Any

import orjson

from resolvers.database.connection import PooledConnection
from resolvers.database.sql import Sql, Width
from resolvers.errors import Refusal

MOST_BYTES = 8 * 1024 * 1024
# A page is loaded in one piece, however long its texts may be.
PIECE = 101
# JSON is read into objects, which take more than its text.
JSON_TIMES = 3
# What a text takes beside its characters; texts that together take no more than this are not looked at one by one.
OBJECT, FEW = 80, 256 * 1024


def too_large() -> Refusal:
    """The answer would be too large."""
    most = MOST_BYTES // 1024 // 1024
    return Refusal("TOO_COMPLEX", f"The answer would have more than {most} MiB. Ask for smaller pages or less of each.")


class Loaded:
    """What one operation has loaded. As long as it cannot be too much by the widths of the columns, nothing is
    counted: ``bound`` is what it is at most."""

    __slots__ = ("_rows", "_short", "bound", "long")

    def __init__(self) -> None:
        self.bound = 0
        # What is known of values that may be long; the rows that were not looked at yet.
        self.long = 0
        self._rows: list[tuple[Sql, Sequence[Any]]] = []
        # The rows whose texts count as if each were as long as it may be, or of the widest characters.
        self._short: list[tuple[Sql, Sequence[Any]]] = []

    def copy(self) -> "Loaded":
        """What is loaded so far, to go back to when what comes next is undone."""
        made = Loaded()
        made.bound, made.long = self.bound, self.long
        made._rows, made._short = self._rows.copy(), self._short.copy()
        return made

    def room(self, sql: Sql) -> int:
        """How many rows of a statement may be loaded at once. Raises Refusal TOO_COMPLEX when it is too much."""
        if self.bound > MOST_BYTES:
            raise too_large()
        return max(PIECE, (MOST_BYTES - self.bound) // sql.widest)

    def add(self, sql: Sql, rows: Sequence[Any]) -> None:
        """Rows have been loaded. Raises Refusal TOO_COMPLEX."""
        if not rows:
            return
        self._rows.append((sql, rows))
        self.bound += len(rows) * sql.widest
        if self.bound > MOST_BYTES:
            self.count()

    async def rest(self, connection: PooledConnection, sql: Sql, rows: list[Any]) -> list[Any]:
        """All rows of the statement that ran last, of which the first are there. Raises Refusal TOO_COMPLEX."""
        ended = False
        while not ended:
            more, ended = await connection.more(self.room(sql))
            self.add(sql, more)
            rows += more
        return rows

    def count(self) -> int:
        """The bytes that what may be long takes at most, looked at. Raises Refusal TOO_COMPLEX."""
        found = 0
        for sql, rows in self._rows:
            for place in sql.counted:
                width = sql.widths[place]
                self.bound -= len(rows) * width.bytes
                found += _at_most(width, [row[place] for row in rows])
        self.long += found
        self.bound += found
        self._short += self._rows
        self._rows.clear()
        if self.bound > MOST_BYTES:
            # It is rare that texts are all as long as they may be, or of the widest characters.
            for sql, rows in self._short:
                for place, width in enumerate(sql.widths):
                    if width.text or width.array:
                        self._weigh(width, [row[place] for row in rows])
            self._short.clear()
        if self.bound > MOST_BYTES:
            raise too_large()
        return self.long

    def _weigh(self, width: Width, values: list[Any]) -> None:
        """Count what a column's values take instead of what they take at most."""
        size = sum(map(getsizeof, values))
        if width.array:
            size += sum(map(getsizeof, chain.from_iterable(filter(None, values))))
        if width.counted:
            size -= _at_most(width, values)
            self.long += size
        else:
            size -= len(values) * width.bytes
        self.bound += size


def _at_most(width: Width, values: list[Any]) -> int:
    """The bytes that a column's values take; where they are few, at most: to look at each costs ten times as much."""
    if width.json:
        # The characters of its JSON: as bytes those of most scripts would count twice or three times.
        return len(orjson.dumps(values).decode()) * JSON_TIMES
    most = 4 * sum(map(len, filter(None, values))) + OBJECT * len(values)
    return most if most <= FEW else sum(map(getsizeof, values))
