"""An operation that is known to be fit to run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from execution import CostAnalysis, Operation


@dataclass(slots=True)
class Prepared:
    """An operation that is known to be fit: what it is, what it was asked with, what it costs and needs.

    ``identity`` has the variables that a repeat with the same Idempotency-Key must have, where they are others. ``new``
    is what reading and judging it costs beside, where this process has not met it.
    """

    operation: Operation
    variables: Mapping[str, Any]
    measure: CostAnalysis
    identity: Mapping[str, Any] | None = None
    new: int = 0
