"""The house itself: files stay small, each domain has its file in every room, every name of a room is a layer."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CEILING = 260
DOMAINS = ("clients", "services", "orders", "messages", "webhooks")


def _tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--", *patterns], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return [ROOT / line for line in listed.splitlines()]


def test_no_file_is_over_the_ceiling() -> None:
    files = [path for path in _tracked("*.py") if "versions" not in path.parts]
    assert len(files) > 50
    assert [str(path) for path in files if len(path.read_text().splitlines()) > CEILING] == []


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_domain_has_its_name_in_every_room(domain: str) -> None:
    for place in (f"models/{domain}.py", f"resolvers/{domain}.py", f"schema/{domain}.py"):
        assert (ROOT / place).exists()
    assert (ROOT / f"schema/operations/{domain}.graphql").exists()


def test_nothing_of_a_machine_or_an_index_is_committed() -> None:
    words = ("pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".", "/" + "root/", "/" + "work/")
    found = [
        (str(path), word)
        for path in _tracked("*.py", "*.md", "*.txt", "*.in", "*.toml", "Makefile", "*.graphql", "*.json", ".ci/run")
        for word in words
        if word in path.read_text()
    ]
    assert found == []
