"""Makes documents over our own graph at random, with arguments: most are right, some are not."""

import os
from random import Random
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    get_named_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
    is_required_input_field,
)

from schema.graph import CORE
from tests.execution.zoo_documents import ReusingWriter, Writer

# A release is checked with 20,000 of each sort.
FULL = int(os.environ.get("COUNTERFOIL_DOCUMENTS", "0"))
TEXTS = ["", "a", "Ada", "studio", "new", "%", "é", "x y"]
TIMES = ["2020-01-01T00:00:00Z", "2025-01-31T12:00:00.5+02:00", "9999-12-31T23:59:59.999Z"]
SIZES = ["1", "2", "3", "5"]
ODD_SIZES = ["0", "-1", "101", "null", "99"]


class GraphWriter(Writer):
    """Writes one query over the graph; ``ids`` and ``cursors`` are real ones."""

    mutates = 0.0

    def __init__(self, random: Random, ids: list[str], cursors: list[str]) -> None:
        super().__init__(CORE, random)
        self.ids, self.cursors = ids, cursors
        self.variables: dict[str, Any] = {"yes": True, "no": False}

    def _arguments(self, field: Any) -> str:
        given = []
        end = self.random.random() < 0.3
        for name, argument in field.args.items():
            if name in ("first", "last"):
                if (name == "last") == end and self.random.random() < 0.7:
                    given.append(f"{name}: {self._size()}")
            elif name in ("after", "before"):
                if self.random.random() < 0.08:
                    given.append(f'{name}: "{self.random.choice([*self.cursors, "nothing"])}"')
            elif is_required_argument(argument) or self.random.random() < 0.15:
                given.append(f"{name}: {self._value(argument.type, 3)}")
        return f"({', '.join(given)})" if given else ""

    def _size(self) -> str:
        chance = self.random.random()
        if chance < 0.02:
            return self.random.choice(ODD_SIZES)
        if chance > 0.1:
            return self.random.choice(SIZES)
        self.declared.add("$size: Int = 2")
        return "$size"

    def _value(self, type_: Any, depth: int) -> str:
        if is_non_null_type(type_):
            return self._value(type_.of_type, depth)
        if is_list_type(type_):
            return f"[{', '.join(self._value(type_.of_type, depth) for _ in range(self.random.randint(0, 3)))}]"
        named = get_named_type(type_)
        if isinstance(named, GraphQLEnumType):
            return str(self.random.choice(list(named.values)))
        if isinstance(named, GraphQLInputObjectType):
            return self._object(named, depth)
        return self._leaf(named.name)

    def _object(self, type_: GraphQLInputObjectType, depth: int) -> str:
        names = [name for name, field in type_.fields.items() if is_required_input_field(field)]
        if depth > 0:
            optional = [name for name in type_.fields if name not in names]
            names += self.random.sample(optional, min(len(optional), self.random.randint(0, 2)))
        parts = [f"{name}: {self._value(type_.fields[name].type, depth - 1)}" for name in names]
        return "{" + ", ".join(parts) + "}"

    def _leaf(self, name: str) -> str:
        choose = self.random.choice
        match name:
            case "ID":
                return f'"{choose(self.ids) if self.random.random() < 0.85 else "client_nothing"}"'
            case "String" | "Timezone":
                return f'"{choose(TEXTS)}"'
            case "DateTime":
                return f'"{choose(TIMES)}"'
            case "Boolean":
                return choose(["true", "false"])
            case "Currency":
                return '"EUR"'
            case _:
                return str(self.random.randint(0, 50_000))


class ReusingGraphWriter(ReusingWriter, GraphWriter):
    """Writes one query over the graph whose fragments are spread in several places."""

    def __init__(self, random: Random, ids: list[str], cursors: list[str]) -> None:
        GraphWriter.__init__(self, random, ids, cursors)
        self.done, self.size = {}, 0

    def _selections(self, type_: Any, depth: int) -> str:
        body = super()._selections(type_, depth)
        if type_.name != "Query":
            return body
        # Most of what loaders can mistake lies beside each other: the root is wide.
        return "{ " + " ".join(self._part(type_, depth) for _ in range(2)) + body[1:]
