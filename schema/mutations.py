"""What every mutation has: its scope, its cost, one transaction, and null for one that is refused."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry

from schema.fields import Info, Requires

MUTATION_COST = 10
F = TypeVar("F", bound=Callable[..., Any])
INPUT = "The mutation's input."
EXPECTED = "Version that the object must have. With any other, the mutation fails with `VERSION_MISMATCH`."
MERGED = "Absent fields keep their values; `null` clears a field."


def mutation(scope: str, description: str) -> Callable[[F], F]:
    """A root field that changes something: needs a write scope, costs 10, runs in a transaction of its own.

    It is nullable whatever its resolver gives: where it is refused, the fields beside it are answered.
    """
    metadata = {"cost": MUTATION_COST, "needs": ()}

    def field(resolver: F) -> F:
        made: Any = strawberry.mutation(
            resolver, graphql_type=resolver.__annotations__["return"] | None, description=description,
            directives=[Requires(scope=scope)], metadata=metadata,
        )  # fmt: skip
        for argument in made.base_resolver.arguments:
            argument.description = INPUT
        return cast("F", made)

    return field


__all__ = ["EXPECTED", "MERGED", "Info", "mutation"]
