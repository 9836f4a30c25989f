"""Operations on a WebSocket as requests over HTTP that ask the same, and what its upgrade says of all of them."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import structlog

from models.typeid import new_number
from resolvers.errors import ErrorView, bad_input, internal, shown_refusal
from server.live.messages import UnreadablePayload
from web.body import READ
from web.deadlines import Deadlines
from web.dry_run import dry_run
from web.http import Header, Message, Request, Scope

log = structlog.get_logger()
# What each operation has of the upgrade: from whom it came, and whether changes are only tried.
_KEPT = frozenset({b"x-forwarded-for", b"dry-run"})
_ONE_KEY = "An Idempotency-Key is for one request, and a WebSocket carries many: send the change over POST."
Operate = Callable[[str, Request], Awaitable[None]]
Fail = Callable[[str, list[ErrorView]], Awaitable[None]]


def request_of(
    scope: Scope, authorization: bytes | None, deadlines: Deadlines, payload: Mapping[str, Any], size: int
) -> Request:
    """Return a request over HTTP that asks the same, from the same address and with the same key.

    Its body is the payload as it was read, and paid for: written again, a number beyond a double would be null.
    """
    headers: list[Header] = [each for each in scope["headers"] if each[0] in _KEPT]
    headers += [(b"content-type", b"application/json"), (b"content-length", b"%d" % size)]
    if authorization is not None:
        headers.append((b"authorization", authorization))
    state = {"request_id": f"{new_number():032x}", "deadlines": deadlines, "streams": True}
    state[READ] = payload.refusal if isinstance(payload, UnreadablePayload) else payload
    asked = {"type": "http", "method": "POST", "path": scope["path"], "query_string": b"", "state": state}
    asked |= {"client": scope["client"], "headers": headers}
    return Request(asked, _nothing)


def names_document(payload: Mapping[str, Any]) -> bool:
    """Return whether what is subscribed to has a text, or names a document in its place."""
    extensions = payload.get("extensions")
    hashed = isinstance(extensions, dict) and extensions.get("persistedQuery") is not None
    return isinstance(payload.get("query"), str) or payload.get("documentId") is not None or hashed


def is_dry(scope: Scope, request_id: str) -> bool:
    """Return whether all changes on a WebSocket are only tried, as its upgrade says.

    Raises Refusal BAD_INPUT for a header of the upgrade that is wrong, or means nothing for many operations.
    """
    request = Request({**scope, "method": "GET", "state": {"request_id": request_id}}, _nothing)
    request.refuse_repeated()
    if b"idempotency-key" in request.headers:
        raise bad_input("header.Idempotency-Key", _ONE_KEY, "NOT_ALLOWED")
    return dry_run(request)


async def guarded(operate: Operate, fail: Fail, key: str, request: Request) -> None:
    """Operate. An error of ours is logged, and ends the operation alone; that its client is gone is no error."""
    with suppress(OSError):
        try:
            await operate(key, request)
        except OSError:
            raise
        except Exception:
            log.exception("unexpected error")
            await fail(key, [shown_refusal(internal(), request.request_id)])


async def _nothing() -> Message:
    return {"type": "websocket.disconnect"}
