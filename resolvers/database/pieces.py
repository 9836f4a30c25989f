"""Pieces of statements: composed with SQLAlchemy Core once, compiled once, and joined as text.

A caller decides which conditions a filter has, so that there is no end to the statements that can be asked for, and to
compose one as a whole takes milliseconds for each condition. Its pieces are few: a condition of a list, an order's key,
a column. Only their text, aliases (``t1``, ``t2``, …) and the numbers of parameters come into a statement. A caller's
value never does: it is a parameter.
"""

import re
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from resolvers.database.sql import DIALECT, compile_sql

# The first parameter of each statement, and the condition that each look at a table begins with.
ORG = "$1::UUID"
_HERE = "\x01"
_quote = DIALECT.identifier_preparer.quote


class Aliases:
    """Gives each table of a statement a name of its own."""

    __slots__ = ("_numbers",)

    def __init__(self) -> None:
        self._numbers = count(1)

    def __call__(self) -> str:
        return f"t{next(self._numbers)}"


class Parameters:
    """The names of a statement's parameters in the order of their numbers; the organization is the first."""

    __slots__ = ("names",)

    def __init__(self) -> None:
        self.names = ["org_id"]

    def add(self, *names: str) -> list[str]:
        """How the text refers to some more."""
        start = len(self.names) + 1
        self.names += names
        return [f"${number}" for number in range(start, start + len(names))]


class Piece:
    """Text with places for the alias of a table and for parameters. ``type_`` is that of its value."""

    __slots__ = ("_format", "type_")

    def __init__(self, element: ColumnElement[Any]) -> None:
        """Take a composed expression, over ``here(table)`` and the parameters of ``places``."""
        compiled = compile_sql(element)
        order = [int(name.removeprefix("p")) + 1 for name in compiled.names]
        text = compiled.text.replace("{", "{{").replace("}", "}}")
        text = re.sub(r"\$(\d+)", lambda found: f"{{{order[int(found[1]) - 1]}}}", text)
        self._format = text.replace(f'"{_HERE}"', "{0}").format
        self.type_ = element.type

    def __call__(self, alias: str, *parameters: str) -> str:
        return self._format(alias, *parameters)


def here(table: sa.Table) -> Any:
    """A table under the alias that a piece leaves open."""
    return table.alias(_HERE)


def places(*types: Any) -> list[sa.BindParameter[Any]]:
    """Parameters that a piece leaves open."""
    return [sa.bindparam(f"p{index}", type_=type_) for index, type_ in enumerate(types)]


def quoted(name: str) -> str:
    """The name of a table or a column of ours, as a statement writes it."""
    text: str = _quote(name)
    return text
