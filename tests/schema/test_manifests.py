"""Manifests of trusted documents: those of three tools, and what is none."""

import json
from typing import Any

import pytest

from resolvers.documents.lookup import sha256_of
from schema.documents import APOLLO, ManifestError, problems_of, read_manifest, verdict_on
from schema.requests.engine import Engine

TEXT = "query Clients { clients { totalCount } }"
HASH = sha256_of(TEXT)
OPERATION = {"id": HASH, "name": "Clients", "type": "query", "body": TEXT}


def apollo(*operations: Any, **given: Any) -> dict[str, Any]:
    return {"format": APOLLO, "version": 1, "operations": [*operations]} | given


@pytest.mark.parametrize(
    ("manifest", "documents"),
    [
        (apollo(OPERATION), {HASH: TEXT}),
        (apollo(OPERATION, OPERATION), {HASH: TEXT}),
        # Relay's are MD5 hashes, graphql-codegen's SHA-1 ones if nothing else is chosen.
        ({"7dba4bd717b41f10434822356a93c32b": TEXT}, {"7dba4bd717b41f10434822356a93c32b": TEXT}),
        ({f"sha256:{HASH}": TEXT, "x-board:1": TEXT}, {f"sha256:{HASH}": TEXT, "x-board:1": TEXT}),
    ],
)
def test_a_manifest_is_read(manifest: Any, documents: dict[str, str]) -> None:
    assert read_manifest(json.dumps(manifest).encode()) == documents


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "it is not JSON: line 1, column 2"),
        ("[]", "it is not a JSON object"),
        ("{}", "it has no documents"),
        (apollo(), "it has no documents"),
        (apollo(version=2), f"it is not an {APOLLO} of version 1"),
        (apollo(OPERATION, format="other"), f"it is not an {APOLLO} of version 1"),
        (apollo(operations={}), f"it is not an {APOLLO} of version 1"),
        (apollo("x"), "one of its operations is not an object"),
        (apollo({"body": TEXT}), "None is not a document ID"),
        (apollo({"id": "a"}), "a: its document is not a string"),
        (apollo({"id": "a", "body": TEXT}, {"id": "a", "body": "{ __typename }"}), "a: it stands for two documents"),
        ({"a b": TEXT}, "'a b' is not a document ID"),
        ({"a": 1}, "a: its document is not a string"),
        ({"a": "#" * 16_385}, "a: the document has more than 16,384 characters"),
        ({f"sha256:{'0' * 64}": TEXT}, f"sha256:{'0' * 64}: it is not the SHA-256 hash of its document"),
        # As Apollo and Relay write it, without the prefix.
        ({"0" * 64: TEXT}, f"{'0' * 64}: it is not the SHA-256 hash of its document"),
        (apollo(OPERATION | {"body": "{ __typename }"}), f"{HASH}: it is not the SHA-256 hash of its document"),
        ({HASH.upper(): "{ __typename }"}, f"{HASH.upper()}: it is not the SHA-256 hash of its document"),
    ],
    ids=str,
)
def test_what_is_no_manifest_says_why(content: Any, why: str) -> None:
    with pytest.raises(ManifestError) as raised:
        read_manifest((content if isinstance(content, str) else json.dumps(content)).encode())
    assert str(raised.value) == why


def test_a_document_is_judged_as_its_requests_are() -> None:
    engine = Engine()
    assert verdict_on(engine, TEXT) == verdict_on(engine, TEXT.replace("Clients", "Clients  "))
    assert verdict_on(engine, TEXT).problems == ()
    assert verdict_on(engine, TEXT).cost > 0
    wide = "{ clients(first: 100) { nodes { orders(first: 100) { nodes { id } } } } }"
    several = "query A { __typename } query B { __typename }"
    found = problems_of(engine, {"a": "{", "b": "{ nothing }", "c": wide, "d": several, "e": "query Old { gone }"})
    assert [line.partition(":")[0] for line in found] == ["a", "b", "c", "A (d)", "Old (e)"]
    assert found[1] == "b: Cannot query field 'nothing' on type 'Query'."
    assert problems_of(engine, {"ok": TEXT}) == []
