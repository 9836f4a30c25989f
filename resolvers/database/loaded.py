"""The limit on what one operation loads, checked while rows arrive: a response that is too large is never in memory."""

from collections.abc import Sequence
from itertools import chain
from operator import itemgetter
from sys import getsizeof
from typing import Any

import orjson

from resolvers.database.connection import PooledConnection
from resolvers.database.sql import JSON_TIMES, Sql, Width
from resolvers.errors import Refusal

MAX_BYTES = 8 * 1024 * 1024
# An answer costs at least one for each of so many bytes; one that is refused as too large was loaded, and not written.
BYTES_OF_UNIT, COST_OF_REFUSED = 2_048, 2_048
# So many rows, a page and one more, are always loaded at once, however long their texts may be; of rows that may be as
# wide as these, fewer.
ROWS_AT_ONCE, WIDE, WIDE_ROWS_AT_ONCE = 101, 1024 * 1024, 8
# Beside the characters, so many bytes for each of many small values of JSON.
BYTES_OF_VALUE = 96
# What JSON takes at most for each of its bytes: each may begin a value.
MOST_TIMES = BYTES_OF_VALUE + 8
# What a text takes beside its characters, and up to how many bytes texts are estimated together and not measured.
BYTES_OF_OBJECT, ESTIMATED_BYTES = 80, 256 * 1024


class Loaded:
    """What one operation has loaded.

    ``bound`` is an upper limit of its bytes, by the widths of the columns. Values are measured only when it exceeds
    ``MAX_BYTES``. ``long`` is the size of the measured values. ``refused`` is how often it came to be too large.
    """

    __slots__ = ("_rows", "_short", "bound", "long", "refused")

    def __init__(self) -> None:
        self.bound = 0
        self.long = 0
        self.refused = 0
        # The rows of which nothing was measured yet.
        self._rows: list[tuple[Sql, Sequence[Any]]] = []
        # The rows of which only long values were measured: other texts count at their greatest possible size.
        self._short: list[tuple[Sql, Sequence[Any]]] = []

    def copy(self) -> "Loaded":
        """Return a copy, to return to when what is loaded next is discarded."""
        made = Loaded()
        made.bound, made.long, made.refused = self.bound, self.long, self.refused
        made._rows, made._short = self._rows.copy(), self._short.copy()
        return made

    def too_large(self) -> Refusal:
        """Return the refusal for a response that would be too large, which is noted."""
        self.refused += 1
        limit = MAX_BYTES // 1024 // 1024
        message = f"The response would have more than {limit} MiB: request smaller pages or fewer fields."
        return Refusal("TOO_COMPLEX", message)

    def room(self, sql: Sql) -> int:
        """Return how many rows of a statement may be loaded at once. Raises Refusal TOO_COMPLEX at the limit."""
        if self.bound > MAX_BYTES:
            raise self.too_large()
        least = ROWS_AT_ONCE if sql.widest < WIDE else WIDE_ROWS_AT_ONCE
        return max(least, (MAX_BYTES - self.bound) // sql.widest)

    def share(self, sql: Sql, number: int) -> int | None:
        """Return how many rows of one of so many statements that are sent together may be loaded (0: all); None where
        it cannot be a page."""
        if not sql.widest:
            return 0
        limit = (MAX_BYTES - self.bound) // number // sql.widest
        return limit if limit >= (sql.most or ROWS_AT_ONCE) else None

    def add(self, sql: Sql, rows: Sequence[Any]) -> None:
        """Count rows that were loaded. Raises Refusal TOO_COMPLEX beyond the limit."""
        if not rows:
            return
        self._rows.append((sql, rows))
        self.bound += len(rows) * sql.widest
        if self.bound > MAX_BYTES:
            self.count()

    async def rest(self, connection: PooledConnection, sql: Sql, rows: list[Any]) -> list[Any]:
        """Load the other rows of the statement that ran last, and return all. Raises Refusal TOO_COMPLEX."""
        ended = False
        while not ended:
            more, ended = await connection.more(self.room(sql))
            self.add(sql, more)
            rows += more
        return rows

    def count(self) -> int:
        """Measure the values that may be long, and return their size. Raises Refusal TOO_COMPLEX beyond the limit."""
        size = 0
        for sql, rows in self._rows:
            for place in sql.measured:
                width = sql.widths[place]
                self.bound -= len(rows) * width.bytes
                size += _size_of(width, list(map(itemgetter(place), rows)))
        self.long += size
        self.bound += size
        self._short += self._rows
        self._rows.clear()
        if self.bound > MAX_BYTES:
            # Other texts too are seldom as long as they may be, or of four-byte characters only.
            for sql, rows in self._short:
                for place, width in enumerate(sql.widths):
                    if width.text or width.array:
                        self._measure(width, list(map(itemgetter(place), rows)))
            self._short.clear()
        if self.bound > MAX_BYTES:
            raise self.too_large()
        return self.long

    def _measure(self, width: Width, values: list[Any]) -> None:
        """Replace the greatest possible size of a column's values in ``bound`` by their real size."""
        size = sum(map(getsizeof, values))
        if width.array:
            size += sum(map(getsizeof, chain.from_iterable(filter(None, values))))
        if width.measured:
            size -= _size_of(width, values)
            self.long += size
        else:
            size -= len(values) * width.bytes
        self.bound += size


def _size_of(width: Width, values: list[Any]) -> int:
    """Return the size of values, or an upper limit if that is small: to measure each value takes ten times as long."""
    if width.json:
        written = orjson.dumps(values)
        if len(written) * MOST_TIMES <= ESTIMATED_BYTES:
            return len(written) * MOST_TIMES
        # Characters, not bytes: characters of most scripts take two or three bytes in UTF-8.
        text = written.decode()
        # A character takes at most what it does in the whole text, and a text that is not ASCII keeps its UTF-8, too.
        held = getsizeof(text) + (0 if text.isascii() else len(written))
        # A bracket, a comma or a colon comes before each value.
        return max(len(text) * JSON_TIMES, held + BYTES_OF_VALUE * sum(map(text.count, "[{,:")))
    estimate = 4 * sum(map(len, filter(None, values))) + BYTES_OF_OBJECT * len(values)
    return estimate if estimate <= ESTIMATED_BYTES else sum(map(getsizeof, values))
