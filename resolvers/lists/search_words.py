"""The words by which a row is found, and those that a person typed to find it."""

import re
from collections.abc import Iterable

from models.words import key_of

_WORD = re.compile(r"[^\W_]+")
WORD_LENGTH = 64
WORDS_OF_A_ROW = 200
WORDS_OF_A_SEARCH = 8
READ_OF_A_SEARCH = 1_000
# The greatest code point: with collation "C", every word that begins with a text lies between it and it with this.
LAST = "\U0010ffff"


def words_of(texts: Iterable[object]) -> list[str]:
    """The distinct words of some texts, without case, at most 200 of 64 characters."""
    found: dict[str, None] = {}
    for text in texts:
        if text is not None:
            for word in _WORD.findall(key_of(str(text))):
                found[word[:WORD_LENGTH]] = None
    return list(found)[:WORDS_OF_A_ROW]


def searched_words(text: str) -> list[str]:
    """The words of a search, without case; the first eight count, among its first 1,000 characters."""
    return words_of([text[:READ_OF_A_SEARCH]])[:WORDS_OF_A_SEARCH]
