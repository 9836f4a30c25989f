"""Texts of models, as PostgreSQL takes them."""

from typing import Any


def clean(value: Any) -> Any:
    """Return a JSON value that PostgreSQL takes: without the character that its texts cannot hold."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, list):
        return [clean(each) for each in value]
    return {clean(name): clean(each) for name, each in value.items()} if isinstance(value, dict) else value
