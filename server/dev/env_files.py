"""Files of NAME=value lines that only their owner reads: development secrets and the URLs of a running instance."""

from collections.abc import Mapping
from pathlib import Path

from server.drafts import write_private


def read_env(path: Path) -> dict[str, str]:
    """Return the values of a file that `write_env` wrote. Raises OSError when it cannot be read."""
    pairs = (
        line.partition("=")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    )
    return {name: value for name, _, value in pairs}


def write_env(path: Path, values: Mapping[str, str]) -> None:
    """Write the values, whole or not at all, readable by their owner alone."""
    write_private(path, "".join(f"{name}={value}\n" for name, value in values.items()))
