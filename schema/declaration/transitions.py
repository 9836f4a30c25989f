"""Transitions of a status in the graph: what an object may become, and why not."""

from datetime import datetime
from typing import Any, Generic, TypeVar

import strawberry

from models.enums import DescribedEnum
from models.machines import Guard, Machine, Requirement
from resolvers.changes.transitions import transitions_of
from schema.declaration.fields import batched, object_type

S = TypeVar("S", bound=DescribedEnum)
AVAILABLE = (
    "All transitions from the current status, including those that are blocked. With a client's access token only those"
    " that the client may make."
)


@object_type()
class Blocked:
    """Why a transition is blocked."""

    code: Guard = strawberry.field(description="The guard that blocks the transition.")
    message: str = strawberry.field(description="Explanation for a person.")
    limit: int | None = strawberry.field(description="The limit that was reached: a number of revisions or days.")
    until: datetime | None = strawberry.field(
        description="Time until which the transition was possible, when time blocks it."
    )


@strawberry.type(description="A transition of an object from its current status.")
class Transition(Generic[S]):
    """A transition from a status."""

    to: S = strawberry.field(description="Status after the transition.")
    allowed: bool = strawberry.field(description="Whether the transition is allowed now.")
    requires: list[Requirement] = strawberry.field(description="Requirements of a request for the transition.")
    blocked_by: Blocked | None = strawberry.field(description="Why the transition is blocked; null when it is allowed.")


def available_transitions(machine: Machine[Any], *needs: str) -> Any:
    """Return a field: the transitions of a machine from a row's status, which need columns of the row."""
    return batched(transitions_of(machine), "status", *needs, description=AVAILABLE)
