"""The regular expressions of forms: those that mean the same here and to ECMAScript, whose patterns JSON Schema has."""

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
    r"|\((?:\?:|\?<[A-Za-z_][A-Za-z0-9_]*>)?+|[|^$]|\\[bB]"
)
_PATTERN = re.compile(rf"(?:{_TOKEN})*+")


def is_portable(pattern: str) -> bool:
    """Return whether what a pattern is written with is the same in ECMA-262, with the flag ``u``, and here.

    This engine has more: inline flags, ``(?P<name>``, sets of sets, POSIX classes, ``\\A`` and ``\\z``; and it takes
    for a repetition of a repetition what is a possessive quantifier elsewhere. That it compiles is asked of the engine.
    """
    return _PATTERN.fullmatch(pattern) is not None
