"""Objects with an id of their own, found by it whatever their type."""

from typing import Any

import strawberry

from resolvers.collections.nodes import TYPE
from schema.declaration.fields import RESOURCE_TYPES


@strawberry.interface(description="An object with an ID.")
class Node:
    """An object with an id of its own."""

    id: strawberry.ID = strawberry.field(description="Unique identifier of the object.")

    @classmethod
    def is_type_of(cls, obj: Any, info: Any) -> bool:
        """Return whether a row is of this type: one found by its id alone says so, any other is what its list is."""
        return TYPE not in obj or obj[TYPE] == RESOURCE_TYPES[cls].prefix
