"""References of an input: all are looked up by one statement, and all errors are reported together."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.typeid import decode
from resolvers.collections.collection import Collection
from resolvers.collections.rows import by_ids
from resolvers.context import Context, Row
from resolvers.database.sql import ORG, statement
from resolvers.errors import Refusal, bad_input, refuse
from resolvers.lists.conditions import NOBODY
from resolvers.lists.visible import visible


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference of an input's field: the collection, the columns to load, and ``refuse``, which says why a row is not
    allowed. ``held``: nobody changes the row before the transaction ends, as its changes are refused for what refers to
    it."""

    to: Collection
    columns: tuple[str, ...] = ()
    refuse: Callable[[Mapping[str, Any]], str | None] = lambda row: None
    held: bool = False


@statement
def _found(wanted: tuple[tuple[str, Collection, tuple[str, ...], bool], ...]) -> sa.Select[Any]:
    joined: Any = sa.select(sa.literal(1).label("one")).subquery("one")
    shown = []
    for name, collection, columns, held in wanted:
        table: Any = collection.table.alias(f"of_{name}")
        mine = sa.and_(table.c.org_id == ORG, table.c.id == sa.bindparam(name, type_=sa.Uuid))
        if collection.partial:
            mine = sa.and_(mine, collection.seen(table))
        if held:
            # An outer join locks none of its rows; who waited for the lock sees the row as it is then.
            table = sa.select(table).where(mine).with_for_update(read=True).lateral(f"held_{name}")
            mine = sa.true()
        joined = joined.outerjoin(table, mine)
        shown += [table.c[column].label(f"{name}.{column}") for column in ("id", *columns)]
    return sa.select(*shown).select_from(joined)


async def references(ctx: Context, values: Mapping[str, Any], **wanted: Reference) -> dict[str, Row]:
    """Return the rows that an input refers to, as ``looked_up``. Raises Refusals BAD_INPUT, which name each field whose
    object does not exist or is not allowed."""
    rows, wrong = await looked_up(ctx, values, **wanted)
    refuse(wrong)
    return rows


async def looked_up(
    ctx: Context, values: Mapping[str, Any], **wanted: Reference
) -> tuple[dict[str, Row], list[Refusal]]:
    """Return the rows that an input refers to, by its fields' names, with their ids and columns; without a value there
    is no row, and none for what is wrong. Then what is wrong with the references, for an input whose other errors are
    to be reported with them."""
    requested = {name: each for name, each in wanted.items() if values.get(name) is not None}
    if not requested:
        return {}, []
    sql = _found(tuple((name, each.to, _columns(each), each.held) for name, each in requested.items()))
    keys = {name: decode(each.to.resource.prefix, values[name]) or NOBODY for name, each in requested.items()}
    found = await ctx.row(sql, **keys)
    assert found is not None, "an outer join from one row has one row"
    wrong: list[Refusal] = []
    rows: dict[str, Row] = {}
    for name, each in requested.items():
        row = {column: found[f"{name}.{column}"] for column in ("id", *_columns(each))}
        hidden = each.to.hidden
        there = row["id"] is not None and (hidden is None or hidden.sees(ctx.actor.scopes, row))
        if ctx.actor.client is not None:
            # Also for what there is not: the number of statements would tell.
            there = bool(await visible(ctx, each.to, [keys[name]])) and there
        if refusals := [*_refused(name, each, row if there else None)]:
            wrong += refusals
        else:
            rows[name] = row
    return rows, wrong


async def listed(
    ctx: Context, values: Mapping[str, Any], name: str, each: Reference
) -> tuple[dict[str, list[UUID]], list[Refusal]]:
    """Return the ids of the objects that a list of an input refers to, each once, by the field's name; nothing without
    a list. Then what is wrong with it, by the places in the list."""
    if name not in values:
        return {}, []
    texts: list[str] = list(dict.fromkeys(values[name]))
    keys = [decode(each.to.resource.prefix, text) for text in texts]
    rows = await by_ids(ctx, each.to, keys, _columns(each))
    places = [values[name].index(text) for text in texts]
    found = zip(places, rows, strict=True)
    wrong = [refusal for place, row in found for refusal in _refused(f"{name}.{place}", each, row)]
    return {name: [key for key in keys if key is not None]}, wrong


def _refused(field: str, each: Reference, row: Row | None) -> Iterator[Refusal]:
    if row is None:
        yield bad_input(field, f"There is no such {each.to.resource.label}.", "NOT_FOUND")
    elif (message := each.refuse(row)) is not None:
        yield bad_input(field, message, "NOT_ALLOWED")


def _columns(each: Reference) -> tuple[str, ...]:
    hidden = each.to.hidden
    return each.columns if hidden is None or hidden.column in each.columns else (*each.columns, hidden.column)
