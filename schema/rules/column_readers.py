"""Columns as a plan writes them: which fields of the graph show a column of their row just as the database keeps it."""

from dataclasses import replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLInt,
    GraphQLObjectType,
    GraphQLString,
    is_list_type,
    is_non_null_type,
)
from sqlalchemy.dialects import postgresql as pg

from execution import ColumnReader, inline_int, usual_int
from models.types import decimal_text
from schema.declaration.moments import moment_inline, shown_moment

_TEXTS = ("Currency", "Timezone")
_AMOUNTS = ("MinorUnits", "MicroUnits")
_OBJECTS = ("JSON", "LargeJSON", "StringMap", "FormData", "JSONSchema")


def reader_of(column: sa.Column[Any] | None, type_: Any) -> ColumnReader | None:
    """Return how a column is written as a field of a type; None where the database does not promise that it fits."""
    if column is None or (column.nullable and is_non_null_type(type_)):
        return None
    bare: Any = type_.of_type if is_non_null_type(type_) else type_
    made: ColumnReader | None
    if is_list_type(bare):
        made = _list(column, bare)
    elif isinstance(column.type, sa.Text | sa.String):
        made = ColumnReader() if bare is GraphQLString or bare.name in _TEXTS or _is_word(bare) else None
    elif isinstance(column.type, sa.BigInteger):
        # A number of 64 bits may be more than an Int can show: each is looked at.
        made = (
            ColumnReader(convert=usual_int, inline=inline_int)
            if bare is GraphQLInt
            else ColumnReader()
            if bare.name in _AMOUNTS
            else None
        )
    elif isinstance(column.type, sa.Numeric):
        made = ColumnReader(convert=decimal_text) if bare.name == "Decimal" else None
    elif isinstance(column.type, sa.Integer):
        made = ColumnReader() if bare is GraphQLInt else None
    elif isinstance(column.type, sa.Boolean):
        made = ColumnReader() if bare is GraphQLBoolean else None
    elif isinstance(column.type, pg.TIMESTAMP):
        made = ColumnReader(convert=shown_moment, inline=moment_inline) if bare.name == "DateTime" else None
    elif isinstance(column.type, sa.Date):
        made = ColumnReader(convert=date.isoformat) if bare.name == "Date" else None
    else:
        made = ColumnReader() if isinstance(column.type, pg.JSONB) and bare.name in _OBJECTS else None
    return None if made is None else replace(made, key=column.name, null=bool(column.nullable))


def _list(column: sa.Column[Any], type_: Any) -> ColumnReader | None:
    item = type_.of_type
    if not is_non_null_type(item):
        return None
    if isinstance(column.type, pg.ARRAY):
        return ColumnReader() if item.of_type is GraphQLString else None
    return ColumnReader() if isinstance(column.type, pg.JSONB) and isinstance(item.of_type, GraphQLObjectType) else None


def _is_word(type_: Any) -> bool:
    """Return whether an enum's names are the words that its column keeps."""
    if not isinstance(type_, GraphQLEnumType):
        return False
    members: Any = type_.extensions["strawberry-definition"].wrapped_cls
    return all(member.name == member.value for member in members) and set(type_.values) == {m.value for m in members}
