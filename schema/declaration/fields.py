"""How the graph is declared: object types over rows, batched fields, and the rules that follow from them."""

from collections.abc import Callable, Coroutine
from functools import partial
from inspect import cleandoc
from typing import Any, TypeVar, dataclass_transform
from uuid import UUID

import asyncpg
import sqlalchemy as sa
import strawberry
from aiodataloader import DataLoader
from graphql import GraphQLObjectType, get_named_type
from strawberry.annotation import StrawberryAnnotation
from strawberry.extensions import FieldExtension
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from execution import Args, ColumnReader, columns_of
from models.actors import Reserved
from models.base import table_of
from models.machines import Machine
from models.resources import Resource
from models.typeid import created_at, encoded_inline, encoder
from resolvers.context import Context
from resolvers.downloads import Download
from resolvers.loads import BatchResolver
from schema.declaration.moments import creation_inline, shown_creation
from schema.declaration.scopes import Requires, requires

T = TypeVar("T")
ROOT = object()
# The tables whose rows are the objects of a type.
ROW_TYPES: dict[type[Any], sa.Table] = {}
# The resources whose objects, or whose parts, are of a type.
RESOURCE_TYPES: dict[type[Any], Resource] = {}
# The models that say what the fields of a type mean.
MODELS: dict[type[Any], type[Any]] = {}

Info = strawberry.Info[Context, None]


@dataclass_transform(kw_only_default=True, field_specifiers=(strawberry.field,))
def object_type(
    model: type[Any] | None = None,
    resource: Resource | None = None,
    *,
    part_of: type[Any] | None = None,
    description: str | None = None,
    machine: Machine[Any] | None = None,
) -> Callable[[type[T]], type[T]]:
    """Return a decorator that makes a GraphQL type, with the scope of its resource.

    Its description is its docstring unless one is given, with its scope, which introspection shows in no other way, and
    the transitions of its machine. What its fields mean is taken from the fields of the same names of the model whose
    rows its objects are, or which they are a ``part_of``.
    """

    def make(cls: type[T]) -> type[T]:
        says = description or cleandoc(cls.__doc__ or "")
        if resource is not None:
            says += f" {requires(resource.read_scope)}"
        if machine is not None:
            says += f" Allowed transitions:\n\n{machine.description()}"
        directives = [] if resource is None else [Requires(scope=resource.read_scope)]
        made = strawberry.type(cls, description=says, directives=directives)
        if resource is not None:
            RESOURCE_TYPES[made] = resource
        describe(made, model or part_of)
        if model is not None:
            ROW_TYPES[made] = table_of(model)
            MODELS[made] = model
        return made

    return make


def describe(cls: type[Any], model: type[Any] | None) -> None:
    """Give each field without a description the one of the model's field."""
    for field in cls.__strawberry_definition__.fields:
        if not field.description and model is not None:
            known = model.model_fields.get(field.python_name) or model.model_fields.get(field.python_name + "_")
            if known is not None:
                field.description = known.description


def computed(
    resolve: Callable[[Any], Any], *needs: str, description: str, reader: ColumnReader | None = None,
    size: int | None = None,
) -> Any:  # fmt: skip
    """Return a field made from columns of its row: those that it ``needs``, or those of its column ``reader``.

    ``size`` is how many bytes its value may have, where these may be more than most fields'.
    """

    def resolver(root: Any) -> Any:
        return resolve(root)

    metadata = {"needs": needs, "reader": reader, "size": size}
    return strawberry.field(resolver=resolver, description=description, metadata=metadata)


def member(name: str, description: str = "", *, null: bool = False, convert: Callable[[Any], Any] | None = None) -> Any:
    """Return a member of a JSON object that was checked when it came in, or a column of the row that it is in."""
    return strawberry.field(
        description=description, metadata={"reader": ColumnReader(name, convert=convert, null=null)}
    )


def public_id(resource: Resource) -> Any:
    """Return the row's TypeID."""
    return related_id(
        resource, "id", f"Unique identifier of the object: `{resource.prefix}_` followed by 26 characters."
    )


def file_url(download: Download, description: str) -> Any:
    """Return the path of a row's file."""
    reader = ColumnReader("id", convert=download.path_of)
    return computed(lambda row: download.path_of(row["id"]), description=description, reader=reader)


def related_id(resource: Resource, column: str, description: str, *, null: bool = False) -> Any:
    """Return the TypeID of a related row, free of a join; ``null``: there may be none."""
    write = encoder(resource.prefix)
    reader = ColumnReader(column, convert=write, inline=partial(encoded_inline, resource.prefix), null=null)

    def shown(row: Any) -> str | None:
        return None if row[column] is None else write(row[column])

    return computed(shown, description=description, reader=reader)


def related_ids(resource: Resource, column: str, description: str) -> Any:
    """Return a field: the TypeIDs of the related rows that a column lists."""
    write = encoder(resource.prefix)

    def shown(keys: list[UUID]) -> list[str]:
        return [write(key) for key in keys]

    reader = ColumnReader(column, convert=shown)
    return computed(lambda row: shown(row[column]), description=description, reader=reader)


def creation(meaning: str = "Time at which the object was created.") -> Any:
    """``createdAt``: the time in the id."""
    reader = ColumnReader("id", convert=shown_creation, inline=creation_inline)
    return computed(lambda row: created_at(row["id"]), description=meaning, reader=reader)


def argument(name: str, type_: Any, description: str, graphql_name: str | None = None) -> Any:
    """Return an argument of a batched field."""
    return StrawberryArgument(name, graphql_name, StrawberryAnnotation(type_), description=description)


class Batched(FieldExtension):
    """A field whose batch resolver is called once for all parents of a level."""

    def __init__(self, resolve: BatchResolver, arguments: Callable[[], list[Any]]) -> None:
        self.resolve_batch = resolve
        self.arguments = arguments

    def apply(self, field: StrawberryField) -> None:
        """Give the field its arguments: when the schema is built, so that inputs may refer to each other."""
        field.arguments = self.arguments()

    async def resolve_async(self, next_: Any, source: Any, info: Info, **kwargs: Any) -> Any:
        """Wait for the whole level, then take this parent's part."""
        ctx, raw = info.context, info._raw_info
        key = (id(self), *map(id, raw.field_nodes))
        loader = ctx.loaders.get(key)
        if loader is None:
            args = Args(_columns(raw), {n: given(v) for n, v in kwargs.items() if v is not None})
            loader = DataLoader(partial(self._load, ctx, args), cache=False)
            ctx.loaders[key] = loader
        return await loader.load(ROOT if source is None else source)

    async def _load(self, ctx: Context, args: Args, parents: list[Any]) -> list[Any]:
        return await self.resolve_batch(ctx, parents, args)


def _columns(raw: Any) -> tuple[str, ...]:
    """Return what a batched field's selections need of its rows, where graphql-core executes them."""
    named = get_named_type(raw.return_type)
    types = [named] if isinstance(named, GraphQLObjectType) else raw.schema.get_possible_types(named)
    return columns_of(raw.field_nodes, types, raw.fragments, raw.schema.extensions["fields"])


async def _level() -> None:
    """Stands where Strawberry wants a resolver; the extension resolves before it."""


def batched(
    resolve: Callable[..., Coroutine[Any, Any, list[Any]]], *needs: str, description: str,
    arguments: Callable[[], list[Any]] = list, cost: int | None = None, joined_by: str | None = None,
    scope: str | None = None, reserved: Reserved | None = None,
) -> Any:  # fmt: skip
    """Return a field that is loaded for all parents at once, by ``async (ctx, parents, args) -> results``.

    ``cost`` is given where the field costs something else than its objects. ``joined_by`` is the column that references
    the field's one row, which may then be joined to the parent's. ``scope`` is what a key needs for a field whose type
    says none, ``reserved`` what it needs beside scopes.
    """
    needed, reserves = needs or (() if joined_by is None else (joined_by,)), () if reserved is None else (reserved,)
    return strawberry.field(
        resolver=_level, description=description, extensions=[Batched(resolve, arguments)],
        metadata={"needs": needed, "cost": cost, "joined_by": joined_by, "reserved": reserves},
        directives=() if scope is None else [Requires(scope=scope)],
    )  # fmt: skip


def same_row(description: str, reader: ColumnReader) -> Any:
    """Return a field whose objects are the rows that its parent was loaded from."""

    def resolver(root: Any) -> Any:
        found = root if reader.key is None else getattr(root, reader.key) if reader.attribute else root[reader.key]
        return found if reader.convert is None else reader.convert(found)

    return strawberry.field(resolver=resolver, description=description, metadata={"reader": reader})


def given(value: Any) -> Any:
    """Return an input as plain values by Python names; what is absent is left out, and null is None."""
    if isinstance(value, list):
        return [given(item) for item in value]
    definition: Any = getattr(type(value), "__strawberry_definition__", None)
    if not getattr(definition, "is_input", False) or getattr(type(value), "kept_whole", False):
        return value
    found: dict[str, Any] = {}
    for field in definition.fields:
        part = getattr(value, field.python_name)
        if isinstance(part, strawberry.Some):
            found[field.python_name] = given(part.value)
        elif part is not None and part is not strawberry.UNSET:
            found[field.python_name] = given(part)
    return found


def strawberry_fields(schema: strawberry.Schema) -> list[tuple[str, str, StrawberryField]]:
    """Return every field of every object type, as (type's name, field's name, declaration)."""
    objects = [type_ for type_ in schema._schema.type_map.values() if isinstance(type_, GraphQLObjectType)]
    fields = [(type_.name, name, field) for type_ in objects for name, field in type_.fields.items()]
    declared = [(on, name, field.extensions.get("strawberry-definition")) for on, name, field in fields]
    return [(on, name, field) for on, name, field in declared if isinstance(field, StrawberryField)]


# What rows are: their columns are read by name.
ROWS = frozenset({asyncpg.Record, dict})


def resolve_default(source: Any, name: str) -> Any:
    """Return a plain field: a column of a row, or an attribute of a payload."""
    return getattr(source, name) if hasattr(type(source), "__strawberry_definition__") else source[name]
