"""The regular expressions of forms: those that mean the same here and to ECMAScript, whose patterns JSON Schema has.

Where the engines differ, a pattern is translated or refused. ``.`` is every character except a newline here, and except
four ends of lines in ECMAScript: it is compiled as a class. The word boundaries ``\\b`` and ``\\B`` know all letters
here, and those of ASCII in ECMAScript: they are refused. ``\\d``, ``\\w`` and ``\\s`` are compiled as the classes that
they are in ECMAScript: this engine has the same, but takes many times as long to read a pattern with many of them.
``^`` and ``$`` are the same, and case is never folded. ``\\p{…}`` may differ in characters that one engine's version of
Unicode does not have yet.
"""

import re

_CATEGORIES = "C|Cc|Cf|Co|L|Ll|Lm|Lo|Lt|Lu|M|Mc|Me|Mn|N|Nd|Nl|No|P|Pc|Pd|Pe|Pf|Pi|Po|Ps|S|Sc|Sk|Sm|So|Z|Zl|Zp|Zs"
_SCRIPTS = "Arabic|Armenian|Bengali|Cyrillic|Devanagari|Georgian|Greek|Han|Hangul|Hebrew|Hiragana|Katakana|Latin|Thai"
_ESCAPED = (
    r"[dDwWsSfnrtv^$\\.*+?()\[\]{}|/]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|u\{[0-9A-Fa-f]{1,6}\}"
    rf"|[pP]\{{(?:{_CATEGORIES}|(?:Script|sc)=(?:{_SCRIPTS}))\}}"
)
# Two of these signs are an operation between sets to this engine, and two characters to the other one.
_MEMBER = rf"(?!&&|--|~~)(?:\\(?:{_ESCAPED}|-)|[^\\\[\]])"
_CLASS = rf"\[\^?+(?:{_MEMBER})++\]"
_REPEATED = r"(?:[*+?]|\{[0-9]{1,6}(?:,(?:[0-9]{1,6})?)?\})\??"
_TOKEN = (
    rf"(?:\\(?:{_ESCAPED})|[^\\^$.*+?()\[\]{{}}|]|\.|{_CLASS}|\))(?:{_REPEATED})?+"
    r"|\((?:\?:|\?<[A-Za-z_][A-Za-z0-9_]*>)?+|[|^$]"
)
_PATTERN = re.compile(rf"(?:{_TOKEN})*+")
# The parts of a pattern that are translated or refused. Escapes and classes are read whole: nothing in them is one.
_PARTS = re.compile(
    rf"\\(?P<boundary>[bB])|(?P<whole>\\[dDwWsS]|\.)|\\(?:{_ESCAPED}|.)|{_CLASS}"
    r"|\{(?P<least>[0-9]+)(?:,(?P<most>[0-9]*))?\}",
    re.DOTALL,
)
_PROPERTY = re.compile(r"(\\[^pP])|\\[pP]\{[^}]*\}", re.DOTALL)
_SPACES = r"\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
# What stands for many characters, as a class of them.
_CLASSES = {
    ".": r"[^\n\r\u2028\u2029]",
    r"\d": "[0-9]", r"\D": "[^0-9]", r"\w": "[A-Za-z0-9_]", r"\W": "[^A-Za-z0-9_]",
    r"\s": f"[{_SPACES}]", r"\S": f"[^{_SPACES}]",
}  # fmt: skip


def is_portable(pattern: str) -> bool:
    """Return whether what a pattern is written with is the same in ECMA-262, with the flag ``u``, and here.

    This engine has more: inline flags, ``(?P<name>``, sets of sets, POSIX classes, ``\\A`` and ``\\z``; and it takes
    for a repetition of a repetition what is a possessive quantifier elsewhere. That it compiles is asked of the engine.
    """
    return _PATTERN.fullmatch(pattern) is not None


def has_boundary(pattern: str) -> bool:
    """Return whether a pattern has a boundary of words."""
    return any(part["boundary"] for part in _PARTS.finditer(pattern))


def translated(pattern: str) -> str:
    """Return a pattern that means to every engine what the given one means to ECMAScript."""
    return _PARTS.sub(lambda part: _CLASSES[part[0]] if part["whole"] else part[0], pattern)


def made_small(pattern: str) -> str:
    """Return a pattern whose counted repetitions are single ones, and whose properties of Unicode are digits: valid
    where the given one is, and small."""
    counted = _PARTS.sub(lambda part: "{1}" if _is_count(part) else part[0], pattern)
    return _PROPERTY.sub(lambda part: part[1] or r"\d", counted)


def _is_count(part: re.Match[str]) -> bool:
    least, most = part["least"], part["most"]
    return least is not None and (not most or int(least) <= int(most))
