"""Objects with an id of their own, found by it whatever their type."""

from typing import Any, ClassVar

import strawberry


@strawberry.interface(description="An object with an ID.")
class Node:
    """An object with an id of its own; ``prefix`` is what its ids begin with."""

    prefix: ClassVar[str] = ""
    id: strawberry.ID = strawberry.field(description="Unique identifier of the object.")

    @classmethod
    def is_type_of(cls, obj: Any, info: Any) -> bool:
        """Whether a row is of this type: one found by its id alone says so, any other is what its list is."""
        return "kind" not in obj or obj["kind"] == cls.prefix
