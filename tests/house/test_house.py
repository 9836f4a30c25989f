"""The house itself: files stay small, each domain has its file in every room, every name of a room is a layer."""

import ast
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.repository import ROOT

CEILING = 260
DOMAINS = sorted(path.stem for path in (ROOT / "tests/support/domains").glob("[a-z]*.py"))


def _tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--", *patterns], cwd=ROOT, check=True, capture_output=True, encoding="utf-8", timeout=60
    ).stdout
    return [ROOT / line for line in listed.splitlines()]


def _parsed(path: Path, *words: str) -> ast.Module:
    """The tree of a file; an empty one where none of the words that it is searched for is in the text."""
    text = path.read_text(encoding="utf-8")
    return ast.parse(text if any(word in text for word in words) else "")


def test_no_file_is_over_the_ceiling() -> None:
    files = [path for path in _tracked("*.py") if "versions" not in path.parts]
    assert len(files) > 50
    lines = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    over = [f"{name} has {number} lines" for name, number in lines.items() if number > CEILING]
    assert over == [], f"a file has at most {CEILING} lines"


def test_tests_are_in_the_folder_of_what_they_test_and_share_by_support_alone() -> None:
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"bench"}
    folders = {path.parent.name for path in (ROOT / "tests").glob("*/__init__.py")}
    assert folders - {"contract", "domains", "house", "support"} <= rooms
    files = _tracked("tests/*.py")
    assert [path.name for path in files if path.parent.name == "tests"] == ["__init__.py", "conftest.py"]
    assert [path.name for path in files if path.parent.name == "support" and path.name.startswith("test_")] == []
    names = Counter(path.name for path in files if path.name.startswith("test_"))
    assert [name for name, number in names.items() if number > 1] == []
    found = [
        (path.name, node.module)
        for path in files
        for node in ast.walk(_parsed(path, ".test_"))
        if isinstance(node, ast.ImportFrom) and node.module and ".test_" in node.module
    ]
    assert found == []


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_domain_has_its_name_in_every_room(domain: str) -> None:
    for room in ("models", "resolvers", "schema", "tests/support/domains"):
        assert (ROOT / room / f"{domain}.py").exists() or (ROOT / room / domain / "__init__.py").exists()
    assert (ROOT / f"schema/operations/{domain}.graphql").exists()


def test_the_workers_have_a_folder_for_each_domain() -> None:
    assert [path.name for path in sorted((ROOT / "workers").glob("*.py"))] == ["__init__.py", "main.py"]
    domains = {path.parent.name for path in (ROOT / "resolvers").glob("*/__init__.py")}
    assert {path.parent.name for path in (ROOT / "workers").glob("*/__init__.py")} <= domains


def test_nothing_of_a_machine_or_an_index_is_committed() -> None:
    words = ("pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".", "/" + "root/", "/" + "work/")
    files = _tracked("*.py", "*.md", "*.txt", "*.in", "*.toml", "Makefile", "*.graphql", "*.json", ".ci/run")
    texts = {str(path): path.read_text(encoding="utf-8") for path in files}
    found = [(name, word) for name, text in texts.items() for word in words if word in text]
    assert found == []


def _is_wait_for(called: ast.expr) -> bool:
    return isinstance(called, ast.Attribute) and called.attr == "wait_for" and ast.unparse(called.value) == "asyncio"


def _calls(nodes: list[ast.AST]) -> Iterator[tuple[ast.Call, ast.Attribute, bool]]:
    """Each call of an attribute, what is called, and whether it is awaited, at once or by `wait_for`."""
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    awaited = {id(node.value) for node in nodes if isinstance(node, ast.Await)}
    for node in calls:
        if _is_wait_for(node.func):
            awaited |= {id(argument) for argument in node.args}
    for node in calls:
        if isinstance(node.func, ast.Attribute):
            yield node, node.func, id(node) in awaited


def _functions(statements: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions among statements and within them: in no expression there is one."""
    for statement in statements:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield statement
        for name in ("body", "orelse", "finalbody"):
            yield from _functions(getattr(statement, name, []))
        for block in [*getattr(statement, "handlers", []), *getattr(statement, "cases", [])]:
            yield from _functions(block.body)


def _given(call: ast.Call) -> set[str | None]:
    return {keyword.arg for keyword in call.keywords}


WAITS = {"run", "call", "check_call", "check_output", "read", "readline", "readlines", "communicate", "join", "wait"}


def _is_endless(call: ast.Call, called: ast.Attribute) -> bool:
    if called.attr not in WAITS:
        return False
    owner = ast.unparse(called.value)
    if owner == "subprocess":
        return called.attr in ("run", "call", "check_call", "check_output") and "timeout" not in _given(call)
    if owner.endswith((".stdout", ".stderr")):
        return called.attr in ("read", "readline", "readlines")
    # With an argument `join` is a text's, and `wait` has its time.
    return called.attr in ("communicate", "join", "wait") and not call.args and "timeout" not in _given(call)


def test_every_wait_of_a_test_for_a_process_or_a_thread_has_an_end() -> None:
    # What is awaited ends with the time that each test has (pyproject.toml).
    found = []
    for path in _tracked("tests/*.py"):
        nodes = [*ast.walk(_parsed(path, "subprocess", "stdout", "stderr", "communicate", ".join()", ".wait()"))]
        endless = [call for call, called, awaited in _calls(nodes) if not awaited and _is_endless(call, called)]
        # As a context it waits at the end of the block.
        for node in nodes:
            if isinstance(node, ast.With):
                endless += [
                    each.context_expr
                    for each in node.items
                    if isinstance(each.context_expr, ast.Call)
                    and ast.unparse(each.context_expr.func) == "subprocess.Popen"
                ]
        found += [f"{path.name}:{call.lineno}" for call in endless]
    assert found == []


def test_no_text_depends_on_the_locale() -> None:
    found = []
    for path in _tracked("*.py"):
        tree = _parsed(path, "read_text", "write_text", "text=", "universal_newlines")
        for call, called, _ in _calls([*ast.walk(tree)]):
            read = called.attr in ("read_text", "write_text") and "encoding" not in _given(call)
            text = called.attr in ("run", "Popen", "check_output") and _given(call) & {"text", "universal_newlines"}
            if read or text:
                found.append(f"{path.relative_to(ROOT)}:{call.lineno}")
    assert found == []


def test_a_docstring_says_what_a_function_returns_or_does() -> None:
    rooms = ("execution", "models", "resolvers", "rest_shim", "schema", "server", "web", "workers")
    files = _tracked(*(f"{room}/*.py" for room in rooms))
    functions = [
        (path, node)
        for path in files
        for node in _functions(ast.parse(path.read_text(encoding="utf-8")).body)
        if ast.get_docstring(node)
    ]
    assert len(functions) > 1_000
    no_verbs = {"A", "An", "The", "What", "Whether", "How", "Where", "Who", "Why", "When", "Since", "So", "Called"}
    no_verbs |= {"Each", "Every", "Those", "One", "All", "Both", "No", "Some"}
    found = [
        f"{path.name}:{node.lineno}"
        for path, node in functions
        if (ast.get_docstring(node) or "").split()[0] in no_verbs
    ]
    assert found == []
