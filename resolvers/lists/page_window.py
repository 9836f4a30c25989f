"""The window of a page: which rows of a list, in which order, from where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from resolvers.collections.collection import Collection
from resolvers.errors import bad_input
from resolvers.lists.cursors import decode_cursor

LARGEST_PAGE, DEEPEST_ROW, MAX_ORDERS = 100, 10_000, 3
# The size of a page if none is given.
DEFAULT_PAGE = 20


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows a page has: how many, from where, in which order, and whether from the end (``backwards``).

    ``keys`` belong to the row after which it starts, ``until`` to the row before which it must end.
    """

    size: int
    terms: tuple[tuple[str, bool], ...]
    backwards: bool = False
    keys: tuple[Any, ...] | None = None
    until: tuple[Any, ...] | None = None
    offset: int | None = None


def window_of(collection: Collection, values: Mapping[str, Any], column: str | None) -> Window:
    """Return the window of the arguments first, after, last, before, page and orderBy. Raises Refusal, which names the
    argument.

    Of the rows between ``after`` and ``before``, ``first`` takes those at the start and ``last`` those at the end.
    ``before`` alone goes one page back.
    """
    first, last, page = values.get("first"), values.get("last"), values.get("page")
    after, before = values.get("after"), values.get("before")
    for name, size in (("first", first), ("last", last)):
        if size is not None and not 1 <= size <= LARGEST_PAGE:
            message = f"{name} must be from 1 to {LARGEST_PAGE}."
            raise bad_input(name, message, "OUT_OF_RANGE", minimum=1, maximum=LARGEST_PAGE)
    if first is not None and last is not None:
        raise bad_input("last", "first and last cannot be combined.", "NOT_ALLOWED")
    size = last or first or DEFAULT_PAGE
    if page is not None:
        beside = [name for name in ("after", "before", "last") if values.get(name) is not None]
        if beside:
            raise bad_input("page", f"page cannot be combined with {' and '.join(beside)}.", "NOT_ALLOWED")
        if page < 1:
            raise bad_input("page", "page must be 1 or more.", "OUT_OF_RANGE", minimum=1)
        if page * size > DEEPEST_ROW:
            message = f"Pages by number reach the first {DEEPEST_ROW} items only: use cursors beyond."
            raise bad_input("page", message, "NOT_ALLOWED", maximum=DEEPEST_ROW // size)
    terms = _terms(collection, values.get("order_by") or [])
    backwards = last is not None or (before is not None and after is None and first is None)
    bounds = [
        None if cursor is None else _keys_of(collection, terms, column, cursor, argument)
        for cursor, argument in ((after, "after"), (before, "before"))
    ]
    keys, until = reversed(bounds) if backwards else bounds
    return Window(size, terms, backwards, keys, until, None if page is None else (page - 1) * size)


def _keys_of(
    collection: Collection, terms: tuple[tuple[str, bool], ...], column: str | None, cursor: str, argument: str
) -> tuple[Any, ...]:
    types = [collection.sort_fields[name].type if name else UUID for name, _ in terms]
    return tuple(decode_cursor(cursor, cursor_name(collection, column), signature_of(terms), types, argument))


def cursor_name(collection: Collection, column: str | None) -> str:
    """Return the name of the list that a cursor is valid for: a collection, or its rows below a parent."""
    return collection.name if column is None else f"{collection.name} by {column}"


def _terms(collection: Collection, order_by: Sequence[Any]) -> tuple[tuple[str, bool], ...]:
    """Return pairs of an order's name (empty for the id) and whether it descends. The id is always the last key, so
    that an order which names its last key is the same as one that does not."""
    if len(order_by) > MAX_ORDERS or len({item.field for item in order_by}) < len(order_by):
        raise bad_input("orderBy", f"orderBy takes at most {MAX_ORDERS} different fields.", "NOT_ALLOWED")
    fields = collection.sort_fields
    terms = [
        ("" if fields[item.field.name].column == "id" else item.field.name, item.direction.name == "DESC")
        for item in order_by
    ]
    if any(not name for name, _ in terms[:-1]):
        raise bad_input("orderBy", "CREATED_AT is unique: no other field can follow it.", "NOT_ALLOWED")
    if not terms:
        return collection.default_order
    return tuple(terms) if not terms[-1][0] else (*terms, ("", terms[-1][1]))


def signature_of(terms: tuple[tuple[str, bool], ...]) -> str:
    """Return the order as a cursor holds it."""
    return ",".join(("-" if descending else "") + (name or "id") for name, descending in terms)
