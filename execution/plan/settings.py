"""What an executor compiles and runs operations with."""

from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from graphql import GraphQLSchema

from execution.plan.field_kinds import FieldKinds, resolver_fields

# Is given the context and the loads of a level that do not depend on each other; returns what completes each. The loads
# may be begun, so that what they send first is sent together.
BeginLoads = Callable[[Any, Sequence[Coroutine[Any, Any, Any]]], Awaitable[Sequence[Awaitable[Any]]]]


class Serializers(Enum):
    """Whether objects are serialized by functions that are compiled with a plan.

    ``CHECKED`` serializes and completes each object, and raises ``BrokenPromiseError`` where the two differ.
    """

    OFF = "off"
    ON = "on"
    CHECKED = "checked"


@dataclass(frozen=True, slots=True, eq=False)
class ExecutorSettings:
    """A schema, the kinds of its fields, counters, and what begins the loads of a level, if anything does.

    ``fallbacks`` counts operations that graphql-core ran, by the reason; ``serializer_failures`` how often objects had
    to be completed field by field though they were promised to be of one type, by that type.
    """

    schema: GraphQLSchema
    fields: FieldKinds = resolver_fields
    serializers: Serializers = Serializers.OFF
    fallbacks: Counter[str] = field(default_factory=Counter)
    serializer_failures: Counter[str] = field(default_factory=Counter)
    begin_loads: BeginLoads | None = None
    key: tuple[Any, ...] = field(init=False)

    def __post_init__(self) -> None:
        # What a plan depends on: executors that differ in the others alone share plans.
        object.__setattr__(self, "key", (self.schema, self.fields, self.serializers.value))
