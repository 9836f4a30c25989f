"""Statements: composed with SQLAlchemy Core once, compiled to asyncpg's SQL once, run with values by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Any, ParamSpec, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import asyncpg as dialects
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

P = ParamSpec("P")
_make_dialect: Any = dialects.dialect
_DIALECT = _make_dialect()
STATEMENTS_KEPT = 2_000

ORG = sa.bindparam("org_id", type_=sa.Uuid)


@dataclass(frozen=True, slots=True)
class Sql:
    """One compiled statement: its text, and the names of its parameters in order, with what is built in."""

    text: str
    names: tuple[str, ...]
    built_in: Mapping[str, Any]

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The positional arguments; KeyError names a parameter without a value."""
        built_in = self.built_in
        return [values[name] if name in values else built_in[name] for name in self.names]


def compile_sql(statement: ClauseElement) -> Sql:
    """Compile a Core statement for asyncpg, with numbered, typed parameters."""
    compiled = statement.compile(dialect=_DIALECT)
    assert isinstance(compiled, SQLCompiler)
    names = tuple(compiled.positiontup or ())
    required = {bind.key for bind in compiled.binds.values() if bind.required}
    built_in = {
        name: compiled.binds[name].effective_value for name in names if compiled.binds[name].key not in required
    }
    return Sql(compiled.string, names, built_in)


def statement(build: Callable[P, ClauseElement]) -> Callable[P, Sql]:
    """Decorate a function that composes a statement: compiled once for each set of (hashable) arguments."""

    @wraps(build)
    def compiled(*args: P.args, **kwargs: P.kwargs) -> Sql:
        return compile_sql(build(*args, **kwargs))

    return cast("Callable[P, Sql]", lru_cache(maxsize=STATEMENTS_KEPT)(compiled))


def owned(table: sa.Table | sa.Alias, *columns: Any) -> sa.Select[Any]:
    """The only way a select starts: from the rows of the operation's organization."""
    return sa.select(*(columns or (table,))).where(table.c.org_id == ORG)
