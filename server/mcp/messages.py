"""What a body is, as a message of JSON-RPC: what is none, or holds too much, does not reach the library, which would
word what is wrong with it for each kind of message that there is."""

from collections.abc import Mapping
from typing import Any

from resolvers.errors import bad_input
from schema.requests.variables import excess

# Messages of these methods run an operation, which waits for a database; the library's own work is short for them.
_CALLS = ("tools/call", "tasks/")
# What a client says of itself has some dozens. The library reads what it is asked for as each kind of it that there is.
MAX_VALUES = 250
_KINDS = "It is no request, notification or response of JSON-RPC 2.0"


def check_message(message: Mapping[str, Any]) -> None:
    """Raise Refusal BAD_INPUT for what is no message of JSON-RPC 2.0, or holds too many values or too deep ones.

    The arguments of a tool are left to its call, which names them.
    """
    too_much = excess({"body": _without_arguments(message)}, MAX_VALUES)
    if too_much is not None:
        raise too_much
    problem = _problem(message)
    if problem is not None:
        raise bad_input("body", f"{_KINDS}: {problem}.", "WRONG_TYPE")


def is_call(message: Mapping[str, Any]) -> bool:
    """Return whether a message runs an operation."""
    method: str = message.get("method", "")
    return method.startswith(_CALLS)


def _without_arguments(message: Mapping[str, Any]) -> dict[str, Any]:
    params = message.get("params")
    if not isinstance(params, dict) or not isinstance(params.get("name"), str):
        return {**message}
    left = {name: value for name, value in params.items() if name != "arguments" or not isinstance(value, dict)}
    return {**message, "params": left}


def _problem(message: Mapping[str, Any]) -> str | None:
    if message.get("jsonrpc") != "2.0":
        return "jsonrpc must be '2.0'"
    if "method" not in message:
        return _problem_of_response(message)
    if not isinstance(message["method"], str):
        return "method must be a string"
    if not isinstance(message.get("params"), dict | None):
        return "params must be an object"
    return None if "id" not in message else _problem_of_id(message)


def _problem_of_response(message: Mapping[str, Any]) -> str | None:
    error = message.get("error")
    if isinstance(error, dict):
        worded = isinstance(error.get("code"), int) and isinstance(error.get("message"), str)
        return None if worded else "error must have a code and a message"
    if not isinstance(message.get("result"), dict):
        return "it has no method"
    return _problem_of_id(message)


def _problem_of_id(message: Mapping[str, Any]) -> str | None:
    given = message.get("id")
    is_id = isinstance(given, str) or (isinstance(given, int) and not isinstance(given, bool))
    return None if is_id else "id must be a string or a whole number"
