"""The SQL of counts: how many rows a list has in all, or below each of many parents."""

from typing import NamedTuple

from resolvers.collections.collection import Collection
from resolvers.database.pieces import ORG, Aliases, Parameters, quoted
from resolvers.database.sql import Sql
from resolvers.lists.candidates import IDS, candidates, rows_of_candidates
from resolvers.lists.filter_sql import bound, clause
from resolvers.lists.filters import Shape
from resolvers.lists.page_sql import always
from resolvers.lists.set_sql import matching


class CountShape(NamedTuple):
    """What decides the text of a count's statement."""

    collection: Collection
    filter: Shape
    types: tuple[str, ...]
    column: str | None


def count_sql(asked: CountShape) -> Sql:
    """The statement of a count; with a column, that of one for each of the parents that it holds."""
    table, named, parameters = asked.collection.table, Aliases(), Parameters()
    given = parameters.add(*[f"f{index}" for index in range(len(asked.types))])
    node = bound(asked.collection, asked.filter, given, asked.types) if asked.filter else None
    rows, fixed = named(), always(asked.collection)
    where = [f"{rows}.org_id = {ORG}"] + ([] if fixed is None else [f"({fixed(rows)})"])
    source = f"{quoted(table.name)} AS {rows}"
    if asked.column is not None:
        parent = f"{rows}.{quoted(asked.column)}"
        where.append(f"{parent} = ANY ({parameters.add('parents')[0]}::UUID[])")
        if node is not None:
            where.append(clause(node, rows, named))
        shown = f"SELECT count(*) AS total, {parent} AS parent_id"
        return _made(f"{shown} FROM {source} WHERE {' AND '.join(where)} GROUP BY {parent}", parameters)
    start = f"SELECT count(*) AS total FROM {source} WHERE "
    if node is None:
        return _made(start + " AND ".join(where), parameters)
    every = f"SELECT count(*) AS total FROM ({matching(node, table, 'id', named, fixed)}) AS {named()}"
    few = candidates(node, table, named)
    if few is None:
        return _made(every, parameters)
    own = named()
    of_few = rows_of_candidates(table, own, f"{own}.org_id = {ORG}")
    among = f"{rows}.id = ANY ({IDS}::UUID[])"
    some = start + " AND ".join([*where, among, clause(node, rows, named, of_few)])
    text = f"WITH candidates AS MATERIALIZED (SELECT {few} AS ids)"
    return _made(f"{text} SELECT CASE WHEN {IDS} IS NULL THEN ({every}) ELSE ({some}) END AS total", parameters)


def _made(text: str, parameters: Parameters) -> Sql:
    return Sql(text, tuple(parameters.names), {})
