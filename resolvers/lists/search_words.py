"""The words of a row's texts, by which a search finds it, and the words of a search."""

import re
from collections.abc import Iterable

from models.texts import caseless

_WORD = re.compile(r"[^\W_]+")
WORD_LENGTH = 64
WORDS_OF_A_ROW = 200
WORDS_OF_A_SEARCH = 8
READ_OF_A_SEARCH = 1_000
# The greatest code point: in collation "C" the words that begin with a text are those from it to it + LAST.
LAST = "\U0010ffff"


def words_of(texts: Iterable[object]) -> list[str]:
    """Return the distinct words of texts, without case: at most 200, each cut to 64 characters."""
    found: dict[str, None] = {}
    for text in texts:
        if text is not None:
            for word in _WORD.findall(caseless(str(text))):
                found[word[:WORD_LENGTH]] = None
    return list(found)[:WORDS_OF_A_ROW]


def has_word(text: str) -> bool:
    """Return whether what is read of a search surely has a word."""
    return _WORD.search(text, 0, READ_OF_A_SEARCH) is not None


def searched_words(text: str) -> list[str]:
    """Return the words of a search, without case: the first eight within its first 1,000 characters."""
    return words_of([text[:READ_OF_A_SEARCH]])[:WORDS_OF_A_SEARCH]
