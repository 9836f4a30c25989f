"""How often an object that was loaded once is shown."""

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import Any

_SHORT = frozenset({bool, int, float, type(None)})


def most_shared(values: Sequence[Any], *, lists: bool) -> int:
    """Return how often that one of the values comes which comes most often; where they are ``lists``, or one of their
    items. Nulls do not count, nor numbers and the like.
    """
    if lists:
        values = list(chain(values, *(value for value in values if isinstance(value, (list, tuple)))))
    if len(values) < 2 or len(set(map(id, values))) == len(values):
        return 1
    return max(Counter(id(value) for value in values if type(value) not in _SHORT).values(), default=1)
