"""Holds responses to their size before they leave."""

import asyncio
from typing import Any

import orjson

from execution import CostAnalysis
from resolvers.database.loaded import MAX_BYTES, Loaded

# Work on a response that others wait for ends after so many bytes or values.
TURN_BYTES, TURN_VALUES = 256 * 1024, 500
# The rows of a connection can be asked for as its nodes and as its edges.
WAYS = 2
_NESTED = (dict, list)


async def bounded(data: Any, measure: CostAnalysis, loaded: Loaded) -> None:
    """Raises Refusal TOO_COMPLEX for a response of more than ``MAX_BYTES``.

    Each loaded value is in the response once for each way and alias; where all of that would fit nothing is looked at.
    """
    times = WAYS * (1 + measure.aliases)
    if measure.size + times * loaded.bound <= MAX_BYTES:
        return
    if measure.size + times * loaded.count() > MAX_BYTES and await _exceeds(data):
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
