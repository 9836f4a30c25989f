"""Messages of graphql-transport-ws, and what a connection is closed with that breaks its rules."""

from collections.abc import Mapping
from typing import Any

import orjson

from resolvers.errors import Refusal, bad_input
from web.http import Message, is_encoded
from web.json_text import read_json, read_loosely, why_unread

# What the protocol closes a connection with, and what the web has for a server that is busy.
BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NO_SUBPROTOCOL = 4400, 4401, 4403, 4406
INIT_TIMEOUT, ID_TAKEN, TOO_MANY_INITS = 4408, 4409, 4429
TRY_AGAIN, INTERNAL = 1013, 1011
LONGEST_ID = 255
# A close frame has room for so many bytes of a reason.
REASON_BYTES = 123


class ClosedError(Exception):
    """Ends a connection, with a code and a reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason.encode()[:REASON_BYTES].decode(errors="ignore")


class UnreadablePayload(dict[str, Any]):
    """A payload of JSON that holds what no value is, such as half a surrogate pair: the operation that it is of has the
    ``refusal`` that a body over HTTP would have, and nothing else may be done with it."""

    def __init__(self, payload: Mapping[str, Any], refusal: Refusal) -> None:
        super().__init__(payload)
        self.refusal = refusal


def message_of(received: Message) -> dict[str, Any]:
    """Return a message, perhaps with an UnreadablePayload. Raises ClosedError for one that is no JSON object with a
    type."""
    text = received.get("text")
    if text is None:
        raise ClosedError(BAD_REQUEST, "A message must be text")
    try:
        message = read_json(text)
    except orjson.JSONDecodeError as error:
        message = _unreadable(text, error)
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise ClosedError(BAD_REQUEST, "A message must be an object with a type")
    return message


def _unreadable(text: str, error: orjson.JSONDecodeError) -> Any:
    """Return a message that was not read, if it is JSON: what it says of one operation ends no other one."""
    try:
        message = read_loosely(text)
    except ValueError:
        raise ClosedError(BAD_REQUEST, "A message must be JSON") from None
    if isinstance(message, dict) and isinstance(message.get("payload"), dict):
        refusal = bad_input("body", why_unread(error, "message"), "INVALID_FORMAT")
        message["payload"] = UnreadablePayload(message["payload"], refusal)
    return message


def id_of(message: Mapping[str, Any]) -> str:
    key = message.get("id")
    # One with half a surrogate pair could not be answered.
    if not isinstance(key, str) or not 0 < len(key) <= LONGEST_ID or not is_encoded(key):
        raise ClosedError(BAD_REQUEST, f"The id must be a string of 1 to {LONGEST_ID} characters")
    return key
