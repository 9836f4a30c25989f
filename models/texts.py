"""Texts as they are stored and compared: what is the same to a reader is the same text."""

import re
import unicodedata
from collections.abc import Iterable


def _ranges(numbers: Iterable[int]) -> str:
    """Return characters, by their ascending numbers, as a class of a regular expression."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in found)


# What combines with what stands before it; Unicode has it in these blocks. Three vowel signs of Tibetan are no marks by
# their own class, but stand for two.
_COMBINING = [
    number for number in range(0x300, 0x1F000) if unicodedata.combining(unicodedata.normalize("NFD", chr(number))[0])
]
_MARK = _ranges(_COMBINING)
_MARKS = re.compile(rf"[{_MARK}]{{30}}(?=[{_MARK}])")
# Found in each text in which those are, and in few others. One range of what is beyond 16 bits is read ten times as
# fast as the marks among it.
LONG_ROW = re.compile(rf"[{_ranges(number for number in _COMBINING if number < 0x10000)}\U00010000-\U0001efff]{{31}}")
# Divides marks without being seen.
_JOINER = "\u034f"


def nfc(text: str) -> str:
    """Return a text in NFC; rows of more than 30 combining marks are divided, as in Unicode's Stream-Safe Text Format.

    To put a row of marks into its order takes a time that grows with the square of its length.
    """
    if text.isascii():
        return text
    divided = _MARKS.sub(rf"\g<0>{_JOINER}", text) if LONG_ROW.search(text) else text
    return unicodedata.normalize("NFC", divided)


def normalized(text: str) -> str:
    """Return a text trimmed and in NFC, its lines ended by newlines alone."""
    return nfc(text.replace("\r\n", "\n")).strip()


def caseless(text: str) -> str:
    """Return the form of a text by which it is compared without case."""
    return nfc(text.casefold())
