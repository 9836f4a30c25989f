"""What is kept because it was costly to make: bounded in bytes, and shared fairly by those for whom it was made."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Owned(OrderedDict[K, int]):
    """The keys of one owner with their weights, the least used first."""

    weight = 0


class Shelf(Generic[K, V]):
    """Values by key, of ``most`` bytes together. Where there would be more, the owner of most loses its least used.

    So an owner (an organization) that asks for ever new values replaces its own, and not what others use. A value is
    of the owner for whom it was made, and for all to find.
    """

    __slots__ = ("_found", "_owners", "most", "weight")

    def __init__(self, most: int) -> None:
        self.most, self.weight = most, 0
        self._found: dict[K, tuple[V, _Owned[K]]] = {}
        self._owners: dict[Hashable, _Owned[K]] = {}

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[K]:
        return iter(self._found)

    def get(self, key: K) -> V | None:
        """The value of a key, which is now the last to go of its owner's."""
        found = self._found.get(key)
        if found is None:
            return None
        found[1].move_to_end(key)
        return found[0]

    def put(self, key: K, value: V, weight: int, owner: Hashable) -> list[V]:
        """Keep the value of a key that has none; return the values that had to go, which may be this one."""
        owned = self._owners.get(owner)
        if owned is None:
            owned = self._owners[owner] = _Owned()
        self._found[key] = value, owned
        owned[key] = weight
        owned.weight += weight
        self.weight += weight
        gone = []
        while self.weight > self.most:
            gone.append(self._drop())
        return gone

    def clear(self) -> None:
        """Keep nothing."""
        self._found.clear()
        self._owners.clear()
        self.weight = 0

    def _drop(self) -> V:
        largest = max(self._owners, key=lambda owner: self._owners[owner].weight)
        owned = self._owners[largest]
        key, weight = owned.popitem(last=False)
        owned.weight -= weight
        self.weight -= weight
        if not owned:
            del self._owners[largest]
        return self._found.pop(key)[0]
