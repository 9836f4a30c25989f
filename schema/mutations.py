"""What every mutation has: its scope, its cost, one transaction."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry

from schema.fields import Info, Requires

MUTATION_COST = 10
F = TypeVar("F", bound=Callable[..., Any])
EXPECTED = "The version it must still have; another is refused with VERSION_MISMATCH."


def mutation(scope: str, description: str) -> Callable[[F], F]:
    """A root field that changes something: needs a write scope, costs 10, runs in a transaction of its own."""
    return cast(
        "Callable[[F], F]",
        strawberry.mutation(
            description=description, directives=[Requires(scope=scope)], metadata={"cost": MUTATION_COST, "needs": ()}
        ),
    )


__all__ = ["EXPECTED", "Info", "mutation"]
