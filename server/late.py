"""Mappings of modules that take long to import, and that not every command needs."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module
from typing import Any


class LateMapping(Mapping[str, Any]):
    """A module's mapping by its name; the module is imported when the mapping is first looked into."""

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name

    @cached_property
    def _mapping(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = getattr(import_module(self._module), self._name)
        return found

    def __getitem__(self, key: str) -> Any:
        return self._mapping[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._mapping)

    def __len__(self) -> int:
        return len(self._mapping)
