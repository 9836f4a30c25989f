"""`documents`: exact output, exact exit codes, and that a refusal changes nothing."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.commands import environment, rows, run
from tests.support.documents import CLIENTS, HASHED, MANIFEST, NEW_CLIENT
from tests.support.servers import Backends

__all__ = ["environment"]

pytestmark = pytest.mark.usefixtures("logging_restored")
BOARD = ("--org", "one", "--app", "board", "--app-version")
STATE = """select v.app, v.name, v.status, v.version, d.document_id, t.sha256, t.text
    from app_versions v left join app_documents d on d.app_version_id = v.id
    left join trusted_documents t on t.document_id = d.document_id order by v.id, d.document_id"""
ACTIONS = "select action from audit_entries where action like 'appversion:%' order by id"


@pytest.fixture
def manifest(environment: Backends, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A file with the manifest; the organization `one` is there."""
    run(capsys, "org", "create", "--name", "One", "--slug", "one")
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(MANIFEST), encoding="utf-8")
    return path


def test_a_version_is_added_activated_and_retired(
    environment: Backends, manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add = ("documents", "add", *BOARD, "1.0", "--manifest", str(manifest))
    # A build that runs again adds nothing.
    for _ in range(2):
        assert run(capsys, *add) == (0, "board 1.0: 2 documents, ADDED\n", "")
    hashed = HASHED.removeprefix("sha256:")
    found = rows(environment, STATE)
    assert [row[:6] for row in found][:1] == [("board", "1.0", "ADDED", 1, "clients", hashed)]
    assert [row[6] for row in found] == [CLIENTS, NEW_CLIENT]
    for word, status in (("activate", "ACTIVE"), ("activate", "ACTIVE"), ("retire", "RETIRED"), ("activate", "ACTIVE")):
        assert run(capsys, "documents", word, *BOARD, "1.0") == (0, f"board 1.0: {status}\n", "")
    manifest.write_text(json.dumps({"clients": CLIENTS}), encoding="utf-8")
    assert run(capsys, *add[:-3], "1.1", *add[-2:], "--activate") == (0, "board 1.1: 1 document, ACTIVE\n", "")
    code, out, err = run(capsys, "documents", "list", "--org", "one")
    assert (code, err) == (0, "")
    assert [line.split()[:4] for line in out.splitlines()] == [
        ["APP", "VERSION", "STATUS", "DOCUMENTS"],
        ["board", "1.1", "ACTIVE", "1"],
        ["board", "1.0", "ACTIVE", "2"],
    ]
    assert run(capsys, "documents", "check", "--org", "one") == (0, "3 documents are valid\n", "")
    words = ("add", "active", "retired", "active", "add", "active")
    assert rows(environment, ACTIONS) == [(f"appversion:{word}",) for word in words]


@pytest.mark.parametrize(
    ("content", "version", "complaint"),
    [
        ({"a": "{ nothing }", "b": CLIENTS}, "2", "a: Cannot query field 'nothing' on type 'Query'."),
        ({"clients": NEW_CLIENT}, "2", "The document ID clients stands for another text already."),
        ({"clients": CLIENTS}, "1", "The version 1 of board has other documents already."),
        ({}, "2", "{path}: it has no documents"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_manifest_changes_nothing(
    environment: Backends,
    manifest: Path,
    capsys: pytest.CaptureFixture[str],
    content: dict[str, Any],
    version: str,
    complaint: str,
) -> None:
    add = ("documents", "add", *BOARD)
    run(capsys, *add, "1", "--manifest", str(manifest))
    before = rows(environment, STATE), rows(environment, ACTIONS)
    manifest.write_text(json.dumps(content), encoding="utf-8")
    code, out, err = run(capsys, *add, version, "--manifest", str(manifest), "--activate")
    assert (code, out, err) == (1, "", f"counterfoil: {complaint.format(path=manifest)}\n")
    assert (rows(environment, STATE), rows(environment, ACTIONS)) == before


def test_what_is_missing_or_malformed_is_named(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = f"{manifest}.none"
    code, _, err = run(capsys, "documents", "add", *BOARD, "1", "--manifest", missing)
    assert (code, err) == (1, f"counterfoil: No such file or directory: {missing}\n")
    code, _, err = run(capsys, "documents", "activate", *BOARD, "9")
    assert (code, err) == (1, "counterfoil: There is no such version 9 of an app board.\n")
    code, _, err = run(capsys, "documents", "retire", "--org", "one", "--app", "a b", "--app-version", "1")
    assert (code, err) == (2, "counterfoil: --app: must be letters, digits and - . _ ~ +\n")


def test_a_document_that_a_release_breaks_is_named(
    environment: Backends, manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "documents", "add", *BOARD, "1.0", "--manifest", str(manifest), "--activate")
    # As an earlier release took them, whose graph had these fields.
    with psycopg.connect(environment.migration_database_url) as owner:
        owner.execute("alter table trusted_documents no force row level security")
        owner.execute("update trusted_documents set text = regexp_replace(text, 'nodes|createClient', 'gone')")
    code, out, err = run(capsys, "documents", "check", "--org", "one")
    assert (code, out) == (1, "")
    lines = [line.removeprefix("counterfoil: board 1.0: ") for line in err.splitlines()]
    assert [line.partition(" on type")[0] for line in lines] == [
        "Clients (clients): Cannot query field 'gone'",
        "NewClient (x-board:new-client): Cannot query field 'gone'",
    ]
    run(capsys, "documents", "retire", *BOARD, "1.0")
    assert run(capsys, "documents", "check", "--org", "one") == (0, "0 documents are valid\n", "")


def test_a_key_is_held_to_documents(environment: Backends, manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    create = ("keys", "create", "--org", "one", "--name", "web", "--scopes", "*")
    assert run(capsys, *create, "--trusted-documents-only")[0] == 0
    assert run(capsys, *create)[0] == 0
    found = rows(environment, "select trusted_documents_only from api_keys order by id")
    assert found == [(True,), (False,)]
    listed = json.loads(run(capsys, "keys", "list", "--org", "one", "--json")[1])
    assert [key["trustedDocumentsOnly"] for key in listed] == [False, True]
