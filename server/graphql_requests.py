"""What a GraphQL request over HTTP says: a document or its ID, variables, the name of an operation."""

import re
from typing import Any, NamedTuple

import orjson

from resolvers.documents.lookup import SHA256, sha256_of
from resolvers.errors import Refusal, bad_input
from schema.documents import is_document_id
from web.body import Bodies, body_weight
from web.dry_run import refuse_parameter
from web.http import Request, is_encoded
from web.json_text import read_json

# The codes of a hash that is another text's: of a `documentId`, and of Apollo's extension.
_OF_DOCUMENT, _OF_PERSISTED = "DOCUMENT_HASH_MISMATCH", "PERSISTED_QUERY_HASH_MISMATCH"
MISMATCHES = frozenset({_OF_DOCUMENT, _OF_PERSISTED})
# What a query is read from.
_PARAMETERS = ("query", "variables", "operationName", "extensions", "documentId")
NO_TEXT = "query must be the text of a GraphQL document."
_PERSISTED, _HASH, _VERSION = (f"extensions.persistedQuery{part}" for part in ("", ".sha256Hash", ".version"))
_HEX = re.compile(r"[0-9a-f]{64}")
# An ID that is a hash, with its prefix or, as the tools of Apollo and Relay write it, without one.
_HASHED = re.compile(r"[0-9A-Fa-f]{64}")
_NO_BATCH = "Batching is not supported: send one operation in a request, not an array of them."


class GraphQLRequest(NamedTuple):
    """What is asked: a document by its text, or by the ID that stands for it.

    The ID is as ``documentId`` has it, a hash with its prefix; ``automatic`` is whether it was given as Apollo's hash.
    A text that comes with a hash is the hash's.
    """

    text: str
    variables: dict[str, Any] | None
    name: str | None
    document_id: str | None = None
    automatic: bool = False

    @property
    def hash_of_text(self) -> str | None:
        """Return the ID under which the text is to be found from now on: its hash, where it was sent with it."""
        return self.document_id if self.text and self.document_id and self.document_id.startswith(SHA256) else None

    @property
    def not_found(self) -> Refusal:
        """Return the refusal of a document that nobody has."""
        if self.automatic:
            # The words by which clients know that the text is to be sent with its hash.
            return Refusal("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
        return Refusal("DOCUMENT_NOT_FOUND", "No active app version has this document.", field="documentId")


async def graphql_request(request: Request, bodies: Bodies) -> GraphQLRequest:
    """Return what a request asks. Raises Refusal for one that is not well-formed, or whose hash is another text's."""
    refuse_parameter(request)
    if request.method == "POST":
        body = await bodies.json(request, array=_NO_BATCH)
    else:
        body = _from_query(request)
        request.weight = body_weight(body, len(request.scope["query_string"]))
    text, variables, name = body.get("query"), body.get("variables"), body.get("operationName")
    if variables is not None and not isinstance(variables, dict):
        raise bad_input("variables", "variables must be an object.", "WRONG_TYPE")
    if name is not None and not isinstance(name, str):
        raise bad_input("operationName", "operationName must be a string.", "WRONG_TYPE")
    extensions = body.get("extensions")
    if extensions is not None and not isinstance(extensions, dict):
        raise bad_input("extensions", "extensions must be an object.", "WRONG_TYPE")
    if body.get("documentId") is None and not (extensions and extensions.get("persistedQuery") is not None):
        if not isinstance(text, str):
            raise bad_input("query", NO_TEXT, "WRONG_TYPE")
        return GraphQLRequest(text, variables, name or None)
    if text is not None and not isinstance(text, str):
        raise bad_input("query", NO_TEXT, "WRONG_TYPE")
    document_id, field = _document_id(body, extensions or {})
    if text and document_id.startswith(SHA256) and document_id != SHA256 + sha256_of(text):
        code = _OF_PERSISTED if field == _HASH else _OF_DOCUMENT
        raise Refusal(code, f"{field.rpartition('.')[2]} is not the SHA-256 hash of query.", field=field)
    return GraphQLRequest(text or "", variables, name or None, document_id, field == _HASH)


def _document_id(body: dict[str, Any], extensions: dict[str, Any]) -> tuple[str, str]:
    """Return the ID of a document, a hash with its prefix, and the field that has it. Raises Refusal BAD_INPUT."""
    given = body.get("documentId")
    if given is not None:
        if not isinstance(given, str):
            raise bad_input("documentId", "documentId must be a string.", "WRONG_TYPE")
        if not is_document_id(given):
            shape = "sha256: and 64 hexadecimal digits in lower case, or letters, digits and - . _ ~"
            raise bad_input("documentId", f"documentId must be {shape}.", "INVALID_FORMAT")
        return SHA256 + given.lower() if _HASHED.fullmatch(given) else given, "documentId"
    persisted = extensions["persistedQuery"]
    if not isinstance(persisted, dict):
        raise bad_input(_PERSISTED, "persistedQuery must be an object.", "WRONG_TYPE")
    if persisted.get("version") != 1:
        raise bad_input(_VERSION, "version must be 1.", "NOT_ONE_OF", allowed=[1])
    hashed = persisted.get("sha256Hash")
    if not isinstance(hashed, str) or not _HEX.fullmatch(hashed):
        raise bad_input(_HASH, "sha256Hash must be 64 hexadecimal digits in lower case.", "INVALID_FORMAT")
    return SHA256 + hashed, _HASH


def _from_query(request: Request) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, value in request.query():
        if name in given and name in _PARAMETERS:
            raise bad_input(name, f"{name} is given more than once.", "REPEATED")
        if not is_encoded(value):
            raise bad_input(name, f"{name} must be percent-encoded UTF-8.", "INVALID_FORMAT")
        given[name] = value
    for name in ("variables", "extensions"):
        if name in given:
            try:
                given[name] = read_json(given[name])
            except orjson.JSONDecodeError:
                raise bad_input(name, f"{name} must be JSON.", "INVALID_FORMAT") from None
    return given
