"""JSON as both APIs read it: a number that no double holds is read too, so that it is refused where it stands."""

import json
from math import isinf
from typing import Any, NoReturn

import orjson

# Beyond them orjson reads whole numbers as floating ones.
_LEAST, _MOST = -(2**63), 2**64
# What Python's reader takes some 15 ms for. In a longer text it is not said where the number stands.
_READ_AGAIN = 64 * 1024


def read_json(text: bytes | str) -> Any:
    """Return the value of a JSON text; in one of at most 64 KiB a number beyond a double is an infinity.

    Raises orjson.JSONDecodeError.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if not is_number_out_of_range(error) or len(text) > _READ_AGAIN:
            raise
        # Python's reader is slower, and takes more than JSON: nothing is read by it that is not valid but for that.
        found, beyond = _read_with_infinities(text)
        if not beyond:
            raise
        return found


def is_number_out_of_range(error: orjson.JSONDecodeError) -> bool:
    """Return whether an error is of a number beyond a double, where it says it is."""
    return "infinity" in error.msg


def why_unread(error: orjson.JSONDecodeError, what: str) -> str:
    """Return why a text is not read, in a message that does not depend on the parser; ``what`` the text is of."""
    if is_number_out_of_range(error):
        return f"The number at line {error.lineno}, column {error.colno} is out of range."
    return f"The {what} is not JSON: see line {error.lineno}, column {error.colno}."


def read_loosely(text: str) -> Any:
    """Return the value of a JSON text that ``read_json`` does not read, with halves of surrogate pairs in its strings
    and its numbers as floating ones: enough to tell whose it is, and nothing to run.

    Raises ValueError for what is no JSON.
    """
    try:
        return json.loads(text, parse_int=float, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("It is nested too deeply.") from None


def _read_with_infinities(text: bytes | str) -> tuple[Any, bool]:
    """Return a value, and whether it holds a number beyond a double; False of what is no JSON."""
    beyond = False

    def number(digits: str) -> float:
        nonlocal beyond
        value = float(digits)
        beyond = beyond or isinf(value)
        return value

    def whole_number(digits: str) -> float:
        value = number(digits)
        return int(digits) if _LEAST <= value < _MOST else value

    try:
        decoded = text.decode() if isinstance(text, bytes) else text
        found = json.loads(decoded, parse_float=number, parse_int=whole_number, parse_constant=_no_number)
        # Half of a surrogate pair is no text.
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None, False
    return found, beyond


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
