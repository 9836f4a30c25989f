"""The reply to a GraphQL request over HTTP: what it holds, and its status."""

import hashlib
from typing import Any

import orjson

from execution import DocumentError
from resolvers.errors import Refusal, Refusals
from schema.requests.results import OperationResult, refused_result
from web.http import Header, Reply, Request, reply

APPLICATION_JSON, RESPONSE = b"application/json", b"application/graphql-response+json"
# These are the HTTP status whatever the client accepts; another error of a request is 200 in application/json.
ALWAYS = frozenset({401, 403, 405, 413, 415, 422, 429, 503})


class MalformedError(Exception):
    """What came is no well-formed request: its status is the refusal's, whatever the client accepts."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


# What a request may be refused with.
REFUSALS = (MalformedError, Refusal, Refusals, DocumentError)
RefusedError = MalformedError | Refusal | Refusals | DocumentError


def refused_reply(request: Request, refused: RefusedError, typed: bool, headers: list[Header]) -> Reply:
    """Return the reply to a request that was not admitted."""
    status = refused.refusal.status if isinstance(refused, MalformedError) else None
    return result_reply(refused_result_of(request, refused), typed, headers, status)


def refused_result_of(request: Request, refused: RefusedError) -> OperationResult:
    """Return the result of a request that was not admitted."""
    error = refused.refusal if isinstance(refused, MalformedError) else refused
    return refused_result(error, request.request_id)


def tag_of(result: OperationResult) -> tuple[bytes, int]:
    """Return the ETag of an answer's data, and their bytes: what they cost, which is beside them, is another thing each
    time."""
    written = orjson.dumps(result.data)
    return b'"%s"' % hashlib.sha256(written).hexdigest()[:32].encode(), len(written)


def result_body(result: OperationResult) -> dict[str, Any]:
    """Return a result as it is written."""
    body: dict[str, Any] = {}
    if result.ran:
        body["data"] = result.data
    if result.errors:
        body["errors"] = result.errors
    if result.ran:
        body["extensions"] = result.extensions
    return body


def result_reply(result: OperationResult, typed: bool, headers: list[Header], status: int | None = None) -> Reply:
    """Return the reply to a request. Its ``status`` follows from the result and the media type, where none is given."""
    body = result_body(result)
    if result.errors and "retryAfter" in result.errors[0]["extensions"]:
        headers.append((b"retry-after", b"%d" % result.errors[0]["extensions"]["retryAfter"]))
    says = (result.bare and result.status in ALWAYS) or (typed and not result.ran)
    if status is None:
        status = result.status if says else 200
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    return reply(status, orjson.dumps(body), RESPONSE if typed else APPLICATION_JSON, headers)
