"""What every mutation has: its scope, its cost, one transaction."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry

from schema.fields import Info, Requires

MUTATION_COST = 10
F = TypeVar("F", bound=Callable[..., Any])
INPUT = "To which, and what with."
EXPECTED = "The version it must still have; another is refused with VERSION_MISMATCH."


def mutation(scope: str, description: str) -> Callable[[F], F]:
    """A root field that changes something: needs a write scope, costs 10, runs in a transaction of its own."""
    make = strawberry.mutation(
        description=description, directives=[Requires(scope=scope)], metadata={"cost": MUTATION_COST, "needs": ()}
    )

    def field(resolver: F) -> F:
        made = make(resolver)
        for argument in made.base_resolver.arguments:
            argument.description = INPUT
        return cast("F", made)

    return field


__all__ = ["EXPECTED", "Info", "mutation"]
