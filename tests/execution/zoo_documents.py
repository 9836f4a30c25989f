"""Makes documents over a schema at random: aliases, fragments, merged fields, conditions, variables."""

from functools import cache
from random import Random
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_composite_type,
)

VARIABLES = {"yes": True, "no": False}


class Writer:
    """Writes one document. Most are valid."""

    mutates = 0.1

    def __init__(self, schema: GraphQLSchema, random: Random) -> None:
        self.schema, self.random = schema, random
        self.fragments: list[str] = []
        self.declared: set[str] = set()
        self.number = 0

    def document(self) -> str:
        """A query, or now and then a mutation."""
        operation_type = "mutation" if self.random.random() < self.mutates else "query"
        root = self.schema.mutation_type if operation_type == "mutation" else self.schema.query_type
        assert root is not None, "the schema has both"
        body = self._selections(root, self.random.randint(1, 3))
        # The variables must be used: an operation with an unused one is not valid.
        body = "{ used: __typename @include(if: $yes) @skip(if: $no) " + body[1:]
        more = "".join(f", {each}" for each in sorted(self.declared))
        return f"{operation_type}($yes: Boolean!, $no: Boolean = false{more}) {body}\n" + "\n".join(self.fragments)

    def _selections(self, type_: GraphQLNamedType, depth: int) -> str:
        if self.random.random() < 0.03:
            return "{ }"
        parts = [self._part(type_, depth) for _ in range(self.random.randint(1, 3))]
        if self.random.random() < 0.2:
            parts.append(self.random.choice(parts))
        return "{ " + " ".join(parts) + " }"

    def _part(self, type_: GraphQLNamedType, depth: int) -> str:
        chance = self.random.random()
        if chance < 0.08:
            return "__typename" + self._condition()
        if chance < 0.3 or not isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType)):
            on = self._fitting(type_)
            if self.random.random() < 0.5:
                return f"... on {on.name}{self._condition()} {self._selections(on, depth)}"
            return f"...{self._fragment(on, depth)}{self._condition()}"
        return self._field(type_, depth)

    def _fragment(self, on: GraphQLNamedType, depth: int) -> str:
        name = f"F{len(self.fragments)}"
        self.fragments.append("")
        self.fragments[int(name[1:])] = f"fragment {name} on {on.name} {self._selections(on, depth)}"
        return name

    def _fitting(self, type_: GraphQLNamedType) -> GraphQLNamedType:
        possible = list(self.schema.get_possible_types(type_)) if is_abstract_type(type_) else []
        return self.random.choice([*possible, type_]) if possible else type_

    def _field(self, type_: Any, depth: int) -> str:
        every, composite, leaves = _names(type_)
        names = every if depth > 0 else leaves
        if depth > 0 and self.random.random() < 0.6:
            names = composite or names
        name: str = self.random.choice(names)
        field = type_.fields[name]
        text = name + self._arguments(field)
        if self.random.random() < 0.85:
            self.number += 1
            text = f"a{self.number}: {text}"
        text += self._condition()
        return text + " " + self._selections(_held(field), depth - 1) if is_composite_type(_held(field)) else text

    def _arguments(self, field: Any) -> str:
        given = []
        for name, argument in field.args.items():
            type_ = get_named_type(argument.type)
            # Most behave, or nothing below the first level would be reached.
            if isinstance(type_, GraphQLEnumType) and self.random.random() < 0.4:
                given.append(f"{name}: {self.random.choice(list(type_.values))}")
        return f"({', '.join(given)})" if given else ""

    def _condition(self) -> str:
        if self.random.random() > 0.1:
            return ""
        which = self.random.choice(["skip", "include"])
        return f" @{which}(if: {self.random.choice(['$yes', '$no', 'true', 'false'])})"


class ReusingWriter(Writer):
    """Writes documents whose fragments are spread in several places, under other parents each time."""

    # Spreads multiply: of parts and of all that spreads stand for there are not many.
    most = 40

    def __init__(self, schema: GraphQLSchema, random: Random) -> None:
        super().__init__(schema, random)
        self.done: dict[str, list[tuple[str, int]]] = {}
        self.size = 0

    def _part(self, type_: GraphQLNamedType, depth: int) -> str:
        self.size += 1
        known = [each for each in self.done.get(type_.name, ()) if self.size + each[1] < 3 * self.most]
        chance = self.random.random()
        if known and chance < 0.6:
            name, size = self.random.choice(known)
            self.size += size
            return f"...{name}{self._condition()}"
        if self.size > self.most:
            return "__typename"
        if chance > 0.8:
            return f"...{self._fragment(self._fitting(type_), depth)}{self._condition()}"
        return super()._part(type_, depth)

    def _fragment(self, on: GraphQLNamedType, depth: int) -> str:
        before = self.size
        name = super()._fragment(on, depth)
        # From now on it can be spread: never within itself.
        self.done.setdefault(on.name, []).append((name, self.size - before))
        return name


@cache
def _names(type_: Any) -> tuple[list[str], list[str], list[str]]:
    """The names of all fields of a type, of those that have fields themselves, and of the others."""
    every = list(type_.fields)
    composite = [name for name in every if is_composite_type(_held(type_.fields[name]))]
    return every, composite, [name for name in every if name not in composite]


def _held(field: Any) -> Any:
    return get_named_type(field.type)
