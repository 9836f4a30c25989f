"""The window of a page: which rows of a list, in which order, from where."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from resolvers.collections.collection import COLLECTIONS, CREATED, Collection, ReferredSortField
from resolvers.errors import Refusal, bad_input, refuse
from resolvers.lists.cursors import decode_cursor, list_of

LARGEST_PAGE, DEEPEST_ROW, MAX_ORDERS = 100, 10_000, 3
# The size of a page if none is given.
DEFAULT_PAGE = 20


class _Default(int):
    """A size that nobody gave, which ``last`` and ``before`` go with, unlike the same number where it is given."""


# What the argument ``first`` is where the document leaves it out.
DEFAULT_FIRST = _Default(DEFAULT_PAGE)
# Between the names of a collection and of the column that refers to a parent.
_BELOW = " by "


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
    """Return the window of the arguments first, after, last, before, page and orderBy. Raises Refusals with all that
    are wrong.

    Of the rows between ``after`` and ``before``, ``first`` takes those at the start and ``last`` those at the end.
    ``before`` alone goes one page back.
    """
    first, last, page = values.get("first"), values.get("last"), values.get("page")
    if isinstance(first, _Default):
        first = None
    after, before = values.get("after"), values.get("before")
    if last is None and after is None and before is None and not values.get("order_by"):
        return _usual(collection, first, page, column)
    return _window(collection, values, first, last, page, column)


@lru_cache(1_000)
def _usual(collection: Collection, first: int | None, page: int | None, column: str | None) -> Window:
    """Return the window of a page from the start in the usual order, which most are asked for."""
    return _window(collection, {}, first, None, page, column)


def _window(
    collection: Collection, values: Mapping[str, Any], first: int | None, last: int | None, page: int | None,
    column: str | None,
) -> Window:  # fmt: skip
    after, before = values.get("after"), values.get("before")
    problems = [*_wrong_sizes(first, last)]
    size = last or first or DEFAULT_PAGE
    if page is not None:
        problems += _wrong_page(
            page, size, [name for name in ("after", "before", "last") if values.get(name) is not None]
        )
    order_by = values.get("order_by") or []
    disordered = [*_wrong_order(collection, order_by, column)]
    problems += disordered
    order = [(item.field.name, item.direction.name == "DESC") for item in order_by]
    terms = None if disordered else _terms(collection, order)
    backwards = last is not None or (before is not None and after is None and first is None)
    bounds = [
        None if cursor is None else _keys_of(collection, terms, column, cursor, argument, problems)
        for cursor, argument in ((after, "after"), (before, "before"))
    ]
    refuse(problems)
    assert terms is not None, "an order without problems has terms"
    keys, until = reversed(bounds) if backwards else bounds
    return Window(size, terms, backwards, keys, until, None if page is None else (page - 1) * size)


def _wrong_sizes(first: int | None, last: int | None) -> Iterator[Refusal]:
    for name, size in (("first", first), ("last", last)):
        if size is not None and not 1 <= size <= LARGEST_PAGE:
            message = f"{name} must be from 1 to {LARGEST_PAGE}."
            yield bad_input(name, message, "OUT_OF_RANGE", minimum=1, maximum=LARGEST_PAGE)
        elif name == "last" and size is not None and first is not None:
            yield bad_input("last", "first and last cannot be combined.", "NOT_ALLOWED")


def _wrong_page(page: int, size: int, combined: list[str]) -> Iterator[Refusal]:
    if combined:
        yield bad_input("page", f"page cannot be combined with {' and '.join(combined)}.", "NOT_ALLOWED")
    elif page < 1:
        yield bad_input("page", "page must be 1 or more.", "OUT_OF_RANGE", minimum=1)
    elif 1 <= size <= LARGEST_PAGE and page * size > DEEPEST_ROW:
        message = f"Pages by number reach the first {DEEPEST_ROW} items only: use cursors beyond."
        yield bad_input("page", message, "NOT_ALLOWED", maximum=DEEPEST_ROW // size)


def _keys_of(
    collection: Collection, terms: tuple[tuple[str, bool], ...] | None, column: str | None, cursor: str, argument: str,
    problems: list[Refusal],
) -> tuple[Any, ...] | None:  # fmt: skip
    """Return the keys of a cursor; what is wrong with it is added to the problems, as far as the order is known."""
    fields = [collection.sort_fields[name] if name else CREATED for name, _ in terms or ()]
    types = [type_ for field in fields for type_ in field.types]
    order = None if terms is None else signature_of(terms)
    try:
        return tuple(decode_cursor(cursor, cursor_name(collection, column), order, types, argument))
    except Refusal as refused:
        problems.append(refused)
        return None


def wrong_cursor(
    plural: str, order: Sequence[tuple[str, bool]] | None, cursor: str, argument: str
) -> Iterator[Refusal]:
    """Yield the refusal of a cursor that is none of a collection's rows, below whichever parent, in an order: pairs of
    a name and whether it descends, none where it is not known."""
    collection = COLLECTIONS[plural]
    terms = None if order is None else _terms(collection, order)
    problems: list[Refusal] = []
    try:
        column = list_of(cursor, argument).partition(_BELOW)[2] or None
        _keys_of(collection, terms, column, cursor, argument, problems)
    except Refusal as refused:
        problems.append(refused)
    yield from problems


def cursor_name(collection: Collection, column: str | None) -> str:
    """Return the name of the list that a cursor is valid for: a collection, or its rows below a parent."""
    return collection.name if column is None else f"{collection.name}{_BELOW}{column}"


def _wrong_order(collection: Collection, order_by: Sequence[Any], column: str | None) -> Iterator[Refusal]:
    fields, names = collection.sort_fields, [item.field.name for item in order_by]
    referred = [name for name in names if isinstance(fields[name], ReferredSortField)]
    if len(order_by) > MAX_ORDERS or len(set(names)) < len(order_by):
        yield bad_input("orderBy", f"orderBy takes at most {MAX_ORDERS} different fields.", "NOT_ALLOWED")
    elif any(fields[name].column == "id" for name in names[:-1]):
        yield bad_input("orderBy", "CREATED_AT is unique: no other field can follow it.", "NOT_ALLOWED")
    elif referred and column is not None:
        message = f"A list below another object cannot be sorted by {referred[0]}: filter all {collection.name} by that"
        yield bad_input("orderBy", f"{message} object instead.", "NOT_ALLOWED")
    elif misplaced := out_of_place(collection, names):
        yield bad_input("orderBy", f"{misplaced} must be first, and only CREATED_AT can follow it.", "NOT_ALLOWED")


def out_of_place(collection: Collection, names: Sequence[str]) -> str | None:
    """Return the field of an order that is a column of other rows, where it is not the first, or is followed by another
    one than the time of creation."""
    fields = [collection.sort_fields[name] for name in names]
    for name, field in zip(names, fields, strict=True):
        if isinstance(field, ReferredSortField) and (fields[0] is not field or fields[1:] not in ([], [CREATED])):
            return name
    return None


def _terms(collection: Collection, order: Sequence[tuple[str, bool]]) -> tuple[tuple[str, bool], ...]:
    """Return pairs of an order's name (empty for the id) and whether it descends. The id is always the last key, so
    that an order which names its last key is the same as one that does not."""
    fields = collection.sort_fields
    terms = [("" if fields[name].column == "id" else name, descends) for name, descends in order]
    if not terms:
        return collection.default_order
    return tuple(terms) if not terms[-1][0] else (*terms, ("", terms[-1][1]))


@lru_cache(1_000)
def signature_of(terms: tuple[tuple[str, bool], ...]) -> str:
    """Return the order as a cursor holds it."""
    return ",".join(("-" if descending else "") + (name or "id") for name, descending in terms)
