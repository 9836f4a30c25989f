"""The settings as a table: for the README and for whoever asks the command line."""

import argparse
from collections.abc import Iterable

from pydantic.fields import FieldInfo

from server.cli.console import say
from server.settings import Settings


def show(_arguments: argparse.Namespace) -> int:
    """Print every setting with its default, as the README has them."""
    say(settings_table())
    return 0


def settings_table() -> str:
    """Return every setting in Markdown: its environment variable, its default, its meaning."""
    rows = [f"| `{name.upper()}` | {_default(field)} | {field.description} |" for name, field in _fields()]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows])


def _fields() -> Iterable[tuple[str, FieldInfo]]:
    """Return the fields of the settings: those that must be set come first."""
    return sorted(Settings.model_fields.items(), key=lambda item: not item[1].is_required())


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.default
    if isinstance(value, tuple):
        value = ",".join(map(str, value))
    if isinstance(value, bool):
        value = str(value).lower()
    return f"`{value}`" if value not in (None, "") else "none"
