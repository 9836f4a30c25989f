"""The limit on what one operation loads, checked while rows arrive: a response that is too large is never in memory."""

from collections.abc import Mapping, Sequence
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
BYTES_OF_UNIT, COST_OF_REFUSED = 2_048, 20_000
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

    ``bound`` is an upper limit of the bytes that it holds, by the widths of the columns, ``shown`` one of those that it
    takes in a response that shows each row once; ``shared`` is how often a row is shown at most, None where that is not
    known. Values are measured only when a limit exceeds what is allowed, JSON first, of which most holds much less than
    it may; ``long`` is what the measured ones take in a response. ``refused`` is how many answers were too large, of
    which a mutation has one for each root field, and ``kept`` how many bytes of results are kept to be sent again.
    """

    __slots__ = ("_noted", "_rows", "_short", "_texts", "bound", "kept", "long", "refused", "shared", "shown")

    def __init__(self) -> None:
        self.bound = 0
        self.shown = 0
        self.shared: int | None = 1
        self.long = 0
        self.refused = self.kept = 0
        self._noted = False
        # The rows of which nothing was measured yet.
        self._rows: list[tuple[Sql, Sequence[Any]]] = []
        # The columns of long texts that were not measured yet: of the others JSON was.
        self._texts: list[tuple[Width, int, Sequence[Any]]] = []
        # The rows of which only long values were measured: other texts count at their greatest possible size.
        self._short: list[tuple[Sql, Sequence[Any]]] = []

    def copy(self) -> "Loaded":
        """Return a copy, to return to when what is loaded next is discarded."""
        made = Loaded()
        made.bound, made.long, made.refused = self.bound, self.long, self.refused
        made.shown, made.shared, made.kept, made._noted = self.shown, self.shared, self.kept, self._noted
        made._rows, made._texts, made._short = self._rows.copy(), self._texts.copy(), self._short.copy()
        return made

    def note_refused(self) -> None:
        """Count an answer as too large, once: what is loaded after that, or judged of it, finds the limit passed."""
        if not self._noted:
            self._noted = True
            self.refused += 1

    def too_large(self) -> Refusal:
        """Return the refusal for a response that would be too large, which is noted."""
        self.note_refused()
        limit = MAX_BYTES // 1024 // 1024
        message = f"The response, or the data loaded for it, would exceed {limit} MiB"
        return Refusal("TOO_COMPLEX", f"{message}: request smaller pages or fewer fields.")

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
        self.shown += len(rows) * sql.widest
        if self.bound > MAX_BYTES:
            self._fit()

    async def rest(self, connection: PooledConnection, sql: Sql, rows: list[Any]) -> list[Any]:
        """Load the other rows of the statement that ran last, and return all. Raises Refusal TOO_COMPLEX."""
        ended = False
        while not ended:
            more, ended = await connection.more(self.room(sql))
            self.add(sql, more)
            rows += more
        return rows

    def hold(self, row: Mapping[str, Any]) -> None:
        """Count the texts of a row that was there before. A character takes at most four bytes in a response."""
        size = 4 * sum(len(value) for value in row.values() if isinstance(value, str))
        self.bound += size
        self.shown += size
        self.long += size

    def count(self, enough: int) -> int:
        """Measure values that may be long until at most ``enough`` bytes can be shown, or to the last of them.

        Return that limit, or else what all of them take. Raises Refusal TOO_COMPLEX where more was loaded than is
        allowed: JSON of many small values holds more than the width of its column.
        """
        if self.shown > enough:
            self._measure_json()
        while self._texts and self.shown > enough:
            self._replace(*self._texts.pop())
        if self.bound > MAX_BYTES:
            self._fit()
        return self.shown if self.shown <= enough else self.long

    def _fit(self) -> None:
        """Measure the values that may be long, and others if need be. Raises Refusal TOO_COMPLEX beyond the limit."""
        self._measure_json()
        while self._texts and self.bound > MAX_BYTES:
            self._replace(*self._texts.pop())
        if self.bound > MAX_BYTES:
            # Other texts too are seldom as long as they may be, or of four-byte characters only.
            for sql, rows in self._short:
                for place, width in enumerate(sql.widths):
                    if width.text or width.array:
                        self._measure(width, list(map(itemgetter(place), rows)))
            self._short.clear()
        if self.bound > MAX_BYTES:
            raise self.too_large()

    def _measure_json(self) -> None:
        for sql, rows in self._rows:
            for place in sql.measured:
                if sql.widths[place].json:
                    self._replace(sql.widths[place], place, rows)
                else:
                    self._texts.append((sql.widths[place], place, rows))
        self._short += self._rows
        self._rows.clear()

    def _replace(self, width: Width, place: int, rows: Sequence[Any]) -> None:
        """Replace the greatest possible size of a column's values by what they hold and take."""
        held, shown = _sizes_of(width, list(map(itemgetter(place), rows)))
        self.bound += held - len(rows) * width.bytes
        self.shown += shown - len(rows) * width.bytes
        self.long += shown

    def _measure(self, width: Width, values: list[Any]) -> None:
        """Replace the greatest possible size of a column's values in ``bound`` by their real size."""
        size = sum(map(getsizeof, values))
        if width.array:
            size += sum(map(getsizeof, chain.from_iterable(filter(None, values))))
        self.bound += size - (_sizes_of(width, values)[0] if width.measured else len(values) * width.bytes)


def _sizes_of(width: Width, values: list[Any]) -> tuple[int, int]:
    """Return what values hold, and what they take in a response; upper limits of both if these are small: to measure
    each value takes ten times as long.

    A response has two bytes for a quotation mark or a newline, and for some characters that Python has in one. What is
    made of JSON takes at most three times its text.
    """
    if width.json:
        written = orjson.dumps(values)
        shown = JSON_TIMES * len(written)
        if len(written) * MOST_TIMES <= ESTIMATED_BYTES:
            return len(written) * MOST_TIMES, shown
        # Characters, not bytes: characters of most scripts take two or three bytes in UTF-8.
        text = written.decode()
        # A character takes at most what it does in the whole text, and a text that is not ASCII keeps its UTF-8, too.
        held = getsizeof(text) + (0 if text.isascii() else len(written))
        # A bracket, a comma or a colon comes before each value.
        return max(len(text) * JSON_TIMES, held + BYTES_OF_VALUE * sum(map(text.count, "[{,:"))), shown
    estimate = 4 * sum(map(len, filter(None, values))) + BYTES_OF_OBJECT * len(values)
    if estimate <= ESTIMATED_BYTES:
        return estimate, estimate
    size = sum(map(getsizeof, values))
    return size, 2 * size
