"""The columns that a page's statement selects: of the rows, of their parts, and of rows that they refer to."""

from functools import cache

import sqlalchemy as sa

from models.parts import column_of, parts_of
from resolvers.database.fragments import ORG, Aliases, Fragment, open_row, quoted
from resolvers.database.sql import Width, referred, width_of

# Loaded like a column: the row's keys in the page's order, which its cursor holds; null where its id is loaded as all
# of them.
CURSOR = "@cursor"


@cache
def _width(table: sa.Table, column: str) -> Width:
    found = column_of(table, column)
    assert found is not None, f"{table.name} has no {column}"
    return width_of(found.type)


@cache
def _parts(table: sa.Table, name: str) -> Fragment | None:
    part, row = parts_of(table).get(name), open_row()
    return None if part is None else Fragment(part.read(row.org_id, row.id))


class SelectedColumns:
    """The selected columns: of a table's rows, and of the rows that these refer to, which are joined; ``read``: the
    parts of the table's rows are columns of theirs already."""

    def __init__(
        self, new_alias: Aliases, table: sa.Table, alias: str, names: tuple[str, ...], cursor: str, *,
        read: bool = False,
    ) -> None:  # fmt: skip
        self.joins, self.texts, self.widths = "", [], []
        known = {"": (table, alias)}
        for name in names:
            if name == CURSOR:
                self.texts.append(f"{cursor} AS {quoted(CURSOR)}")
                self.widths.append(width_of(None))
                continue
            *steps, last = name.split(".")
            path = ""
            for step in steps:
                of, at = known[path]
                path += f"{step}."
                if path not in known:
                    target, other = referred(of, step), new_alias()
                    # An outer join cannot drop a row, so the planner is free to do it last.
                    self.joins += f" LEFT OUTER JOIN {quoted(target.name)} AS {other}"
                    self.joins += f" ON {other}.org_id = {ORG} AND {other}.id = {at}.{quoted(step)}"
                    known[path] = target, other
            of, at = known[path]
            part = None if read and not steps else _parts(of, last)
            text = f"{at}.{quoted(last)}" if part is None else part(at)
            self.texts.append(text if part is None and not steps else f"{text} AS {quoted(name)}")
            self.widths.append(_width(of, last))
