"""SQL statements: each is composed with SQLAlchemy Core and compiled for asyncpg once, and run with named values."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from typing import Any, ParamSpec, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.dialects.postgresql import asyncpg as dialects
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

from models.parts import LargeJson, parts_of

P = ParamSpec("P")
_make_dialect: Any = dialects.dialect
DIALECT = _make_dialect()
STATEMENTS_KEPT = 2_000
# The bytes that values without a declared length may take; those of JSON include the objects that it is parsed into,
# which may be twice as many where it holds nothing but small values.
_PLAIN, _WORD, _TAGS, _JSON = 40, 256, 6 * 1024, 128 * 1024
# The objects that JSON is parsed into take so many times its text; of long JSON, with its small values, some more.
JSON_TIMES, _LARGE = 3, 4
# Texts that may have more bytes than this are measured.
_LONG = 4 * 1024

ORG = sa.bindparam("org_id", type_=sa.Uuid)


@dataclass(frozen=True, slots=True)
class Width:
    """How many bytes a value may take at most. ``measured``: it may be so long that it is measured; ``array``: it is a
    list of texts; ``json``: it is parsed from JSON."""

    bytes: int
    text: bool = False
    measured: bool = False
    array: bool = False
    json: bool = False


def width_of(type_: Any) -> Width:
    """Return the width of a column's type. A text without a length is a word of the application, such as a status."""
    if isinstance(type_, pg.JSONB):
        most = type_.length * _LARGE if isinstance(type_, LargeJson) else _JSON
        return Width(most, measured=True, json=True)
    if isinstance(type_, sa.String):
        most = _WORD if type_.length is None else 4 * type_.length
        return Width(most, text=True, measured=most > _LONG)
    return Width(_TAGS, array=True) if isinstance(type_, pg.ARRAY) else Width(_PLAIN)


@dataclass(frozen=True, slots=True)
class Sql:
    """A compiled statement: its text, the names of its parameters in order, and the values that it brings itself.

    ``widths`` are those of the columns that a select returns, and ``widest`` is their sum (0 for a statement that
    changes rows). ``measured`` are the indexes of the columns whose values are measured. ``most`` is how many rows it
    returns at most, where that is known.
    """

    text: str
    names: tuple[str, ...]
    built_in: Mapping[str, Any]
    widths: tuple[Width, ...] = ()
    widest: int = 0
    most: int = 0
    measured: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "measured", tuple(n for n, width in enumerate(self.widths) if width.measured))

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the positional arguments. Raises KeyError for a parameter without a value."""
        built_in = self.built_in
        return [values[name] if name in values else built_in[name] for name in self.names]


def compile_sql(statement: ClauseElement) -> Sql:
    """Compile a SQLAlchemy statement for asyncpg, with numbered and typed parameters."""
    compiled = statement.compile(dialect=DIALECT)
    assert isinstance(compiled, SQLCompiler)
    names = tuple(compiled.positiontup or ())
    required = {bind.key for bind in compiled.binds.values() if bind.required}
    built_in = {
        name: compiled.binds[name].effective_value for name in names if compiled.binds[name].key not in required
    }
    widths: tuple[Width, ...] = ()
    if isinstance(statement, sa.Select):
        widths = tuple(width_of(column.type) for column in statement.selected_columns)
    return Sql(compiled.string, names, built_in, widths, sum(width.bytes for width in widths))


def statement(build: Callable[P, ClauseElement]) -> Callable[P, Sql]:
    """Decorate a function that composes a statement, so that it is compiled once for each set of (hashable)
    arguments."""

    @wraps(build)
    def compiled(*args: P.args, **kwargs: P.kwargs) -> Sql:
        return compile_sql(build(*args, **kwargs))

    return cast("Callable[P, Sql]", lru_cache(maxsize=STATEMENTS_KEPT)(compiled))


def owned(table: sa.Table | sa.Alias, *columns: Any) -> sa.Select[Any]:
    """Return a select from the rows of the operation's organization. Every select of an operation starts with it."""
    return sa.select(*(columns or (table,))).where(table.c.org_id == ORG)


def selected(table: sa.Table, names: Iterable[str]) -> sa.Select[Any]:
    """Return a select of columns of the organization's rows, and of the rows that these refer to, in this order.

    ``client_id.name`` is the column ``name`` of the row that ``client_id`` refers to; it has that label. The parts of
    rows are selected like columns.
    """
    joined: Any = table
    shown = []
    known: dict[str, tuple[sa.Table, Any]] = {"": (table, table.c)}
    for name in names:
        *steps, last = name.split(".")
        path = ""
        for step in steps:
            of, at = known[path]
            path += f"{step}."
            if path not in known:
                target = referred(of, step)
                alias = target.alias()
                # An outer join cannot drop a row, so the planner is free to do it last.
                joined = joined.outerjoin(alias, sa.and_(alias.c.org_id == ORG, alias.c.id == at[step]))
                known[path] = target, alias.c
        of, at = known[path]
        part = parts_of(of).get(last)
        found = at[last] if part is None else part.read(at.org_id, at.id)
        shown.append(found.label(name) if steps or part is not None else found)
    first, *rest = shown or [table.c.id]
    return owned(table, first, *rest).select_from(joined)


def referred(table: sa.Table, column: str) -> sa.Table:
    """Return the table of the objects that a column's values are the IDs of. Where its foreign key leads to another
    one, such as that of their versions, the column says which."""
    named = table.c[column].info.get("refers_to")
    if named is not None:
        return table.metadata.tables[named]
    (key,) = table.c[column].foreign_keys
    found: sa.Table = key.column.table
    return found
