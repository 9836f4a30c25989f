"""Texts in NFC: what is the same to a reader is the same text, in a time that grows with its length alone."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.texts import LONG_ROW, nfc, normalized

ABOVE, BELOW = "\u0301", "\u0316"
JOINER = "\u034f"


def test_rows_of_marks_are_divided_at_30() -> None:
    """So none is longer than what is put into its order at once."""
    found = nfc("a" + ABOVE * 100 + BELOW * 100)
    assert max(map(len, found.split(JOINER))) <= 31
    assert found.count(ABOVE) + found.count(BELOW) + found.count("á") == 200
    assert found.count(JOINER) == 6
    assert nfc(found) == found


@pytest.mark.parametrize("marks", [1, 29, 30])
def test_rows_as_texts_have_them_stay(marks: int) -> None:
    text = "a" + BELOW * (marks - 1) + ABOVE
    assert nfc(text) == unicodedata.normalize("NFC", text)
    assert JOINER not in nfc(text)


@given(st.text(max_size=30))
def test_a_short_text_is_in_nfc(text: str) -> None:
    assert nfc(text) == unicodedata.normalize("NFC", text)


def test_a_long_row_takes_no_longer_than_its_text() -> None:
    """A row of so many marks took minutes, and a test is ended after 900 s."""
    assert len(normalized("a" + ABOVE * 500_000 + BELOW * 500_000)) > 1_000_000


def _begins_with_mark(character: str) -> bool:
    """Whether what a character stands for begins with a mark, which is put into its order among those before it."""
    return unicodedata.combining(unicodedata.normalize("NFD", character)[0]) != 0


def test_no_mark_is_elsewhere() -> None:
    far = (*range(0x300), *range(0x1F000, sys.maxunicode + 1))
    assert [number for number in far if _begins_with_mark(chr(number))] == []


def test_vowels_that_stand_for_two_marks_are_marks() -> None:
    tibetan = "\u0f73\u0f75\u0f81"
    assert {unicodedata.combining(vowel) for vowel in tibetan} == {0}
    assert len(nfc("a" + tibetan * 1_000).split(JOINER)) == 100


def test_each_mark_is_looked_for_in_rows() -> None:
    for number in range(0x110000):
        mark = chr(number)
        if _begins_with_mark(mark):
            assert LONG_ROW.search("a" + mark * 31), hex(number)
            assert JOINER in nfc("a" + mark * 31), hex(number)
    assert not LONG_ROW.search("é" * 100 + ABOVE * 30 + "ж가🎉" * 40)
