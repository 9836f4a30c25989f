"""Secret keys with versions, of which one writes and all read."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """Keys by their versions: new values are written with the highest version, and every version can be read."""

    keys: Mapping[int, bytes]

    @property
    def current(self) -> tuple[int, bytes]:
        """Return the version to write with, and its key."""
        version = max(self.keys)
        return version, self.keys[version]

    def __repr__(self) -> str:
        """Return the versions alone: the keys are secret."""
        return f"<keys {', '.join(map(str, sorted(self.keys)))}>"
