"""Patterns of forms: each that is taken is one to ECMAScript too, as the JSON Schema that has it says."""

import json
import shutil
import subprocess

from models.forms import FormFieldType
from resolvers.errors import Refusals
from resolvers.forms.fields import checked_fields

TAKEN = [
    "", "a|bc", "[A-Z]{2}-[0-9]{4,}", r"\d+(\.\d{1,2})?", "(?:a|b)*?", "(?<year>[0-9]{4})", r"[\w.+-]+@[\w-]+",
    r"\p{Lu}\P{Nd}", r"\p{Script=Greek}+", r"\u00e4\u{1F600}\x41", "^a$", r"\ba\B", "äöü🎉", r"[^\]\\]", r"\/\.\*\{\}",
    "[a&b~c-]", "a{2}b{3,}c{4,5}?", "(a+)+", "x??", r"[\-a]", "[^^]", "a b#c", r"\$\(\)\|", "()",
    "a||b", "[$.*+?(){}|^]",
]  # fmt: skip
# What this engine compiles, or another one does, and ECMAScript does not or reads otherwise.
REFUSED = [
    "(?i)abc", "(?i:abc)", "(?P<x>a)", "a++", "a*+", "a?+", "a{2}{3}", "(?s).", r"(?-u)\w", "[[:alpha:]]", r"\Aabc\z",
    r"abc\Z", "[]a]", "[^]a]", "[]", "[^]", "[a[b]]", "[a-z&&[^b]]", "[a&&b]", "[a--b]", "[a~~b]", r"\h", r"\x{41}",
    r"\p{Greek}", r"\pL", r"\p{letter}", r"\p{gc=L}", r"\U0001F600", r"\a", r"\-", r"\#", r"\<", "a}", "a]", "a{,5}",
    "a{ 2 }", "a{b", "^*", "$+", r"\b+", "*", "(?x)a b", "(?#a)", "(?<a.b>c)", "(", ")", "[b-a]", "a{3,2}", "(?=a)",
    "(?!a)", "(?<=a)", r"(a)\1", r"\k<a>", r"\0", r"\G", r"\R", r"\X", r"\Q.\E", "(?>a)", "(?|a)", r"[\b]", r"[\d-x]",
    "\\", "[a", r"\u{110000}", r"\cA",
]  # fmt: skip
COMPILE = "for (const p of JSON.parse(process.argv[1])) for (const e of [p, `^(?:${p})$`]) new RegExp(e, 'u')"


def _is_taken(pattern: str) -> bool:
    try:
        checked_fields([{"key": "f", "label": "F", "type": FormFieldType.TEXT, "pattern": pattern}])
    except Refusals as refused:
        (problem,) = refused.refusals
        assert (problem.field, problem.extra["reason"]) == ("fields.0.pattern", "INVALID_FORMAT")
        return False
    return True


def test_a_pattern_is_taken_that_is_one_to_both() -> None:
    assert [each for each in TAKEN if not _is_taken(each)] == []
    assert [each for each in REFUSED if _is_taken(each)] == []
    assert not _is_taken("[" + "a" * 10_000)
    node = shutil.which("node")
    if node is not None:
        subprocess.run([node, "-e", COMPILE, json.dumps(TAKEN)], check=True, timeout=60)
