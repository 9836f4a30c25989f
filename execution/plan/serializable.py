"""Which fields of an object can be serialized together, and which objects can be joined to their parents' rows."""

from graphql import GraphQLObjectType

from execution.plan.field_kinds import BatchField, ReadField
from execution.plan.nodes import FieldPlan, SelectionPlan

# So many selections are written within each other by one expression: Python nests no more than 200 brackets.
MAX_HEIGHT = 12


def height_of(selection: SelectionPlan) -> int:
    """Return how many selections are written within each other, lists of objects apart."""
    single = [
        field.selection(field.shape.named).height
        for field in selection.fields.values()
        if field not in selection.rest and not field.is_leaf and field.shape.item is None
    ]
    return 1 + max(single, default=0)


def own_weight(selection: SelectionPlan) -> int:
    """Return what the fields of one of a selection's objects cost by their size."""
    kinds = (field.field_kind for field in selection.fields.values())
    return sum(each.weight for each in kinds if isinstance(each, ReadField))


def selection_weight(selection: SelectionPlan) -> int:
    """Return what one of a selection's objects costs with all that is written within it, lists of objects apart."""
    total = selection.own
    for field in selection.fields.values():
        if field not in selection.rest and not field.is_leaf and field.shape.item is None:
            total += field.field_kind.cost + field.selection(field.shape.named).weight
    return total


def is_serializable(field: FieldPlan) -> bool:
    """Return whether a serializer can write a field together with the others of its object."""
    field_kind, shape = field.field_kind, field.shape
    if isinstance(field_kind, BatchField):
        return field.inline_join
    if not isinstance(field_kind, ReadField) or field_kind.reader is None:
        return False
    if field.is_leaf:
        return True
    if shape.item is None:
        if not isinstance(shape.named, GraphQLObjectType):
            return False
        inner = field.selection(shape.named)
        return not inner.rest and inner.height < MAX_HEIGHT
    return shape.item.nonnull and shape.item.one_type


def can_be_joined(selection: SelectionPlan) -> bool:
    """Return whether an object can be written from columns that are joined to its parent's row."""
    for field in selection.fields.values():
        field_kind = field.field_kind
        if isinstance(field_kind, BatchField) and field.inline_join:
            continue
        if not isinstance(field_kind, ReadField) or field_kind.reader is None or field_kind.reader.attribute:
            return False
        if field_kind.reader.key is None and field_kind.reader.convert is not None:
            # It reads the row by names of its own, which a joined row does not have.
            return False
        if not field.is_leaf:
            if field_kind.reader.key is None and field.shape.item is None:
                # What it holds is read from the same row.
                if not can_be_joined(field.selection(field.shape.named)):
                    return False
            elif not is_serializable(field):
                return False
    return True


def _columns_alone(selection: SelectionPlan) -> bool | None:
    """Return whether some columns, and nothing else, are written of a row; None where nothing is."""
    some: bool | None = None
    for field in selection.fields.values():
        field_kind = field.field_kind
        if field in selection.rest:
            continue
        reader = field_kind.reader if isinstance(field_kind, ReadField) else None
        alone: bool | None = True
        if reader is not None and reader.constant:
            alone = None
        elif reader is not None and (reader.attribute or (reader.key is None and reader.convert is not None)):
            return False
        elif not field.is_leaf and (reader is None or reader.key is None):
            alone = _columns_alone(field.selection(field.types()[0]))
        if alone is False:
            return False
        some = some or alone
    return some


def layout_of(selection: SelectionPlan) -> tuple[str, ...] | None:
    """Return the columns of a row in their order, where only columns are written and their loader keeps that order."""
    source = selection.source
    if source is None or source.arguments is None or not _columns_alone(selection):
        return None
    field_kind = source.field_kind
    return source.arguments.columns if isinstance(field_kind, BatchField) and field_kind.joins_inline else None
