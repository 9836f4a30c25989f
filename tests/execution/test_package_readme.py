"""The example of the package's README runs as it stands, and its limits are those that hold."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from graphql import build_schema

from execution import MAX_TOKENS, DocumentLimitError, Executor
from execution.guard.documents import MAX_BRACKETS, MAX_BREAKS, MAX_DIGITS, MAX_TEXT
from execution.guard.nesting import MAX_CONDITIONS, MAX_NESTED
from execution.guard.validation import MAX_COMPARISONS

ROOT = Path(__file__).parent.parent.parent


def test_the_example_loads_once_and_answers() -> None:
    text = (ROOT / "execution" / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    used = [line for line in example.splitlines() if line and not re.match("import |from ", line)]
    assert len(used) <= 11, "a stranger reads it in one look"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["loads [1, 2]", "{'a': 'Author 1', 'b': 'Author 2'}"]


def test_the_limits_of_a_document_are_those_that_hold() -> None:
    text = (ROOT / "execution" / "README.md").read_text(encoding="utf-8")
    (said,) = re.findall(r"^- A document has at most(.*?)^- ", text, re.DOTALL | re.MULTILINE)
    numbers = [int(number.replace(",", "")) for number in re.findall(r"[\d,]*\d", said)]
    held = [MAX_TEXT, MAX_BREAKS, MAX_TOKENS, MAX_BRACKETS, MAX_DIGITS, MAX_NESTED]
    assert numbers == [*held, 24, 100, MAX_COMPARISONS, MAX_CONDITIONS]


def _chain(per: int, count: int) -> str:
    """A selection of fragments within each other, each with as many fields within each other and a spread."""
    inner = [*(f"...F{n}" for n in range(1, count)), "name"]
    parts = [f"fragment F{n} on Shop {{ {'shop { ' * per}{inner[n]}{' }' * per} }}" for n in range(count)]
    return " ".join(["{ shop { ...F0 } }", *parts])


def test_a_spread_counts_as_one_selection() -> None:
    executor = Executor(build_schema("type Query { shop: Shop } type Shop { shop: Shop name: String }"))
    executor.prepare(_chain(23, 4))
    with pytest.raises(DocumentLimitError):
        executor.prepare(_chain(24, 4))


def test_the_same_field_is_merged_in_a_hundred_places() -> None:
    executor = Executor(build_schema("type Query { a: Int }"))
    executor.prepare(f"{{ {'a ' * 100}}}")
    with pytest.raises(DocumentLimitError, match=r"The document asks for the same fields in too many places\."):
        executor.prepare(f"{{ {'a ' * 101}}}")
