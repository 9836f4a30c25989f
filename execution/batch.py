"""What a batch resolver is given: what its field asks for, once for all parents."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, eq=False)
class Args:
    """A field's arguments by their Python names, and the columns that its selection needs of each row.

    ``kept`` lives as long as the arguments do, which is as long as the plan where no variable stands in them: a
    resolver keeps there what it makes of them alone.
    """

    columns: tuple[str, ...]
    values: Mapping[str, Any]
    kept: dict[Any, Any] = field(default_factory=dict)
