"""What of a list an actor may ask for: the scopes of the lists that a filter leads to, and what the staff alone may
filter, search and sort by. Both follow from the collections and from the columns that they are over."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import sqlalchemy as sa
from graphql import Undefined

from execution import Effort
from models.actors import NOT_FOR_CLIENTS, STAFF_ONLY, Reserved, only_staff_gives
from models.lookups import LISTED_ITEMS
from models.names import camel
from models.parts import column_of
from resolvers.collections.collection import COLLECTIONS, Collection, ReferredSortField, Relation
from resolvers.lists.conditions import Condition
from resolvers.lists.search_words import has_word, searched_words
from schema.rules.efforts import TERM, search_effort

# So many parts of a filter are looked at. What has more may hold anything.
MAX_PARTS = 2_000
TOO_LARGE = Reserved(NOT_FOR_CLIENTS, f"A client's access token may not use a filter of more than {MAX_PARTS:,} parts.")


def is_staff_column(column: sa.Column[Any] | None) -> bool:
    """Return whether the staff alone sees a column's values, or what they are compared by."""
    if column is None:
        return False
    of = column.info.get("caseless")
    return bool(column.info.get("staff")) or (of is not None and is_staff_column(column.table.c[of]))


@cache
def reserved_filters(collection: Collection) -> Mapping[str, Reserved]:
    """Return what is reserved of a collection's filter, by the names of its fields in the graph."""
    table = collection.table
    names = [camel(name) for name, asked in collection.filters.items() if is_staff_column(_column_of(table, asked))]
    if any(is_staff_column(column_of(table, name)) for name in collection.searched):
        names.append("search")
    return {name: only_staff_gives(f"filter.{name}") for name in names}


@cache
def order_needs(collection: Collection) -> Mapping[str, Reserved | str]:
    """Return what an order of a collection needs, by the names of its fields: it is reserved, or the scope to read the
    rows that it is a column of."""
    found: dict[str, Reserved | str] = {}
    for name, key in collection.sort_fields.items():
        if isinstance(key, ReferredSortField):
            found[name] = COLLECTIONS[key.to].resource.read_scope
        elif is_staff_column(collection.table.c[key.column]):
            found[name] = only_staff_gives("orderBy")
    return found


def _column_of(table: sa.Table, asked: Condition | Relation) -> sa.Column[Any] | None:
    if isinstance(asked, Relation):
        return None
    return column_of(table, asked.column if asked.lookup is None else LISTED_ITEMS[asked.column][1])


@cache
def _filters(collection: Collection) -> Mapping[str, Collection]:
    """Return where a collection's filter leads, by the names of its fields in the graph."""
    filters = collection.filters.items()
    return {camel(name): COLLECTIONS[asked.to] for name, asked in filters if isinstance(asked, Relation)}


def needed_of(collection: Collection, arguments: Mapping[str, Any], effort: Effort) -> list[Any]:
    """Return what the arguments of a collection's list need: scopes of the lists that its filter and its order lead
    to, and what is reserved of the filter and of the order."""
    found: set[Any] = set()
    # With the way to one place at which it is asked for: there may be many.
    shown: dict[Reserved, Reserved] = {}
    left, looked = [(collection, arguments.get("filter"), "filter")], 0
    while left and looked < MAX_PARTS:
        of, part, path = left.pop()
        looked += 1
        effort.spend(1 + (len(part) if isinstance(part, (dict, list)) else 0))
        if isinstance(part, list):
            left += [(of, each, f"{path}.{index}") for index, each in enumerate(part)]
        elif isinstance(part, dict):
            reserved, relations = reserved_filters(of), _filters(of)
            for name, value in part.items():
                if value is None or value is Undefined:
                    continue
                if name in reserved:
                    effort.spend(_size_of(value))
                    if not _asks_nothing(name, value):
                        shown.setdefault(reserved[name], replace(reserved[name], field=f"{path}.{name}"))
                elif name in relations:
                    found.add(relations[name].resource.read_scope)
                    left.append((relations[name], value, f"{path}.{name}"))
                elif name in ("and", "or", "not", "some", "none"):
                    left.append((of, value, f"{path}.{name}"))
    if left:
        found.add(TOO_LARGE)
    found |= {*shown.values(), *_of_order(collection, arguments.get("orderBy"), effort)}
    return sorted(found, key=str)


def _size_of(value: Any) -> int:
    if isinstance(value, str):
        return search_effort(value)
    return len(value) if isinstance(value, dict) else 0


def _asks_nothing(name: str, value: Any) -> bool:
    """Return whether a condition is none for everybody: a search without words, or nulls alone."""
    if name == "search":
        # Most have a word, which is found at once.
        return isinstance(value, str) and not has_word(value) and not searched_words(value)
    return isinstance(value, dict) and all(each is None or each is Undefined for each in value.values())


def _of_order(collection: Collection, order: Any, effort: Effort) -> Iterator[Reserved | str]:
    needs = order_needs(collection)
    terms = order if isinstance(order, list) else [order]
    effort.spend(TERM * len(terms))
    for term in terms:
        name = term.get("field") if isinstance(term, dict) else None
        if isinstance(name, str) and name in needs:
            yield needs[name]


def column_needs(column: sa.Column[Any] | None) -> tuple[Reserved, ...]:
    """Return what a column's field needs beside scopes."""
    return (STAFF_ONLY,) if is_staff_column(column) else ()
