"""Deprecations: why something goes, since when that is known, and until when it works. REST's headers say so too."""

import re
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import NamedTuple

from graphql import (
    ArgumentNode,
    EnumValueNode,
    FieldNode,
    GraphQLArgument,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLSchema,
    Node,
    ObjectFieldNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    visit,
)

from execution import Operation

_REASON = re.compile(r"(\S.*) Deprecated on (\d{4}-\d\d-\d\d), removed after (\d{4}-\d\d-\d\d)\.", re.DOTALL)


class Deprecation(NamedTuple):
    """What replaces something, since when it is deprecated, and the day until which it works."""

    instead: str
    since: date
    until: date

    @property
    def reason(self) -> str:
        """Return the reason of `@deprecated`."""
        return f"{self.instead} Deprecated on {self.since}, removed after {self.until}."

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return the headers `Deprecation` (RFC 9745) and `Sunset` (RFC 8594)."""
        since, until = (datetime.combine(day, time(), UTC) for day in (self.since, self.until))
        return [
            (b"deprecation", b"@%d" % since.timestamp()),
            (b"sunset", format_datetime(until, usegmt=True).encode()),
        ]


def deprecation_of(reason: str) -> Deprecation:
    """Return the deprecation that a reason tells of. Raises ValueError for a reason that does not say what replaces it,
    since when, and until when."""
    found = _REASON.fullmatch(reason)
    if found is None:
        raise ValueError(f"{reason!r} does not end with: Deprecated on YYYY-MM-DD, removed after YYYY-MM-DD.")
    instead, since, until = found.groups()
    made = Deprecation(instead, date.fromisoformat(since), date.fromisoformat(until))
    if made.since >= made.until:
        raise ValueError(f"{reason!r} is removed before it is deprecated.")
    return made


class _Finder(Visitor):
    """Finds what a document uses that is deprecated."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.types = types
        self.found: list[Deprecation] = []

    def enter(self, node: Node, *_: object) -> None:
        """Look at what a node refers to."""
        used: GraphQLField | GraphQLArgument | GraphQLInputField | GraphQLEnumValue | None = None
        if isinstance(node, FieldNode):
            used = self.types.get_field_def()
        elif isinstance(node, ArgumentNode):
            used = self.types.get_argument()
        elif isinstance(node, EnumValueNode):
            used = self.types.get_enum_value()
        elif isinstance(node, ObjectFieldNode):
            used = getattr(self.types.get_parent_input_type(), "fields", {}).get(node.name.value)
        if used is not None and used.deprecation_reason is not None:
            self.found.append(deprecation_of(used.deprecation_reason))


def deprecation_in(schema: GraphQLSchema, operation: Operation) -> Deprecation | None:
    """Return the deprecation of what an operation uses that ends first; None where it uses nothing deprecated.

    Raises ValueError for a reason without its dates.
    """
    types = TypeInfo(schema)
    finder = _Finder(types)
    visit(operation.document, TypeInfoVisitor(types, finder))
    return min(finder.found, key=lambda each: (each.until, each.since), default=None)
