"""SQL fragments: each is composed with SQLAlchemy Core and compiled once; statements are joined from their texts.

Callers choose the conditions of a filter, so there is no end of different statements, and SQLAlchemy would take
milliseconds for each condition of each. But there are few fragments: a condition of a list, a key of an order, a
column. A statement consists of their texts, of aliases (``t1``, ``t2``, …) and of the numbers of parameters. A caller's
value is always a parameter.
"""

import re
from dataclasses import dataclass
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from resolvers.database.sql import DIALECT, compile_sql

# The first parameter of each statement. Each read of a table begins with a condition on it.
ORG = "$1::UUID"
_OPEN_ALIAS = "\x01"
_quote = DIALECT.identifier_preparer.quote


class Aliases:
    """Makes the aliases of a statement's tables: each call returns a new one."""

    __slots__ = ("_numbers",)

    def __init__(self) -> None:
        self._numbers = count(1)

    def __call__(self) -> str:
        return f"t{next(self._numbers)}"


class Parameters:
    """The names of a statement's parameters, in the order of their numbers. The first is the organization."""

    __slots__ = ("names",)

    def __init__(self) -> None:
        self.names = ["org_id"]

    def add(self, *names: str) -> list[str]:
        """Add parameters. Return what the statement's text refers to them by."""
        start = len(self.names) + 1
        self.names += names
        return [f"${number}" for number in range(start, start + len(names))]


class Fragment:
    """SQL text that leaves open the alias of a table and its parameters. ``type_`` is the type of its value."""

    __slots__ = ("_format", "type_")

    def __init__(self, element: ColumnElement[Any]) -> None:
        """Compile an expression over ``open_table(table)`` and ``open_parameters(…)``."""
        compiled = compile_sql(element)
        order = [int(name.removeprefix("p")) + 1 for name in compiled.names]
        text = compiled.text.replace("{", "{{").replace("}", "}}")
        text = re.sub(r"\$(\d+)", lambda found: f"{{{order[int(found[1]) - 1]}}}", text)
        self._format = text.replace(f'"{_OPEN_ALIAS}"', "{0}").format
        self.type_ = element.type

    def __call__(self, alias: str, *parameters: str) -> str:
        return self._format(alias, *parameters)


def open_table(table: sa.Table) -> Any:
    """Return a table under the alias that a fragment leaves open."""
    return table.alias(_OPEN_ALIAS)


@dataclass(frozen=True, slots=True)
class OpenRow:
    """The keys of a row under the alias that a fragment leaves open, for a subquery within it."""

    org_id: ColumnElement[Any]
    id: ColumnElement[Any]


def open_row() -> OpenRow:
    """Return the keys of a row: expressions that bring no table into a subquery."""
    return OpenRow(*[sa.literal_column(f'"{_OPEN_ALIAS}".{name}', sa.Uuid) for name in ("org_id", "id")])


def open_parameters(*types: Any) -> list[sa.BindParameter[Any]]:
    """Return parameters that a fragment leaves open."""
    return [sa.bindparam(f"p{index}", type_=type_) for index, type_ in enumerate(types)]


def quoted(name: str) -> str:
    """Return the name of a table or a column as SQL writes it, quoted where it must be."""
    text: str = _quote(name)
    return text
