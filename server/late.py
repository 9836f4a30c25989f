"""What takes long to import, and not every command needs, by its name."""

import gc
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module
from typing import Any


def late(module: str, name: str) -> Any:
    """Return what a module calls by a name; the module is imported now, without the garbage collector.

    Hardly anything of a module becomes garbage, and to look for it takes a sixth of the time.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        return getattr(import_module(module), name)
    finally:
        if collects:
            gc.enable()


class LateMapping(Mapping[str, Any]):
    """A module's mapping by its name; the module is imported when the mapping is first looked into."""

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name

    @cached_property
    def _mapping(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = late(self._module, self._name)
        return found

    def __getitem__(self, key: str) -> Any:
        return self._mapping[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._mapping)

    def __len__(self) -> int:
        return len(self._mapping)
