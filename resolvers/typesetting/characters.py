"""Texts as fonts can show them: what is no character is replaced, what only misleads is left out."""

import re
import unicodedata
from itertools import pairwise

REPLACEMENT = "\ufffd"
# A run without a space that is longer than this may be broken, after so many characters, unless the caller says
# otherwise.
UNBROKEN, PIECE = 24, 8
# Marks where a run may be broken. The template prints none, so that a text that is copied from the page has none.
BREAK = "\u200b"
_RUN = re.compile(r"\S+")
_LINES = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
# Format characters that turn text around, hide it, or only mark it up.
_HIDDEN = re.compile("[\u200b\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]")
_NONE = frozenset({"Cc", "Cs", "Co"})
# What stays with the character before it.
_JOINED = frozenset({"Mn", "Mc", "Me"})


def printable(text: str, unbroken: int | None = UNBROKEN) -> str:
    """Return a text as it is printed, with a newline between its lines.

    Controls, surrogates, private and other characters that are none become U+FFFD. Format characters that turn text
    around or hide it are left out. A run of more than ``unbroken`` characters (None: no run) gets ``BREAK`` where it
    may be broken.
    """
    text = _LINES.sub("\n", text).replace("\t", " ")
    if not (text.isascii() and text.replace("\n", "").isprintable()):
        text = "".join(map(_shown, _HIDDEN.sub("", text)))
    if unbroken is None:
        return text
    return _RUN.sub(lambda run: _broken(run[0]) if len(run[0]) > unbroken else run[0], text)


def _shown(character: str) -> str:
    # The last two of each plane are no characters.
    is_none = unicodedata.category(character) in _NONE or ord(character) & 0xFFFE == 0xFFFE
    return REPLACEMENT if is_none and character != "\n" else character


def _broken(run: str) -> str:
    made, length = [run[0]], 1
    for before, character in pairwise(run):
        joined = unicodedata.category(character) in _JOINED or "\u200d" in (before, character)
        if length >= PIECE and not joined:
            made.append(BREAK)
            length = 0
        made.append(character)
        length += 1
    return "".join(made)
