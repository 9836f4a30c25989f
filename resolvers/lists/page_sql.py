"""The SQL of pages: one statement for a page, or for a page of each of many parents."""

from functools import cache
from typing import NamedTuple

import sqlalchemy as sa

from resolvers.collections.collection import CREATED, Collection, OrderKey
from resolvers.database.pieces import ORG, Aliases, Parameters, Piece, here, places, quoted
from resolvers.database.sql import Sql, Width, referred, width_of
from resolvers.lists.candidates import IDS, candidates, rows_of_candidates
from resolvers.lists.filter_sql import Column, Node, bound, clause
from resolvers.lists.filters import Shape

# Asked for as a column: the keys of a row's order, which its cursor holds.
CURSOR = "@cursor"
_PARENTS = "unnest({}::UUID[]) WITH ORDINALITY AS parents(parent, nth)"
_NTH = Width(8)


class PageShape(NamedTuple):
    """What decides the text of a page's statement."""

    collection: Collection
    columns: tuple[str, ...]
    terms: tuple[tuple[str, bool], ...]
    backwards: bool
    after: bool
    until: bool
    numbered: bool
    filter: Shape
    types: tuple[str, ...]
    column: str | None
    size: int
    many: bool


def page_sql(asked: PageShape) -> Sql:
    """The statement of a page, or of a page of each of many parents, whose last column says which parent's a row is."""
    return _Composer(asked).sql()


class _Key(NamedTuple):
    """A key of the order: its expression over a row, a parameter of its type, and whether it ascends."""

    over: Piece
    value: Piece
    ascends: bool


@cache
def _key(table: sa.Table, key: OrderKey, descending: bool, ascends: bool) -> _Key:
    expression = key.expression(here(table), descending=descending)
    return _Key(Piece(expression), Piece(places(expression.type)[0]), ascends)


@cache
def always(collection: Collection) -> Piece | None:
    """Return the condition that each row of a collection meets, where there is one."""
    return Piece(here(collection.table).c.deleted_at.is_(None)) if collection.keeps_deleted else None


@cache
def _width(table: sa.Table, column: str) -> Width:
    return width_of(table.c[column].type)


class _Shown:
    """Columns of a table's rows, and of the rows that they refer to, which are joined."""

    def __init__(self, named: Aliases, table: sa.Table, alias: str, names: tuple[str, ...], cursor: str) -> None:
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
                    target, other = referred(of, step), named()
                    # Outer, so that the planner need not ask whether a row would be left out.
                    self.joins += f" LEFT OUTER JOIN {quoted(target.name)} AS {other}"
                    self.joins += f" ON {other}.org_id = {ORG} AND {other}.id = {at}.{quoted(step)}"
                    known[path] = target, other
            of, at = known[path]
            self.texts.append(f"{at}.{quoted(last)}" + (f" AS {quoted(name)}" if steps else ""))
            self.widths.append(_width(of, last))


class _Composer:
    def __init__(self, asked: PageShape) -> None:
        self.asked, self.table = asked, asked.collection.table
        self.named, self.parameters = Aliases(), Parameters()
        given = self.parameters.add(*[f"f{index}" for index in range(len(asked.types))])
        self.node = bound(asked.collection, asked.filter, given, asked.types) if asked.filter else None
        orders = [(asked.collection.orders[name] if name else CREATED, descending) for name, descending in asked.terms]
        self.keys = [_key(self.table, key, descending, descending == asked.backwards) for key, descending in orders]
        self.after = self._values("k") if asked.after else []
        self.until = self._values("u") if asked.until else []
        # Its size is part of the text: PostgreSQL then sees that the plan is the same for all values, and keeps it. It
        # would plan anew each time, which takes longer than to run it.
        self.limit = f" LIMIT {asked.size:d}"
        if asked.numbered:
            self.limit += f" OFFSET {self.parameters.add('offset')[0]}::INTEGER"
        if asked.many:
            (self.parents,) = self.parameters.add("parents")
            self.parent = "parents.parent"
        elif asked.column is not None:
            self.parent = f"{self.parameters.add('parent')[0]}::UUID"

    def _values(self, name: str) -> list[str]:
        numbers = self.parameters.add(*[f"{name}{index}" for index in range(len(self.keys))])
        return [key.value("", number) for key, number in zip(self.keys, numbers, strict=True)]

    def sql(self) -> Sql:
        asked, node = self.asked, self.node
        if asked.many:
            return self._of_many()
        few = None if node is None or _served(self.table, node, asked.terms) else self._candidates(node)
        return self._in_order() if few is None else self._looked_up(few)

    def _candidates(self, node: Node) -> str | None:
        return candidates(node, self.table, self.named)

    def _made(self, text: str, shown: _Shown) -> Sql:
        widths = (*shown.widths, _NTH)
        return Sql(text, tuple(self.parameters.names), {}, widths, sum(width.bytes for width in widths))

    def _in_order(self) -> Sql:
        """A page of the rows in their order."""
        source, alias, mine = self._source()
        shown = _Shown(self.named, self.table, alias, self.asked.columns, _row([key.over(alias) for key in self.keys]))
        listed = ", ".join([*shown.texts, "1 AS nth"])
        return self._made(f"SELECT {listed} FROM {source}{shown.joins}{self._window(alias, *mine)}", shown)

    def _of_many(self) -> Sql:
        """A page for each of many parents."""
        asked, rows = self.asked, self.named()
        source, alias, mine = self._source()
        keys = [key.over(alias) for key in self.keys]
        own = tuple(dict.fromkeys(name.partition(".")[0] for name in asked.columns))
        wanted = _Shown(self.named, self.table, alias, own, _row(keys))
        listed = ", ".join([*wanted.texts, *self._labelled(alias)])
        inner = f"(SELECT {listed} FROM {source}{self._window(alias, *mine)}) AS {rows}"
        # What the rows refer to is joined to the pages, not to all the rows that they were picked from.
        shown = _Shown(self.named, self.table, rows, asked.columns, f"{rows}.{quoted(CURSOR)}")
        text = f"SELECT {', '.join([*shown.texts, 'parents.nth'])} FROM {_PARENTS.format(self.parents)}"
        text += f" JOIN LATERAL {inner} ON true{shown.joins}"
        if own != asked.columns:
            text += f" ORDER BY parents.nth, {self._directed(self._labels(rows))}"
        return self._made(text, shown)

    def _looked_up(self, few: str) -> Sql:
        """A page of the candidates where they are few; else of the rows in order, each checked by itself."""
        some, first, second = self.named(), self.named(), self.named()
        name, parent = quoted(self.table.name), self._mine(some)
        # The offset keeps PostgreSQL from reading the candidates in the page's order, which is all rows.
        of_few = rows_of_candidates(self.table, some, *parent)
        window = self._window(some, few=of_few)
        of_few = f"SELECT {some}.id, {self._listed(some)} FROM {of_few} AS {some}{window}"
        source, alias, mine = self._source()
        in_order = f"SELECT {alias}.id, {self._listed(alias)} FROM {source}"
        in_order += self._window(alias, f"{IDS} IS NULL", *mine)
        page = f"SELECT * FROM ({of_few}) AS {first} UNION ALL SELECT * FROM ({in_order}) AS {second}"
        row, own = self.named(), self.named()
        shown = _Shown(self.named, self.table, own, self.asked.columns, _row(self._labels("page")))
        # The offset keeps PostgreSQL from looking for each of all rows in the page.
        by_id = f"SELECT * FROM {name} AS {row} WHERE {row}.org_id = {ORG} AND {row}.id = page.id OFFSET 0"
        listed = ", ".join([*shown.texts, "1 AS nth"])
        text = f"WITH candidates AS MATERIALIZED (SELECT {few} AS ids) SELECT {listed} FROM ({page}) AS page"
        text += f" JOIN LATERAL ({by_id}) AS {own} ON true{shown.joins}"
        return self._made(f"{text} ORDER BY {self._directed(self._labels('page'))}", shown)

    def _source(self) -> tuple[str, str, list[str]]:
        """What a page is taken from, its alias, and the conditions that are left to meet.

        It is the table, or a parent's rows where no index has them in the order that is asked.
        """
        alias = self.named()
        source, mine = f"{quoted(self.table.name)} AS {alias}", self._mine(alias)
        if self.asked.column is None or len(self.keys) == 1:
            return source, alias, mine
        # The offset keeps PostgreSQL from reading all rows in that order to find the parent's among them.
        return f"(SELECT * FROM {source} WHERE {' AND '.join(mine)} OFFSET 0) AS {alias}", alias, []

    def _mine(self, alias: str) -> list[str]:
        """The organization's rows; of a column, those of one parent, or of the parent in hand."""
        owner, column = f"{alias}.org_id = {ORG}", self.asked.column
        # One parent is not a list of one, for PostgreSQL's sake too.
        return [owner] if column is None else [owner, f"{alias}.{quoted(column)} = {self.parent}"]

    def _window(self, alias: str, *conditions: str, few: str | None = None) -> str:
        """The rows of the page among those of a source."""
        where, fixed = list(conditions), always(self.asked.collection)
        if fixed is not None:
            where.append(f"({fixed(alias)})")
        if self.node is not None:
            where.append(clause(self.node, alias, self.named, few))
        if self.after:
            where.append(self._beyond(alias, self.after, [key.ascends for key in self.keys]))
        if self.until:
            where.append(self._beyond(alias, self.until, [not key.ascends for key in self.keys]))
        met = f" WHERE {' AND '.join(where)}" if where else ""
        return f"{met} ORDER BY {self._directed([key.over(alias) for key in self.keys])}{self.limit}"

    def _beyond(self, alias: str, values: list[str], ups: list[bool]) -> str:
        """Rows after a row with the values. One direction is one row comparison."""
        keys = [key.over(alias) for key in self.keys]
        signs = [">" if up else "<" for up in ups]
        if len(set(signs)) == 1:
            return f"({', '.join(keys)}) {signs[0]} ({', '.join(values)})"
        cases = []
        for index, (key, sign, value) in enumerate(zip(keys, signs, values, strict=True)):
            same = [f"{earlier} = {its}" for earlier, its in zip(keys[:index], values[:index], strict=True)]
            cases.append(" AND ".join([*same, f"{key} {sign} {value}"]))
        return f"({' OR '.join(cases)})"

    def _directed(self, keys: list[str]) -> str:
        pairs = zip(keys, self.keys, strict=True)
        return ", ".join(f"{over} {'ASC' if key.ascends else 'DESC'}" for over, key in pairs)

    def _labelled(self, alias: str) -> list[str]:
        """The keys as columns, for the order of what is around them."""
        return [f"{key.over(alias)} AS order_{index}" for index, key in enumerate(self.keys)]

    def _listed(self, alias: str) -> str:
        return ", ".join(self._labelled(alias))

    def _labels(self, alias: str) -> list[str]:
        return [f"{alias}.order_{index}" for index in range(len(self.keys))]


def _row(keys: list[str]) -> str:
    return keys[0] if len(keys) == 1 else f"row({', '.join(keys)})"


def _served(table: sa.Table, node: Node, terms: tuple[tuple[str, bool], ...]) -> bool:
    """Whether one index has both a filter and the order: an equal column, then the id."""
    if not isinstance(node, Column) or node.name != "eq" or len(terms) > 1:
        return False
    wanted = ["org_id", node.condition.column, "id"]
    return any([column.name for column in index.columns] == wanted for index in table.indexes)
