"""Texts and numbers of models, as PostgreSQL takes them."""

from math import isfinite
from typing import Any

TOO_LARGE = "A number in it is too large: an integer has at most 64 bits."


def clean(value: Any) -> Any:
    """Return a JSON value that PostgreSQL takes: without the character that its texts cannot hold."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, list):
        return [clean(each) for each in value]
    return {clean(name): clean(each) for name, each in value.items()} if isinstance(value, dict) else value


def is_written(value: Any) -> bool:
    """Return whether the numbers of a JSON value can be written: integers of 64 bits, and what is finite."""
    if isinstance(value, dict):
        return all(map(is_written, value.values()))
    if isinstance(value, list):
        return all(map(is_written, value))
    return isfinite(value) if isinstance(value, float) else not isinstance(value, int) or -(2**63) <= value < 2**64
