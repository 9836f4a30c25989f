"""What every table has: the organization first in every key, its policy, its grants."""

from enum import StrEnum
from typing import Any, get_args
from uuid import UUID

import sqlalchemy as sa
from annotated_types import MaxLen
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Field, SQLModel

from models.types import METADATA_LIMIT, Metadata, Moment, Tags

# Constraint names are part of the catalogue, so both roads to it must give the same ones.
SQLModel.metadata.naming_convention = {
    "pk": "%(table_name)s_pkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "ck": "%(table_name)s_%(constraint_name)s_check",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
}
metadata = SQLModel.metadata

TENANT = "org_id = (nullif(current_setting('app.org_id'::text, true), ''::text))::uuid"
READ_WRITE = "SELECT, INSERT, UPDATE, DELETE"

# Names of the columns that the audit log never holds. Added are those with bytes, which are secrets and digests, those
# with texts as they are compared, and those whose ``info`` says that they are ``internal``.
UNLOGGED = {"org_id", "id", "version", "updated_at"}

TIMESTAMP = pg.TIMESTAMP(timezone=True, precision=3)
C_TEXT = sa.Text(collation="C")
# A column of an index, or one that may be null with what stands for a null.
IndexKey = str | tuple[str, str]
# The trace of the transaction that inserts a row, where one is traced.
TRACEPARENT, TRACESTATE = (
    sa.text(f"nullif(current_setting('app.{name}', true), '')") for name in ("traceparent", "tracestate")
)


class Xid8(sa.types.UserDefinedType[int]):
    """The number of a transaction, which PostgreSQL never uses twice."""

    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:
        """Return its name in SQL."""
        return "XID8"


def table_args(*items: Any, grants: str = READ_WRITE, read_all: bool = False) -> tuple[Any, ...]:
    """Return the keys, checks and indexes of a table, what the application may do, and whether it reads across
    organizations."""
    return (*items, {"info": {"grants": grants, "read_all": read_all}})


def nullable_time(
    prefix: str, column: str, *, within: str | None = None, where: str | None = None
) -> tuple[sa.Index, sa.Index]:
    """Return the indexes of a time that may be null, which sorts last both ways: an infinity stands for it.

    With ``within`` they hold it for each value of another column, with ``where`` only that of some rows. Not by
    coalesce: under row-level security a condition on it would not reach an index.
    """
    key = f"(case when {column} is null then '{{}}'::timestamptz else {column} end)"
    first = ("org_id",) if within is None else ("org_id", within)
    only = None if where is None else sa.text(where)

    def index(name: str, of_null: str) -> sa.Index:
        # What the expression is of, which its text does not tell.
        info = {"key": (column, of_null)}
        return sa.Index(f"{prefix}{name}", *first, sa.text(key.format(of_null)), "id", info=info, postgresql_where=only)

    return index("_idx", "infinity"), index("_back_idx", "-infinity")


def keys_of(index: sa.Index) -> list[IndexKey]:
    """Return the columns of an index; of a time that may be null also what stands for a null."""
    return [getattr(key, "name", None) or index.info.get("key", "") for key in index.expressions]


def column(type_: Any, **options: Any) -> Any:
    """Return a column of an exact PostgreSQL type (a copy for each table that inherits it)."""
    description = options.pop("description", None)
    default = options.pop("default", ...)
    default_factory = options.pop("default_factory", None)
    given: dict[str, Any] = {"sa_type": type_, "nullable": options.pop("nullable", False), "description": description}
    if default_factory is not None:
        given["default_factory"] = default_factory
    elif default is not ...:
        given["default"] = default
    for name in ("ge", "le", "min_length", "max_length", "primary_key"):
        if name in options:
            given[name] = options.pop(name)
    return Field(**given, sa_column_kwargs=options)


def key_column(of: str) -> Any:
    """Return a column that holds the text of another as it is compared and ordered: without case."""
    return column(C_TEXT, description=f"The {of} as it is compared and ordered: without case.", info={"caseless": of})


def one_of(column_name: str, members: type[StrEnum]) -> sa.CheckConstraint:
    """Return a text column that holds one of an enum's members."""
    listed = ", ".join(f"'{member}'" for member in members)
    return sa.CheckConstraint(f"{column_name} in ({listed})", name=column_name)


def table_of(model: type[SQLModel]) -> sa.Table:
    """Return the Core table of a model: what every statement is written over."""
    table = metadata.tables[str(model.__tablename__)]
    for name, field in model.model_fields.items():
        bound = _longest(field.metadata, field.annotation)
        target = table.c[name.rstrip("_")]
        if bound is not None and isinstance(target.type, sa.Text):
            target.type = sa.String(bound, collation=target.type.collation)
    for each in table.c:
        if isinstance(each.type, pg.BYTEA) or "caseless" in each.info or each.info.get("internal"):
            UNLOGGED.add(each.name)
    return table


def _longest(metadata: list[Any], annotation: Any) -> int | None:
    """Return the greatest length that a field's type allows, also inside ``… | None``."""
    for item in metadata:
        if isinstance(item, MaxLen):
            return item.max_length
    for part in get_args(annotation):
        found = _longest(list(getattr(part, "__metadata__", ())), None)
        if found is not None:
            return found
    return None


# What the staff alone sees, gives, filters by and searches: the `info` of its column.
STAFF = {"staff": True}


class Owned(SQLModel):
    """A row of one organization."""

    org_id: UUID = Field(primary_key=True, sa_type=sa.Uuid, description="The organization that owns the row.")


class Versioned(Owned):
    """A row with an id of its own, and a version. Its creation time is in the id, a UUIDv7."""

    id: UUID = Field(primary_key=True, sa_type=sa.Uuid, description="The row's key, shown as a TypeID.")
    version: int = column(
        sa.Integer, default=1, description="Version of the object. Increases by one with each change."
    )
    updated_at: Moment = column(TIMESTAMP, description="Time at which the object last changed.")


class WithMetadata(Versioned):
    """A row that integrators create: with metadata of theirs."""

    metadata_: Metadata = Field(
        sa_type=pg.JSONB,
        nullable=False,
        sa_column_kwargs={"name": "metadata", "info": {"most": METADATA_LIMIT} | STAFF},
        description="Your own data: up to 50 keys of 40 characters, each with a string of at most 500 characters,"
        " 16 KiB of JSON in all.",
    )


class Tagged(WithMetadata):
    """A row that carries tags; a table of their own makes them findable."""

    tags: Tags = Field(
        sa_type=pg.ARRAY(sa.Text),
        nullable=False,
        sa_column_kwargs={"info": STAFF},
        description="Tags: at most 20, of 40 characters each.",
    )
