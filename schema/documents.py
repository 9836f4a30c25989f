"""Manifests of trusted documents, as the tools of front ends write them, and what the graph says to their documents."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from execution import DocumentError
from models.documents import MAX_DOCUMENT, MAX_DOCUMENT_ID
from resolvers.documents.lookup import SHA256, sha256_of
from resolvers.errors import Refusal
from schema.requests.engine import Engine

APOLLO = "apollo-persisted-query-manifest"
_ID = re.compile(r"sha256:[0-9a-f]{64}|(?:x-[A-Za-z0-9._~-]+:)?[A-Za-z0-9._~-]+")
# An ID that is a hash of SHA-256, as Apollo and Relay write it without the prefix too: it is that of its text.
_HASH = re.compile(r"(?:sha256:)?[0-9A-Fa-f]{64}")
# The first operation of a document, also of one that cannot be parsed any more.
_NAMED = re.compile(r"\b(?:query|mutation|subscription)\s+([_A-Za-z][_0-9A-Za-z]*)")


class ManifestError(ValueError):
    """A file that is no manifest of documents; the text says why."""


def is_document_id(value: str) -> bool:
    """Return whether a text is an ID of the appendix of GraphQL over HTTP: `sha256:` and a hash, a prefix of somebody's
    own, or an ID without a prefix."""
    return len(value) <= MAX_DOCUMENT_ID and _ID.fullmatch(value) is not None


def read_manifest(content: bytes) -> dict[str, str]:
    """Return the documents of a manifest by their IDs. Raises ManifestError.

    Apollo's has a format and a list of operations; those of Relay and of graphql-codegen are an object of texts.
    """
    try:
        manifest = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise ManifestError(f"it is not JSON: line {error.lineno}, column {error.colno}") from None
    if not isinstance(manifest, dict):
        raise ManifestError("it is not a JSON object")
    pairs = _of_apollo(manifest) if "format" in manifest else [*manifest.items()]
    if not pairs:
        raise ManifestError("it has no documents")
    documents: dict[str, str] = {}
    for document_id, text in pairs:
        if not isinstance(document_id, str) or not is_document_id(document_id):
            raise ManifestError(f"{document_id!r} is not a document ID")
        if not isinstance(text, str):
            raise ManifestError(f"{document_id}: its document is not a string")
        if len(text) > MAX_DOCUMENT:
            raise ManifestError(f"{document_id}: the document has more than {MAX_DOCUMENT:,} characters")
        if _HASH.fullmatch(document_id) and document_id.removeprefix(SHA256).lower() != sha256_of(text):
            raise ManifestError(f"{document_id}: it is not the SHA-256 hash of its document")
        if documents.setdefault(document_id, text) != text:
            raise ManifestError(f"{document_id}: it stands for two documents")
    return documents


def _of_apollo(manifest: dict[str, Any]) -> list[tuple[Any, Any]]:
    operations = manifest.get("operations")
    if manifest["format"] != APOLLO or manifest.get("version") != 1 or not isinstance(operations, list):
        raise ManifestError(f"it is not an {APOLLO} of version 1")
    if not all(isinstance(each, dict) for each in operations):
        raise ManifestError("one of its operations is not an object")
    return [(each.get("id"), each.get("body")) for each in operations]


@dataclass(frozen=True, slots=True)
class DocumentVerdict:
    """What the graph says to a document: what is wrong with it, and what it costs where its variables have their
    defaults."""

    problems: tuple[str, ...]
    cost: int = 0


def verdict_on(engine: Engine, text: str) -> DocumentVerdict:
    """Judge a document as a request with it would be, without its variables."""
    try:
        prepared = engine.measure(text, None, {})
        engine.validate(prepared, None)
    except DocumentError as error:
        return DocumentVerdict(tuple(each.message for each in error.errors))
    except Refusal as refused:
        return DocumentVerdict((refused.message,))
    return DocumentVerdict((), prepared.measure.cost)


def label_of(document_id: str, text: str) -> str:
    """Return what a person calls a document: its ID, with the name of its operation where it has one."""
    named = _NAMED.search(text)
    return document_id if named is None else f"{named[1]} ({document_id})"


def problems_of(engine: Engine, documents: Mapping[str, str]) -> list[str]:
    """Return what is wrong with documents, a line for each, which begins with what the document is called."""
    return [
        f"{label_of(document_id, text)}: {problem}"
        for document_id, text in documents.items()
        for problem in verdict_on(engine, text).problems
    ]
