"""Refusals before a message is read, as errors of JSON-RPC with the status of HTTP."""

from collections.abc import Iterable
from http import HTTPStatus

import orjson

from resolvers.errors import Refusal, shown_refusal
from web.http import JSON, Header, Reply, reply

PATH = "/mcp"
# JSON-RPC's codes: what came is no JSON, is no request that can be answered, and something is wrong on our side.
PARSE_ERROR, INVALID_REQUEST, INTERNAL_ERROR = -32700, -32600, -32603


def refused(refusal: Refusal, request_id: str, headers: Iterable[Header] = ()) -> Reply:
    """Return the reply to a request that is refused: what our other errors have in ``extensions`` is its ``data``."""
    shown = shown_refusal(refusal, request_id)
    body = {
        "jsonrpc": "2.0",
        "id": None,
        "error": {"code": _code_of(refusal), "message": shown["message"], "data": shown["extensions"]},
    }
    sent = [*headers]
    if "retryAfter" in refusal.extra:
        sent.append((b"retry-after", b"%d" % refusal.extra["retryAfter"]))
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        sent.append((b"www-authenticate", b"Bearer"))
    return reply(refusal.status, orjson.dumps(body), JSON, sent)


def _code_of(refusal: Refusal) -> int:
    if refusal.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return INTERNAL_ERROR
    return PARSE_ERROR if refusal.extra.get("reason") == "INVALID_FORMAT" else INVALID_REQUEST
