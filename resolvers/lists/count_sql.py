"""The SQL of counts: the number of rows of a list, or of each of many parents."""

from typing import NamedTuple

from resolvers.collections.collection import Collection
from resolvers.database.fragments import ORG, Aliases, Parameters, quoted
from resolvers.database.sql import Sql
from resolvers.lists.candidates import IDS, candidates, rows_of_candidates
from resolvers.lists.filter_sql import bind
from resolvers.lists.filters import FilterShape
from resolvers.lists.matching_sql import matching
from resolvers.lists.page_parts import own_rows
from resolvers.lists.row_sql import clause


class CountShape(NamedTuple):
    """What determines the text of a count's statement."""

    collection: Collection
    filter: FilterShape
    types: tuple[str, ...]
    column: str | None
    by: tuple[str, ...] = ()
    sums: tuple[str, ...] = ()

    @property
    def groups(self) -> tuple[str, ...]:
        """Return the columns whose values are counted apart."""
        return self.by if self.column is None else (self.column, *self.by)

    def counted(self, alias: str, source: str, where: list[str]) -> str:
        """Return a select of the groups of a source's rows, with their number and sums."""
        groups = [f"{alias}.{quoted(name)}" for name in self.groups]
        sums = [f"sum({alias}.{quoted(name)}) AS {quoted(name)}" for name in self.sums]
        text = f"SELECT {', '.join(['count(*) AS count', *groups, *sums])} FROM {source} AS {alias}"
        text += f" WHERE {' AND '.join(where)}" if where else ""
        return f"{text} GROUP BY {', '.join(groups)}" if groups else text


def count_sql(shape: CountShape) -> Sql:
    """Return the statement of a count: of all rows, or of the rows of each group; with a ``column`` only those of its
    parents."""
    table, new_alias, parameters = shape.collection.table, Aliases(), Parameters()
    filter_parameters = parameters.add(*[f"f{index}" for index in range(len(shape.types))])
    node = bind(shape.collection, shape.filter, filter_parameters, shape.types) if shape.filter else None
    rows, live, source = new_alias(), own_rows(shape.collection), quoted(table.name)
    where = [f"{rows}.org_id = {ORG}"] + ([] if live is None else [f"({live(rows)})"])
    if shape.column is not None:
        where.append(f"{rows}.{quoted(shape.column)} = ANY ({parameters.add('parents')[0]}::UUID[])")
        if node is not None:
            where.append(clause(node, rows, new_alias))
    if node is None or shape.column is not None:
        return _statement(shape.counted(rows, source, where), parameters)
    all_of_them = f"({matching(node, table, [*shape.groups, *shape.sums] or ['id'], new_alias, live)})"
    every = new_alias()
    few = candidates(node, table, new_alias)
    if few is None:
        return _statement(shape.counted(every, all_of_them, []), parameters)
    own = new_alias()
    of_few = rows_of_candidates(table, own, f"{own}.org_id = {ORG}")
    some = [*where, f"{rows}.id = ANY ({IDS}::UUID[])", clause(node, rows, new_alias, of_few)]
    if shape.groups:
        many = shape.counted(every, all_of_them, [f"{IDS} IS NULL"])
        text = f"{many} UNION ALL {shape.counted(rows, source, [f'{IDS} IS NOT NULL', *some])}"
    else:
        many, one = shape.counted(every, all_of_them, []), shape.counted(rows, source, some)
        text = f"SELECT CASE WHEN {IDS} IS NULL THEN ({many}) ELSE ({one}) END AS count"
    return _statement(f"WITH candidates AS MATERIALIZED (SELECT {few} AS ids) {text}", parameters)


def _statement(text: str, parameters: Parameters) -> Sql:
    return Sql(text, tuple(parameters.names), {})
