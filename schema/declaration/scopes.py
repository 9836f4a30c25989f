"""The scope that a type or a field requires: its directive, and its words in descriptions."""

from collections.abc import Iterable

import strawberry
from strawberry.schema_directive import Location


@strawberry.schema_directive(
    locations=[Location.OBJECT, Location.FIELD_DEFINITION],
    description="The scope that an API key needs for this type or field.",
)
class Requires:
    """The scope that a key needs."""

    scope: str = strawberry.directive_field(name="scope")


def required_scope(directives: Iterable[object] | None) -> str | None:
    """Return the scope that the directives of a type or a field require."""
    return next((directive.scope for directive in directives or () if isinstance(directive, Requires)), None)


def requires(scope: str) -> str:
    """Return the sentence of a description that names the scope that is needed."""
    return f"Requires the scope `{scope}`."
