"""Inputs that filter and sort a collection: made from what the collection declares."""

from datetime import datetime
from enum import Enum
from typing import Any, Generic, TypeVar

import strawberry

from models.enums import DescribedEnum
from resolvers.collections.collection import COLLECTIONS, Collection, Relation
from resolvers.lists.conditions import Condition, Operand
from resolvers.lists.filters import MAX_TEXT
from resolvers.lists.search_words import WORDS_OF_A_SEARCH
from schema.declaration.scalars import MinorUnits

T = TypeVar("T")
E = TypeVar("E", bound=Enum)
EQ = "Equals this value."
IN = "Equals one of these values."
NOT_IN = "Equals none of these values."
IS_NULL = "Is not set (`true`) or is set (`false`)."
SEARCH_WORDS = (
    f"Search terms: an object matches when, for each of them, one of its words starts with it. The first"
    f" {WORDS_OF_A_SEARCH} terms count. At most {MAX_TEXT:,} characters."
)
SEARCH = f"{SEARCH_WORDS} A string without a letter or a digit is ignored."
AND = "All of these filters match. Filters without conditions are ignored."
OR = (
    "At least one of these filters matches; an empty list matches nothing. Filters without conditions are ignored, and"
    " so is the list if it has no others."
)
NOT = "This filter does not match. A null value equals nothing. A filter without conditions is ignored."


class Direction(DescribedEnum):
    """Sort direction."""

    ASC = "ASC", "Ascending: smallest or oldest first."
    DESC = "DESC", "Descending: largest or newest first."


@strawberry.input(name="Filter", description="Conditions on a value of an enum.")
class EnumFilter(Generic[E]):
    """Conditions on a value of an enum."""

    eq: strawberry.Maybe[E] = strawberry.field(description=EQ)
    in_: strawberry.Maybe[list[E]] = strawberry.field(name="in", description=IN)
    not_in: strawberry.Maybe[list[E]] = strawberry.field(description=NOT_IN)


@strawberry.input(name="Filter", description="Conditions on a value of an enum that can be null.")
class OptionalEnumFilter(Generic[E]):
    """Conditions on a value of an enum that may be null."""

    eq: strawberry.Maybe[E] = strawberry.field(description=EQ)
    in_: strawberry.Maybe[list[E]] = strawberry.field(name="in", description=IN)
    not_in: strawberry.Maybe[list[E]] = strawberry.field(description=NOT_IN)
    is_null: strawberry.Maybe[bool] = strawberry.field(description=IS_NULL)


@strawberry.input(description="Conditions on the related objects of an object.")
class ListFilter(Generic[T]):
    """Conditions on related objects."""

    some: strawberry.Maybe[T] = strawberry.field(
        description="At least one related object matches. Without conditions: there is at least one."
    )
    none: strawberry.Maybe[T] = strawberry.field(
        description="No related object matches. Without conditions: there is none."
    )


@strawberry.input(description="Conditions on a string. Case is ignored.")
class TextFilter:
    """Conditions on a text."""

    eq: strawberry.Maybe[str] = strawberry.field(description=EQ)
    in_: strawberry.Maybe[list[str]] = strawberry.field(name="in", description=IN)
    starts_with: strawberry.Maybe[str] = strawberry.field(description="Starts with this value.")


@strawberry.input(description="Conditions on a time.")
class DateTimeFilter:
    """Conditions on a time."""

    eq: strawberry.Maybe[datetime] = strawberry.field(description="Equals this time, to the millisecond.")
    gt: strawberry.Maybe[datetime] = strawberry.field(description="Is after this time.")
    gte: strawberry.Maybe[datetime] = strawberry.field(description="Is at or after this time.")
    lt: strawberry.Maybe[datetime] = strawberry.field(description="Is before this time.")
    lte: strawberry.Maybe[datetime] = strawberry.field(description="Is at or before this time.")
    is_null: strawberry.Maybe[bool] = strawberry.field(description=IS_NULL)


@strawberry.input(description="Conditions on an integer.")
class IntFilter:
    """Conditions on a whole number."""

    eq: strawberry.Maybe[int] = strawberry.field(description=EQ)
    gt: strawberry.Maybe[int] = strawberry.field(description="Is greater than this value.")
    gte: strawberry.Maybe[int] = strawberry.field(description="Is greater than or equal to this value.")
    lt: strawberry.Maybe[int] = strawberry.field(description="Is less than this value.")
    lte: strawberry.Maybe[int] = strawberry.field(description="Is less than or equal to this value.")


@strawberry.input(description="Conditions on an amount of money, in minor units.")
class MinorUnitsFilter:
    """Conditions on an amount of money, in minor units."""

    eq: strawberry.Maybe[MinorUnits] = strawberry.field(description=EQ)
    gt: strawberry.Maybe[MinorUnits] = strawberry.field(description="Is greater than this value.")
    gte: strawberry.Maybe[MinorUnits] = strawberry.field(description="Is greater than or equal to this value.")
    lt: strawberry.Maybe[MinorUnits] = strawberry.field(description="Is less than this value.")
    lte: strawberry.Maybe[MinorUnits] = strawberry.field(description="Is less than or equal to this value.")


@strawberry.input(description="Conditions on an ID.")
class IdFilter:
    """Conditions on an id."""

    eq: strawberry.Maybe[strawberry.ID] = strawberry.field(description=EQ)
    in_: strawberry.Maybe[list[strawberry.ID]] = strawberry.field(name="in", description=IN)


@strawberry.input(description="Conditions on an ID that can be null.")
class OptionalIdFilter:
    """Conditions on an id that may be null."""

    eq: strawberry.Maybe[strawberry.ID] = strawberry.field(description=EQ)
    in_: strawberry.Maybe[list[strawberry.ID]] = strawberry.field(name="in", description=IN)
    is_null: strawberry.Maybe[bool] = strawberry.field(description=IS_NULL)


@strawberry.input(description="Conditions on a value that is true or false.")
class BooleanFilter:
    """Conditions on a truth value."""

    eq: strawberry.Maybe[bool] = strawberry.field(description=EQ)


@strawberry.input(description="Conditions on tags.")
class TagsFilter:
    """Conditions on tags."""

    has: strawberry.Maybe[str] = strawberry.field(description="Has this tag.")
    has_any: strawberry.Maybe[list[str]] = strawberry.field(description="Has at least one of these tags.")


@strawberry.input(description="Conditions on a list of IDs.")
class IdsFilter:
    """Conditions on a list of ids."""

    has: strawberry.Maybe[strawberry.ID] = strawberry.field(description="Has this ID.")
    has_any: strawberry.Maybe[list[strawberry.ID]] = strawberry.field(description="Has at least one of these IDs.")


_INPUTS: dict[Operand, Any] = {
    Operand.ID: IdFilter,
    Operand.TEXT: TextFilter,
    Operand.INTEGER: IntFilter,
    Operand.MONEY: MinorUnitsFilter,
    Operand.MOMENT: DateTimeFilter,
    Operand.TAGS: TagsFilter,
    Operand.IDS: IdsFilter,
    Operand.BOOLEAN: BooleanFilter,
    Operand.OPTIONAL_ID: OptionalIdFilter,
}
_FILTERS: dict[str, Any] = {}
_ORDERS: dict[str, Any] = {}


def filter_of(collection: Collection) -> Any:
    """Return the input that filters a collection, such as ``OrderFilter``."""
    made = _FILTERS.get(collection.name)
    if made is None:
        # Kept before its fields are made: related collections' filters lead back to it.
        made = _FILTERS[collection.name] = type(f"{collection.resource.type_name}Filter", (), {"__module__": __name__})
        _fill(made, collection)
        meaning = f"Filter conditions for {collection.resource.labels}. All given conditions must match."
        strawberry.input(made, description=meaning)
    return made


def _fill(made: Any, collection: Collection) -> None:
    fields: dict[str, tuple[Any, Any]] = {
        "and_": (list[made], strawberry.field(name="and", description=AND)),
        "or_": (list[made], strawberry.field(name="or", description=OR)),
        "not_": (made, strawberry.field(name="not", description=NOT)),
    }
    if collection.searched:
        fields["search"] = (str, strawberry.field(description=SEARCH))
    for name, asked in collection.filters.items():
        fields[name] = (_input_of(asked), strawberry.field(description=f"Filter by {asked.meaning}."))
    made.__annotations__ = {name: _of(strawberry.Maybe, type_) for name, (type_, _) in fields.items()}
    for name, (_, field) in fields.items():
        setattr(made, name, field)


def _input_of(asked: Condition | Relation) -> Any:
    if isinstance(asked, Relation):
        related = COLLECTIONS[asked.to]
        if related.partial:
            raise ValueError(f"a filter leads to {related.name}, and would find rows that nobody sees")
        inner = filter_of(related)
        return _of(ListFilter, inner) if asked.many else inner
    if isinstance(asked.operand, Operand):
        return _INPUTS[asked.operand]
    return _of(OptionalEnumFilter if "is_null" in asked.ops else EnumFilter, asked.operand)


def _of(generic: Any, argument: Any) -> Any:
    return generic[argument]


def order_of(collection: Collection) -> Any:
    """Return the input that sorts a collection, such as ``OrderOrder``."""
    made = _ORDERS.get(collection.name)
    if made is None:
        resource = collection.resource
        members = {name: (name, key.meaning) for name, key in collection.sort_fields.items()}
        make: Any = DescribedEnum
        field = make(f"{resource.type_name}OrderField", members)
        field.__doc__ = f"Fields that {resource.labels} can be sorted by."
        made = _ORDERS[collection.name] = type(
            f"{resource.type_name}Order",
            (),
            {
                "__module__": __name__,
                "__annotations__": {"field": field, "direction": Direction | None},
                "field": strawberry.field(description="Field to sort by."),
                "direction": strawberry.field(description="Sort direction.", default=Direction.ASC),
                "kept_whole": True,
            },
        )
        strawberry.input(made, description=f"Ordering options for {resource.labels}.")
    return made
