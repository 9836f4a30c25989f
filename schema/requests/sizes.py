"""Holds responses to their size before they leave."""

import asyncio
from typing import Any

import orjson

from execution import CostAnalysis, Outcome
from resolvers.database.loaded import MAX_BYTES, Loaded

# Work on a response that others wait for ends after so many bytes or values.
TURN_BYTES, TURN_VALUES = 256 * 1024, 500
# The rows of a connection can be asked for as its nodes and as its edges.
WAYS = 2
_NESTED = (dict, list)


def fits(outcome: Outcome, measure: CostAnalysis, loaded: Loaded) -> bool:
    """Return whether a response surely has at most ``MAX_BYTES``. Raises Refusal TOO_COMPLEX where more was loaded.

    Each loaded value is in the response once for each way, for each alias that may repeat it, and for each place at
    which its row is shown; where all of that would fit nothing is looked at.
    """
    if loaded.bound > MAX_BYTES:
        raise loaded.too_large()
    if loaded.shared is None or outcome.shared is None:
        loaded.shared = None
        return False
    if outcome.shared > loaded.shared:
        loaded.shared = outcome.shared
    room = (MAX_BYTES - measure.size) // (WAYS * (1 + measure.repeats) * loaded.shared)
    return loaded.shown <= room or loaded.count(room) <= room


async def require_size(data: Any, loaded: Loaded) -> None:
    """Raise Refusal TOO_COMPLEX for data that take more than ``MAX_BYTES`` as JSON."""
    if await _exceeds(data):
        raise loaded.too_large()


async def _exceeds(data: Any) -> bool:
    """Return whether a response is too large as JSON: written part by part, so that other requests go on."""
    size = turn = values = 0
    left = [data]
    while left:
        part = left.pop()
        inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        if any(isinstance(each, _NESTED) for each in inner):
            size += sum(len(key) + 4 for key in part) if isinstance(part, dict) else len(part) + 2
            left += inner
        else:
            size += len(orjson.dumps(part))
        values += 1
        if size > MAX_BYTES:
            return True
        if size - turn > TURN_BYTES or values > TURN_VALUES:
            turn, values = size, 0
            await asyncio.sleep(0)
    return False
