"""Writes whole objects at once: what a selection asks of its rows becomes one Python function, made with the plan.

The function holds one expression, a dict for each row, as one would write it by hand. Of a request its text has the
keys of the answer alone, which are GraphQL names, as literals; functions and selections are passed in as values.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from graphql import GraphQLObjectType

from execution.kinds import Batch, Cell, Plain

if TYPE_CHECKING:
    from execution.plan import Planned, Selection

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

    def object(self, selection: "Selection", row: str, prefix: str) -> str:
        """A dict of a row's fields; a field that is not written with the others has a null as its place."""
        parts = []
        for key, field in selection.fields.items():
            text = "None" if field in selection.rest else self._field(field, row, prefix)
            parts.append(f"{key!r}: {text}")
        return "{" + ", ".join(parts) + "}"

    def _field(self, field: "Planned", row: str, prefix: str) -> str:
        kind = field.kind
        if isinstance(kind, Batch):
            return self.object(field.selection(field.shape.named), row, f"{prefix}{kind.fold}.")
        assert isinstance(kind, Plain), "only cells and folded fields are written"
        assert kind.cell is not None, "only cells and folded fields are written"
        return self._cell(field, kind.cell, row, prefix)

    def _cell(self, field: "Planned", cell: Cell, row: str, prefix: str) -> str:
        call = "" if cell.write is None else self._named(cell.write)
        if cell.key is None:
            value = f"{call}({row})"
            if field.is_leaf:
                return value
            if not cell.null:
                return self._held(field, value if call else row, prefix if cell.through else "")
            maybe = self._variable()
            return f"(None if ({maybe} := {value}) is None else {self._held(field, maybe, '')})"
        read = f"{row}.{cell.key}" if cell.attribute else f"{row}[{prefix + cell.key!r}]"
        if not cell.null or (field.is_leaf and not call):
            value = f"{call}({read})" if call else read
            return value if field.is_leaf else self._held(field, value, "")
        maybe = self._variable()
        value = f"{call}({maybe})" if call else maybe
        return f"(None if ({maybe} := {read}) is None else {value if field.is_leaf else self._held(field, value, '')})"

    def _held(self, field: "Planned", value: str, prefix: str) -> str:
        """An object or a list of them that a cell leads to."""
        shape = field.shape
        each = self._variable()
        if shape.item is None:
            inner = field.selection(shape.named)
            if value.isidentifier():
                return self.object(inner, value, prefix)
            return f"[{self.object(inner, each, prefix)} for {each} in ({value},)][0]"
        inner = field.selection(shape.item.named)
        cost = field.kind.cost + inner.weight
        if inner.rest:
            return f"c.take({self._named(inner)}, {cost}, {value})"
        return f"[{self.object(inner, each, '')} for {each} in {f'c.count({cost}, {value})' if cost else value}]"


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


def writer_of(selection: "Selection") -> Write:
    """The function that writes a selection's objects."""
    source = _Source()
    text = f"lambda rows, c: [{source.object(selection, 'r0', '')} for r0 in rows]"
    write: Write = eval(text, source.values)
    return write
