"""A document's text, in which the place of an error is found at once: graphql-core reads all lines before it."""

import re
from array import array
from bisect import bisect_left

from graphql import Source, SourceLocation

_NEWLINE = re.compile(r"\r\n|[\n\r]")


class IndexedSource(Source):
    """A text of fewer than 65,536 characters whose line breaks are found when the first place is asked for."""

    __slots__ = ("_breaks", "_starts")

    def __init__(self, body: str) -> None:
        super().__init__(body)
        # Where line breaks begin, and where the lines after them do.
        self._breaks: array[int] | None = None
        self._starts = array("H")

    def get_location(self, position: int) -> SourceLocation:
        """Return the line and the column of a position, both from 1."""
        if self._breaks is None:
            found = list(_NEWLINE.finditer(self.body))
            self._breaks = array("H", [each.start() for each in found])
            self._starts = array("H", [0, *(each.end() for each in found)])
        before = bisect_left(self._breaks, position)
        return SourceLocation(before + 1, position + 1 - self._starts[before])
