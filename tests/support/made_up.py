"""Values that Hypothesis makes up, the same ones each time."""

import os
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

SEED = int(os.environ.get("FUZZ_SEED", "1"))


def made_up(strategy: st.SearchStrategy[Any], number: int, *, turn: int = 0) -> list[Any]:
    """At most so many values of a strategy; in another turn others."""
    found: list[Any] = []

    @seed(SEED + turn)
    @settings(
        max_examples=number, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=[*HealthCheck]
    )
    @given(strategy)
    def collect(value: Any) -> None:
        found.append(value)

    collect()
    return found
