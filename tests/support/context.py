"""A context that needs no server."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Ctx:
    """What a batched field asks of a context."""

    loaders: dict[Any, Any] = field(default_factory=dict)
    calls: list[tuple[int, tuple[str, ...], dict[str, Any]]] = field(default_factory=list)
