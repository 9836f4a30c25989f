"""What a batch resolver is given: what its field asks for, once for all parents."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Args:
    """A field's arguments by their Python names, and the columns that its selection needs of each row."""

    columns: tuple[str, ...]
    values: Mapping[str, Any]
