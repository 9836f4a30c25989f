"""What of an object can be written whole, together with its other fields, and what came with its parent's row."""

from graphql import GraphQLObjectType

from execution.kinds import Batch, Plain
from execution.planned import Planned, Selection


def own_weight(selection: Selection) -> int:
    """What the fields of one of a selection's objects cost by their size."""
    return sum(field.kind.weight for field in selection.fields.values() if isinstance(field.kind, Plain))


def weight_of(selection: Selection) -> int:
    """What one of a selection's objects costs with all that is written within it, lists of objects apart."""
    total = selection.own
    for field in selection.fields.values():
        if field not in selection.rest and not field.is_leaf and field.shape.item is None:
            total += field.kind.cost + field.selection(field.shape.named).weight
    return total


def writable(field: Planned) -> bool:
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


def foldable(selection: Selection) -> bool:
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


def _columns_alone(selection: Selection) -> bool | None:
    """Whether some columns, and nothing else, are written of a row; None where nothing is."""
    some: bool | None = None
    for field in selection.fields.values():
        kind = field.kind
        if field in selection.rest:
            continue
        cell = kind.cell if isinstance(kind, Plain) else None
        alone: bool | None = True
        if cell is not None and cell.constant:
            alone = None
        elif cell is not None and (cell.attribute or (cell.key is None and cell.write is not None)):
            return False
        elif not field.is_leaf and (cell is None or cell.key is None):
            alone = _columns_alone(field.selection(field.types()[0]))
        if alone is False:
            return False
        some = some or alone
    return some


def layout_of(selection: Selection) -> tuple[str, ...] | None:
    """The columns of a row in their order, where nothing but columns is written and their loader keeps to it."""
    source = selection.source
    if source is None or source.arguments is None or not _columns_alone(selection):
        return None
    return source.arguments.columns if isinstance(source.kind, Batch) and source.kind.folds else None
