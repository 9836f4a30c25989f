"""The SQL of counts: the number of rows of a list, or of each of many parents."""

from typing import NamedTuple

from resolvers.collections.collection import Collection
from resolvers.database.fragments import ORG, Aliases, Parameters, quoted
from resolvers.database.sql import Sql
from resolvers.lists.candidates import IDS, candidates, rows_of_candidates
from resolvers.lists.filter_sql import bind
from resolvers.lists.filters import Shape
from resolvers.lists.matching_sql import matching
from resolvers.lists.page_parts import own_rows
from resolvers.lists.row_sql import clause


class CountShape(NamedTuple):
    """What determines the text of a count's statement."""

    collection: Collection
    filter: Shape
    types: tuple[str, ...]
    column: str | None


def count_sql(shape: CountShape) -> Sql:
    """Return the statement of a count; with a ``column`` it counts the rows of each parent that the column refers
    to."""
    table, new_alias, parameters = shape.collection.table, Aliases(), Parameters()
    filter_parameters = parameters.add(*[f"f{index}" for index in range(len(shape.types))])
    node = bind(shape.collection, shape.filter, filter_parameters, shape.types) if shape.filter else None
    rows, live = new_alias(), own_rows(shape.collection)
    where = [f"{rows}.org_id = {ORG}"] + ([] if live is None else [f"({live(rows)})"])
    source = f"{quoted(table.name)} AS {rows}"
    if shape.column is not None:
        parent = f"{rows}.{quoted(shape.column)}"
        where.append(f"{parent} = ANY ({parameters.add('parents')[0]}::UUID[])")
        if node is not None:
            where.append(clause(node, rows, new_alias))
        shown = f"SELECT count(*) AS total, {parent} AS parent_id"
        return _statement(f"{shown} FROM {source} WHERE {' AND '.join(where)} GROUP BY {parent}", parameters)
    start = f"SELECT count(*) AS total FROM {source} WHERE "
    if node is None:
        return _statement(start + " AND ".join(where), parameters)
    every = f"SELECT count(*) AS total FROM ({matching(node, table, 'id', new_alias, live)}) AS {new_alias()}"
    few = candidates(node, table, new_alias)
    if few is None:
        return _statement(every, parameters)
    own = new_alias()
    of_few = rows_of_candidates(table, own, f"{own}.org_id = {ORG}")
    among = f"{rows}.id = ANY ({IDS}::UUID[])"
    some = start + " AND ".join([*where, among, clause(node, rows, new_alias, of_few)])
    text = f"WITH candidates AS MATERIALIZED (SELECT {few} AS ids)"
    return _statement(f"{text} SELECT CASE WHEN {IDS} IS NULL THEN ({every}) ELSE ({some}) END AS total", parameters)


def _statement(text: str, parameters: Parameters) -> Sql:
    return Sql(text, tuple(parameters.names), {})
