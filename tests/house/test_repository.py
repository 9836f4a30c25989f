"""The repository's own files: hooks run what `make test` runs first, records and documents are in their indexes."""

import json
import re
import subprocess
from collections.abc import Sequence

from models.machines import MACHINES
from models.resources import RESOURCES, events
from models.settings import REGISTRY
from models.webhooks import event_scope
from resolvers.collections.nodes import NODES
from tests.support.repository import ROOT

DECISIONS = ROOT / "docs/decisions"
# Written by a command, so not edited by hand.
GENERATED = (
    "rest_shim/openapi.json",
    "schema/schema.graphql",
    "docs/rest-to-graphql.md",
    "CHANGELOG-schema.md",
    "requirements/base.txt",
    "requirements/install.txt",
    "docs/growth/growth.svg",
)


def _attributes(path: str, *names: str) -> list[str]:
    printed = subprocess.run(
        ["git", "check-attr", *names, "--", path],
        cwd=ROOT,
        check=True,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    ).stdout
    return [line.rsplit(": ", 1)[1] for line in printed.splitlines()]


def test_hooks_run_what_make_test_runs_before_the_tests() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    first = re.findall(r"^test: (.+) ##", makefile, re.MULTILINE)[0].split()
    # Types are checked beside the tests, and before those that wait.
    first[2:2] = re.findall(r"^waiting: (.+)$", makefile, re.MULTILINE)
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert re.findall(r"^ +entry: make --silent (\S+)$", hooks, re.MULTILINE) == first
    assert "repo: local" in hooks
    assert "rev:" not in hooks, "hooks run what is locked"


def test_generated_files_are_marked_and_not_merged_by_lines() -> None:
    for path in GENERATED:
        assert (ROOT / path).exists()
        assert _attributes(path, "linguist-generated", "merge") == ["true", "unset"], path
    assert _attributes("schema/clients.py", "linguist-generated", "merge", "eol") == [
        "unspecified",
        "unspecified",
        "lf",
    ]


def test_each_record_is_in_the_index_and_has_the_one_form() -> None:
    index = (DECISIONS / "README.md").read_text(encoding="utf-8")
    files = sorted(path for path in DECISIONS.glob("*.md") if path.name != "README.md")
    assert len(files) > 20
    listed = re.findall(r"^\| \[(\d{4})\]\(([^)]+)\) \| (.+?) \|$", index, re.MULTILINE)
    found = []
    for path in files:
        text = path.read_text(encoding="utf-8")
        title, *_ = text.splitlines()
        number = path.name[:4]
        assert title.startswith(f"# {number}: "), path.name
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert headings[:3] == ["Context", "Decision", "What it costs"], path.name
        assert {*headings[3:]} <= {"Figures", "What was not done"}, path.name
        found.append((number, path.name, title.removeprefix(f"# {number}: ")))
    assert listed == found


def test_each_document_is_in_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\(([^)#]+)\)", index))
    assert [target for target in linked if not (ROOT / "docs" / target).exists()] == []
    assert {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"} <= linked
    assert {
        "decisions/README.md",
        "growth/growth.svg",
        "../CONTRIBUTING.md",
        "../SECURITY.md",
        "../CHANGELOG.md",
    } <= linked


def test_what_documents_link_to_exists() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "bench/RESULTS.md"]
    assert len(documents) > 25
    missing = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in documents
        for target in re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
        if "://" not in target and not (path.parent / target).exists()
    ]
    assert missing == []


def _between(name: str) -> str:
    text = (ROOT / "docs/domain.md").read_text(encoding="utf-8")
    _, begins, rest = text.partition(f"<!-- {name} -->\n")
    assert begins, f"docs/domain.md has no table between <!-- {name} --> and <!-- /{name} -->"
    return rest.split(f"<!-- /{name} -->")[0].strip()


def _table(head: str, rows: Sequence[tuple[str, ...]]) -> str:
    return "\n".join([head, "|---" * len(rows[0]) + "|", *(f"| {' | '.join(row)} |" for row in rows)])


def test_the_domain_has_the_transitions_and_events_of_the_code() -> None:
    for name, machine in MACHINES.items():
        transitions = [(each.origin.value, each.target.value, each.meaning) for each in machine.transitions]
        assert _between(name) == _table("| from | to | what it means |", transitions), name
    rows = []
    for name, _, meaning in events():
        scope = event_scope(name)
        rows.append((f"`{name}`", meaning, "none" if scope is None else f"`{scope}`"))
    assert _between("events") == _table("| event | when | scope that the creating key needs |", rows)
    known = [
        (f"`{each.name}`", each.type.value, json.dumps(each.shown(each.default)), each.meaning)
        for each in REGISTRY.values()
    ]
    assert _between("settings") == _table("| setting | type | default | meaning |", known)


def test_each_resource_has_its_chapter_in_the_domain() -> None:
    text = (ROOT / "docs/domain.md").read_text(encoding="utf-8")
    told = {*re.findall(r"^## .*\(`(\w+)_…`\)$", text, re.MULTILINE)}
    declared = {each.prefix: each for each in RESOURCES.values() if each.prefix in NODES}
    missing = [
        f"## {each.label[:1].upper()}{each.label[1:]} (`{prefix}_…`)"
        for prefix, each in declared.items()
        if prefix not in told
    ]
    assert not missing, f"Say in docs/domain.md what they are and may do, below these headings: {missing}"
    assert told <= {each.prefix for each in RESOURCES.values()} | {"export"}


def test_the_walk_counts_its_files_and_each_is_there() -> None:
    words = {3: "three", 4: "four", 13: "Thirteen"}
    text = (ROOT / "docs/walk.md").read_text(encoding="utf-8")
    assert [path for path in re.findall(r"`([\w/]+\.(?:py|graphql))`", text) if not (ROOT / path).is_file()] == []
    walks = re.findall(r"^## .*?$(.*?)^(\w+) files decide, (\w+) of them the domain's", text, re.DOTALL | re.MULTILINE)
    assert len(walks) == 3
    for walk, number, domains in walks:
        (rows,) = re.findall(r"(?:^\|.*\n)+", walk, re.MULTILINE)
        first = [row.split(" | ")[0] for row in rows.splitlines()[2:]]
        # Beside what a row is about it may name a file that the step goes through.
        found = {*re.findall(r"`([\w/]+\.(?:py|graphql))`", rows)}
        assert (words[len(found)], words[sum("**" in each for each in first)]) == (number, domains)
