"""Writes whole objects at once: what a selection asks of its rows becomes one Python function, made with the plan.

The function holds one expression, a dict for each row, as one would write it by hand. Of a request its text has the
keys of the answer alone, which are GraphQL names, as literals; functions and selections are passed in as values.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import GraphQLObjectType

from execution.kinds import Batch, Cell, Plain

if TYPE_CHECKING:
    from execution.plan import Planned, Selection

_WORD = re.compile(r"\w+")

# Of rows and a run's collector: the objects, one for each row.
Write = Callable[[Sequence[Any], "Collector"], list[dict[str, Any]]]


class Collector:
    """What a writer met on its way: objects that are to be asked more, and how many of what was written."""

    __slots__ = ("cost", "met")

    def __init__(self) -> None:
        self.met: list[tuple[Selection, Sequence[Any], list[dict[str, Any]]]] = []
        self.cost = 0

    def take(self, selection: "Selection", cost: int, rows: Sequence[Any]) -> list[dict[str, Any]]:
        """Objects with fields that are not written with the others."""
        self.cost += cost * len(rows)
        made = selection.write(rows, self)
        self.met.append((selection, rows, made))
        return made

    def count(self, cost: int, rows: Sequence[Any]) -> Sequence[Any]:
        """Objects that are written in place."""
        self.cost += cost * len(rows)
        return rows


@dataclass(frozen=True, slots=True)
class _Row:
    """How one row is called in a text: by a variable, or with its columns unpacked into variables of their own."""

    name: str
    layout: tuple[str, ...] | None = None

    def column(self, name: str) -> str:
        return f"{self.name}[{name!r}]" if self.layout is None else f"{self.name}_{self.layout.index(name)}"

    def target(self, used: str) -> str:
        """What a loop over rows assigns to: what the text uses, and one column more, which is the loader's own."""
        if self.layout is None:
            return self.name
        names = [f"{self.name}_{index}" for index in range(len(self.layout))]
        used_names = set(_WORD.findall(used))
        return ", ".join([*(name if name in used_names else "_" for name in names), "_"])


class _Source:
    """One function in the making: the values that its text refers to by name."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {"__builtins__": {}}
        self._variables = 0

    def _named(self, value: Any) -> str:
        name = f"v{len(self.values)}"
        self.values[name] = value
        return name

    def _variable(self) -> str:
        self._variables += 1
        return f"r{self._variables}"

    def objects(self, selection: "Selection", rows: str, *, unpacked: bool = True) -> str:
        """A list of the objects of some rows."""
        row = _Row(self._variable(), selection.layout if unpacked else None)
        made = self._object(selection, row, "")
        return f"[{made} for {row.target(made)} in {rows}]"

    def _object(self, selection: "Selection", row: _Row, prefix: str) -> str:
        """A dict of a row's fields; a field that is not written with the others has a null as its place."""
        parts = []
        for key, field in selection.fields.items():
            text = "None" if field in selection.rest else self._field(field, row, prefix)
            parts.append(f"{key!r}: {text}")
        return "{" + ", ".join(parts) + "}"

    def _field(self, field: "Planned", row: _Row, prefix: str) -> str:
        kind = field.kind
        if isinstance(kind, Batch):
            return self._object(field.selection(field.shape.named), row, f"{prefix}{kind.fold}.")
        assert isinstance(kind, Plain), "only cells and folded fields are written"
        assert kind.cell is not None, "only cells and folded fields are written"
        return self._cell(field, kind.cell, row, prefix)

    def _cell(self, field: "Planned", cell: Cell, row: _Row, prefix: str) -> str:
        call = "" if cell.write is None else self._named(cell.write)
        if cell.constant:
            return repr(cell.key)
        if cell.key is None:
            if field.is_leaf:
                return f"{call}({row.name})"
            if not call and not cell.null:
                return self._itself(field, row, prefix if cell.through else "")
            maybe = self._variable()
            return f"(None if ({maybe} := {call}({row.name})) is None else {self._held(field, maybe)})"
        read = f"{row.name}.{cell.key}" if cell.attribute else row.column(prefix + cell.key)
        if not cell.null or (field.is_leaf and not call):
            value = f"{call}({read})" if call else read
            return value if field.is_leaf else self._held(field, value)
        if not read.isidentifier():
            maybe = self._variable()
            read, value = f"({maybe} := {read})", f"{call}({maybe})" if call else maybe
        else:
            value = f"{call}({read})" if call else read
        return f"(None if {read} is None else {value if field.is_leaf else self._held(field, value)})"

    def _itself(self, field: "Planned", row: _Row, prefix: str) -> str:
        """The object that is another side of the same row."""
        inner = field.selection(field.shape.named if field.shape.item is None else field.shape.item.named)
        return self._object(inner, row, prefix) if field.shape.item is None else self._held(field, row.name)

    def _held(self, field: "Planned", value: str) -> str:
        """An object or a list of them that a cell leads to."""
        shape = field.shape
        if shape.item is None:
            return f"{self.objects(field.selection(shape.named), f'({value},)')}[0]"
        inner = field.selection(shape.item.named)
        cost = field.kind.cost + inner.weight
        if inner.rest:
            return f"c.take({self._named(inner)}, {cost}, {value})"
        return self.objects(inner, f"c.count({cost}, {value})" if cost else value)


def weight_of(selection: "Selection") -> int:
    """What the objects that are written within one of a selection's objects cost, lists of them apart."""
    total = 0
    for field in selection.fields.values():
        if field not in selection.rest and not field.is_leaf and field.shape.item is None:
            total += field.kind.cost + field.selection(field.shape.named).weight
    return total


def writable(field: "Planned") -> bool:
    """Whether a writer can write a field together with the others of its object."""
    kind, shape = field.kind, field.shape
    if isinstance(kind, Batch):
        return field.folded
    if not isinstance(kind, Plain) or kind.cell is None:
        return False
    if field.is_leaf:
        return True
    if shape.item is None:
        return isinstance(shape.named, GraphQLObjectType) and not field.selection(shape.named).rest
    return shape.item.nonnull and shape.item.one_type


def foldable(selection: "Selection") -> bool:
    """Whether all that is asked of an object can be written from columns that came with its parent's row."""
    for field in selection.fields.values():
        kind = field.kind
        if isinstance(kind, Batch) and field.folded:
            continue
        if not isinstance(kind, Plain) or kind.cell is None or kind.cell.attribute:
            return False
        if kind.cell.key is None and kind.cell.write is not None:
            # It reads the row by names of its own, which a folded row does not have.
            return False
        if not field.is_leaf:
            whole = kind.cell.key is None and field.shape.item is None
            if not (whole and foldable(field.selection(field.shape.named))) and not writable(field):
                return False
    return True


def reads(selection: "Selection") -> int | None:
    """How many columns of a row are written; None where more is asked of the row than columns."""
    count = 0
    for field in selection.fields.values():
        kind = field.kind
        if field in selection.rest:
            continue
        inner = None if field.is_leaf else field.selection(field.types()[0])
        cell = kind.cell if isinstance(kind, Plain) else None
        more: int | None = 1
        if cell is not None and cell.constant:
            more = 0
        elif cell is not None and (cell.attribute or (cell.key is None and cell.write is not None)):
            return None
        elif inner is not None and (cell is None or cell.key is None):
            more = reads(inner)
        if more is None:
            return None
        count += more
    return count


def writer_of(selection: "Selection", *, unpacked: bool) -> Write:
    """The function that writes a selection's objects, of rows as their loader gives them, or read by their names."""
    source = _Source()
    text = f"lambda rows, c: {source.objects(selection, 'rows', unpacked=unpacked)}"
    write: Write = eval(text, source.values)
    return write
