"""A cache with a limit in bytes, shared fairly by the owners of its values."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Owned(OrderedDict[K, int]):
    """The keys of one owner with their values' sizes in bytes, the least recently used first."""

    size = 0


class SizedCache(Generic[K, V]):
    """Values by their keys, of at most ``max_bytes`` together.

    When there would be more, the owner of the most bytes loses its least recently used value. So an organization that
    asks for ever new values evicts its own, and not what others use. A value counts for the owner for whom it was made,
    but is found by all.
    """

    __slots__ = ("_owners", "_values", "max_bytes", "size")

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes, self.size = max_bytes, 0
        self._values: dict[K, tuple[V, _Owned[K]]] = {}
        self._owners: dict[Hashable, _Owned[K]] = {}

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[K]:
        return iter(self._values)

    def get(self, key: K) -> V | None:
        """Return the value of a key, or None. It becomes the most recently used of its owner."""
        found = self._values.get(key)
        if found is None:
            return None
        found[1].move_to_end(key)
        return found[0]

    def put(self, key: K, value: V, size: int, owner: Hashable) -> list[V]:
        """Add the value of a new key. Return the evicted values, of which it may be one."""
        owned = self._owners.get(owner)
        if owned is None:
            owned = self._owners[owner] = _Owned()
        self._values[key] = value, owned
        owned[key] = size
        owned.size += size
        self.size += size
        evicted = []
        while self.size > self.max_bytes:
            evicted.append(self._evict())
        return evicted

    def clear(self) -> None:
        """Remove all values."""
        self._values.clear()
        self._owners.clear()
        self.size = 0

    def _evict(self) -> V:
        largest = max(self._owners, key=lambda owner: self._owners[owner].size)
        owned = self._owners[largest]
        key, size = owned.popitem(last=False)
        owned.size -= size
        self.size -= size
        if not owned:
            del self._owners[largest]
        return self._values.pop(key)[0]
