"""Places in a document are graphql-core's, and are found without reading all lines before them."""

import random

import pytest
from graphql import Source

from execution import DocumentLimitError, parse_operation
from execution.guard import source
from execution.guard.documents import MAX_BREAKS
from execution.guard.source import IndexedSource


def test_places_are_those_of_graphql_core() -> None:
    chosen = random.Random(7)
    texts = ["", "a", "\n", "\r\n", "\r\n\r", *("".join(chosen.choices("ab\n\r", k=60)) for _ in range(200))]
    for text in texts:
        ours, theirs = IndexedSource(text), Source(text)
        for position in range(len(text) + 2):
            assert ours.get_location(position) == theirs.get_location(position), (text, position)
        assert ours == theirs


def test_the_lines_of_a_document_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    operation = parse_operation("\n" * 3_000 + "{\n  a\n  b\n}", None)
    loc = operation.definition.loc
    assert loc is not None
    assert loc.source.get_location(loc.start) == (3_001, 1)
    # Nothing is read of them a second time.
    monkeypatch.setattr(source, "_NEWLINE", None)
    assert loc.source.get_location(loc.start + 4) == (3_002, 3)


@pytest.mark.parametrize("line_break", ["\n", "\r"])
def test_a_document_has_so_many_line_breaks(line_break: str) -> None:
    parse_operation(line_break * MAX_BREAKS + "{ a }", None)
    with pytest.raises(DocumentLimitError, match=f"more than {MAX_BREAKS} line breaks"):
        parse_operation(line_break * (MAX_BREAKS + 1) + "{ a }", None)
