"""How the graph is declared: object types over rows, batched fields, and the rules that follow from them."""

from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from types import GenericAlias
from typing import Any, TypeVar, dataclass_transform

import asyncpg
import sqlalchemy as sa
import strawberry
from aiodataloader import DataLoader
from graphql import GraphQLObjectType, get_named_type
from strawberry.annotation import StrawberryAnnotation
from strawberry.extensions import FieldExtension
from strawberry.schema_directive import Location
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from execution import Args, ColumnReader, columns_of
from models.base import table_of
from models.typeid import created_at, encoded_inline, encoder
from resolvers.context import BatchResolver, Context
from schema.scalars import shown_creation

T = TypeVar("T")
ROOT = object()
# The tables whose rows are the objects of a type.
ROW_TYPES: dict[type[Any], sa.Table] = {}
# The models that say what the fields of a type mean.
MODELS: dict[type[Any], type[Any]] = {}

Info = strawberry.Info[Context, None]


@strawberry.schema_directive(
    locations=[Location.OBJECT, Location.FIELD_DEFINITION],
    description="The scope that an API key needs for this type or field.",
)
class Requires:
    """The scope that a key needs."""

    scope: str = strawberry.directive_field(name="scope")


def required_scope(directives: Iterable[object] | None) -> str | None:
    """Return the scope that the directives of a type or a field require."""
    return next((directive.scope for directive in directives or () if isinstance(directive, Requires)), None)


@dataclass_transform(kw_only_default=True, field_specifiers=(strawberry.field,))
def object_type(
    model: type[Any] | None = None, *, description: str, scope: str | None = None, name: str | None = None
) -> Callable[[type[T]], type[T]]:
    """A GraphQL type. What its fields mean is taken from the model's fields of the same names."""

    def make(cls: type[T]) -> type[T]:
        directives = [] if scope is None else [Requires(scope=scope)]
        made = strawberry.type(cls, name=name, description=description, directives=directives)
        describe(made, model)
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


def computed(resolve: Callable[[Any], Any], *needs: str, description: str, reader: ColumnReader | None = None) -> Any:
    """A field made from columns of its row: those that it ``needs``, or those of its column ``reader``."""

    def resolver(root: Any) -> Any:
        return resolve(root)

    return strawberry.field(resolver=resolver, description=description, metadata={"needs": needs, "reader": reader})


def member(name: str, description: str, *, null: bool = False) -> Any:
    """A member of a JSON object that a column keeps, and that was checked when it came in."""
    return strawberry.field(description=description, metadata={"reader": ColumnReader(name, null=null)})


def public_id(prefix: str) -> Any:
    """The row's TypeID."""
    return related_id(prefix, "id", f"Unique identifier of the object: `{prefix}_` followed by 26 characters.")


def related_id(prefix: str, column: str, description: str) -> Any:
    """The TypeID of a related row, free of a join."""
    write = encoder(prefix)
    reader = ColumnReader(column, convert=write, inline=partial(encoded_inline, prefix))
    return computed(lambda row: write(row[column]), description=description, reader=reader)


def creation() -> Any:
    """``createdAt``: the time in the id."""
    reader = ColumnReader("id", convert=shown_creation)
    meaning = "Time at which the object was created."
    return computed(lambda row: created_at(row["id"]), description=meaning, reader=reader)


def argument(name: str, type_: Any, description: str, graphql_name: str | None = None) -> Any:
    """An argument of a batched field."""
    return StrawberryArgument(name, graphql_name, StrawberryAnnotation(type_), description=description)


PAGE = (
    "Page number, from 1, for pages of `first` items. Reaches the first 10,000 items. Not together with `last`,"
    " `after` or `before`."
)
ORDER_BY = "Sort order: at most three different fields. Newest first by default."


def page_arguments(filter_: type[Any], order: type[Any]) -> list[Any]:
    """What every connection takes."""
    return [
        argument(
            "first", int | None, "Return the first _n_ items: 1 to 100. 20 when neither `first` nor `last` is given."
        ),
        argument("after", str | None, "Return the items that come after this cursor."),
        argument("last", int | None, "Return the last _n_ items: 1 to 100. Not together with `first`."),
        argument("before", str | None, "Return the items that come before this cursor."),
        argument("page", int | None, PAGE),
        argument("filter", filter_ | None, "Filter conditions."),
        argument("order_by", GenericAlias(list, (order,)) | None, ORDER_BY, "orderBy"),
    ]


class Batched(FieldExtension):
    """A field whose batch resolver is called once for all parents of a level."""

    def __init__(self, resolve: BatchResolver, arguments: list[Any]) -> None:
        self.resolve_batch = resolve
        self.added = arguments

    def apply(self, field: StrawberryField) -> None:
        """Give the field its arguments."""
        field.arguments = self.added

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
    """What a batched field's selections need of its rows, where graphql-core executes them."""
    named = get_named_type(raw.return_type)
    types = [named] if isinstance(named, GraphQLObjectType) else raw.schema.get_possible_types(named)
    return columns_of(raw.field_nodes, types, raw.fragments, raw.schema.extensions["fields"])


async def _level() -> None:
    """Stands where Strawberry wants a resolver; the extension answers before it."""


def batched(
    resolve: Callable[..., Coroutine[Any, Any, list[Any]]], *needs: str, description: str,
    arguments: list[Any] | None = None, cost: int = 0, joined_by: str | None = None,
) -> Any:  # fmt: skip
    """A field that is loaded for all parents at once, by ``async (ctx, parents, args) -> results``.

    ``joined_by`` is the column that references the field's one row, which may then be joined to the parent's.
    """
    metadata = {"needs": needs or (() if joined_by is None else (joined_by,)), "cost": cost, "joined_by": joined_by}
    extensions: list[Any] = [Batched(resolve, arguments or [])]
    return strawberry.field(resolver=_level, description=description, metadata=metadata, extensions=extensions)


def same_row(description: str, reader: ColumnReader) -> Any:
    """A field whose objects are the rows that its parent was loaded from."""

    def resolver(root: Any) -> Any:
        found = root if reader.key is None else getattr(root, reader.key) if reader.attribute else root[reader.key]
        return found if reader.convert is None else reader.convert(found)

    return strawberry.field(resolver=resolver, description=description, metadata={"reader": reader})


def given(value: Any) -> Any:
    """An input as plain values by Python names; what is absent is left out, and null is None."""
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
    """Every field of every object type, as (type's name, field's name, declaration)."""
    found = []
    for type_ in schema._schema.type_map.values():
        if isinstance(type_, GraphQLObjectType):
            for field_name, field in type_.fields.items():
                declared = field.extensions.get("strawberry-definition")
                if isinstance(declared, StrawberryField):
                    found.append((type_.name, field_name, declared))
    return found


# What rows are: their columns are read by name.
ROWS = frozenset({asyncpg.Record, dict})


def resolve_default(source: Any, name: str) -> Any:
    """A plain field: a column of a row, or an attribute of a payload."""
    return getattr(source, name) if hasattr(type(source), "__strawberry_definition__") else source[name]
