"""What a client may give the mutations that are open to clients."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from execution import Effort
from models.actors import only_staff_gives
from schema.declaration.inputs import INPUT


@dataclass(frozen=True, slots=True)
class ClientInput:
    """What a client may give a mutation: some fields of its input, of those in ``only`` one of these values, and in
    ``name`` its own name. ``known`` are all fields of the input."""

    fields: tuple[str, ...]
    only: Mapping[str, Sequence[str]] = field(default_factory=dict)
    name: str | None = None
    known: frozenset[str] = frozenset()

    def says(self) -> str:
        """Return a sentence that says so."""
        given = [f"`{name}`" for name in self.fields if name not in self.only]
        given += [f"`{name}` {' or '.join(f'`{value}`' for value in values)}" for name, values in self.only.items()]
        given += [] if self.name is None else [f"as `{self.name}` its own name"]
        listed = " and ".join([", ".join(given[:-1]), given[-1]] if len(given) > 1 else given)
        return f"A client's access token may do it, and give {listed}."

    def needed(self, arguments: Mapping[str, Any], effort: Effort) -> list[Any]:
        """Return what is reserved of what is given. An empty list or object is as absent; what there is no such field
        for is refused where values are judged, as anybody's is."""
        given = arguments.get(INPUT)
        if not isinstance(given, dict):
            return []
        effort.spend(len(given))
        return [
            only_staff_gives(f"{INPUT}.{name}", value if name == self.name and isinstance(value, str) else None)
            for name, value in given.items()
            if value is not None and name in self.known and not self._open(name, value)
        ]

    def _open(self, name: str, value: Any) -> bool:
        if name in self.fields:
            return value in self.only.get(name, (value,))
        return value in ([], {})
