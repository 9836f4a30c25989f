"""Writes whole objects at once: what a selection asks of its rows becomes one Python function, made with the plan.

The function holds one expression, a dict for each row, as one would write it by hand. Of a request its text has the
response keys alone, which are GraphQL names, as literals; functions and selections are passed in as values.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from execution.plan.field_kinds import BatchField, ColumnReader, ReadField
from execution.plan.joined_row import NAMED
from execution.plan.nodes import FieldPlan, SelectionPlan
from execution.plan.serializable import MAX_HEIGHT, layout_of
from execution.plan.shapes import PLAIN, is_plain

_WORD = re.compile(r"\w+")
# So many values are written before others have their turn: about a millisecond.
TURN_VALUES = 10_000

# Of rows and a run's state: the objects, one for each row.
Serializer = Callable[[Sequence[Any], "SerializerState"], list[dict[str, Any]]]


class SerializerState:
    """What a serializer leaves: lists to be written next, objects with fields to be resolved, and what it all costs."""

    __slots__ = ("cost", "lists", "pending")

    def __init__(self) -> None:
        self.lists: list[tuple[SelectionPlan, Sequence[Any], list[dict[str, Any]]]] = []
        self.pending: list[tuple[SelectionPlan, Sequence[Any], list[dict[str, Any]]]] = []
        self.cost = 0

    def take(self, selection: SelectionPlan, cost: int, rows: Sequence[Any]) -> list[dict[str, Any]]:
        """Return a list that ``write_lists`` fills, apart from what it stands in: it may be long."""
        self.cost += cost * len(rows)
        made: list[dict[str, Any]] = []
        self.lists.append((selection, rows, made))
        return made

    def write_lists(self) -> Iterator[None]:
        """Write the lists that were taken, and those that are taken meanwhile, in turns of ``TURN_VALUES``."""
        written = 0
        for selection, rows, made in self.lists:
            if written > TURN_VALUES:
                written = 0
                yield
            made += serialize(selection, rows, self)
            written += len(rows) * len(selection.fields)
            if selection.rest:
                self.pending.append((selection, rows, made))

    def checked(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Return rows of which no column is read. Raises ValueError where one of them cannot be an object."""
        if all(type(row) in PLAIN or is_plain(row) for row in rows):
            return rows
        raise ValueError("A row is null, an exception or awaitable.")

    def count(self, cost: int, rows: Sequence[Any]) -> Sequence[Any]:
        """Objects that are written in position."""
        self.cost += cost * len(rows)
        return rows


@dataclass(frozen=True, slots=True)
class _RowName:
    """How one row is called in a text: by a variable, or with its columns unpacked into variables of their own."""

    name: str
    layout: tuple[str, ...] | None = None

    def column(self, name: str) -> str:
        return f"{self.name}[{name!r}]" if self.layout is None else f"{self.name}_{self.layout.index(name)}"

    def target(self, used: str) -> str:
        """Return what a loop over rows assigns to: what the text uses, and one column more, which is the loader's
        own."""
        if self.layout is None:
            return self.name
        names = [f"{self.name}_{index}" for index in range(len(self.layout))]
        used_names = set(_WORD.findall(used))
        return ", ".join([*(name if name in used_names else "_" for name in names), "_"])


def _list(value: Any) -> list[Any]:
    """Return a leaf's list, which was read as a tuple. Raises TypeError for anything else."""
    if isinstance(value, tuple):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not a list.")


def _list_or_null(value: Any) -> list[Any] | None:
    return None if value is None else _list(value)


class _Source:
    """One function in the making: the values that its text refers to by name."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {"__builtins__": {"__import__": __import__}}
        self._variables = self._depth = 0

    def _named(self, value: Any) -> str:
        name = f"v{len(self.values)}"
        self.values[name] = value
        return name

    def _variable(self) -> str:
        self._variables += 1
        return f"r{self._variables}"

    def objects(self, selection: SelectionPlan, rows: str, *, unpacked: bool = True) -> str:
        """Return a list of the objects of some rows."""
        row = _RowName(self._variable(), layout_of(selection) if unpacked else None)
        made = self._object(selection, row, "")
        if row.layout is None and f"{row.name}[" not in made:
            # Nothing that is read of it would fail for a null or an exception.
            rows = f"c.checked({rows})"
        return f"[{made} for {row.target(made)} in {rows}]"

    def _object(self, selection: SelectionPlan, row: _RowName, prefix: str) -> str:
        """Return a dict of a row's fields; a field that is not written with the others has a null in its place."""
        parts = []
        self._depth += 1
        for key, field in selection.fields.items():
            text = "None" if field in selection.rest else self._field(field, row, prefix)
            parts.append(f"{key!r}: {text}")
        self._depth -= 1
        return "{" + ", ".join(parts) + "}"

    def _field(self, field: FieldPlan, row: _RowName, prefix: str) -> str:
        field_kind = field.field_kind
        if isinstance(field_kind, BatchField):
            return self._object(field.selection(field.shape.named), row, f"{prefix}{field_kind.joined_by}.")
        assert isinstance(field_kind, ReadField), "only column readers and inline joins are serialized"
        assert field_kind.reader is not None, "only column readers and inline joins are serialized"
        return self._read(field, field_kind.reader, row, prefix)

    def _converted(self, reader: ColumnReader, value: str) -> str:
        if reader.convert is None:
            return value
        if reader.inline is not None and value.isidentifier():
            return reader.inline(value, self._named)
        return f"{self._named(reader.convert)}({value})"

    def _read(self, field: FieldPlan, reader: ColumnReader, row: _RowName, prefix: str) -> str:
        call = reader.convert is not None
        if reader.constant:
            return repr(reader.key)
        if reader.key is None:
            if field.is_leaf:
                return self._converted(reader, row.name)
            if not call and not reader.null:
                return self._itself(field, row, prefix if reader.same_row else "")
            maybe = self._variable()
            return f"(None if ({maybe} := {self._converted(reader, row.name)}) is None else {self._held(field, maybe)})"
        read = f"{row.name}.{reader.key}" if reader.attribute else row.column(prefix + reader.key)
        if field.is_leaf and field.shape.item is not None and not call:
            found, make = self._variable(), self._named(_list_or_null if reader.null else _list)
            return f"({found} if ({found} := {read}).__class__ is {self._named(list)} else {make}({found}))"
        if not reader.null or (field.is_leaf and not call):
            value = self._converted(reader, read)
            return value if field.is_leaf else self._held(field, value)
        if not read.isidentifier():
            maybe = self._variable()
            read, value = f"({maybe} := {read})", self._converted(reader, maybe)
        else:
            value = self._converted(reader, read)
        return f"(None if {read} is None else {value if field.is_leaf else self._held(field, value)})"

    def _itself(self, field: FieldPlan, row: _RowName, prefix: str) -> str:
        """Return the object that is another side of the same row."""
        inner = field.selection(field.shape.named if field.shape.item is None else field.shape.item.named)
        return self._object(inner, row, prefix) if field.shape.item is None else self._held(field, row.name)

    def _held(self, field: FieldPlan, value: str) -> str:
        """Return an object or a list of them that a reader leads to."""
        shape = field.shape
        if shape.item is None:
            return f"{self.objects(field.selection(shape.named), f'({value},)')}[0]"
        inner = field.selection(shape.item.named)
        cost = field.field_kind.cost + inner.weight
        # Rows were loaded by number; what a column holds is as long as it is.
        of_rows = isinstance(field.field_kind, ReadField) and field.field_kind.same_row
        if not of_rows or inner.rest or self._depth >= MAX_HEIGHT:
            return f"c.take({self._named(inner)}, {cost}, {value})"
        return self.objects(inner, f"c.count({cost}, {value})" if cost else value)


def serialize(selection: SelectionPlan, rows: Sequence[Any], state: SerializerState) -> list[dict[str, Any]]:
    """Objects of rows of which it is known that they are of this type; a serializer is made when it is first used.

    Rows that are dicts, as changes give them, or parts of their parents' rows are read by name.
    """
    if not rows:
        return []
    unpacked = type(rows[0]) not in NAMED
    serializer: Serializer | None = selection.serializers.get(unpacked)
    if serializer is None:
        serializer = selection.serializers[unpacked] = _serializer_of(selection, unpacked=unpacked)
    return serializer(rows, state)


def serialize_row(selection: SelectionPlan, row: Any) -> dict[str, Any]:
    """Return the object of one row with all lists that it holds."""
    state = SerializerState()
    (made,) = serialize(selection, [row], state)
    for _ in state.write_lists():
        pass
    return made


def _serializer_of(selection: SelectionPlan, *, unpacked: bool) -> Serializer:
    source = _Source()
    text = f"lambda rows, c: {source.objects(selection, 'rows', unpacked=unpacked)}"
    made: Serializer = eval(text, source.values)
    return made
