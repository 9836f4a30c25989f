"""Which of a level's batch fields are loaded together."""

from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from inspect import iscoroutine
from typing import Any

from execution.plan.field_kinds import BatchField
from execution.plan.nodes import FieldPlan
from execution.plan.settings import BeginLoads
from execution.run.levels import Level

Batches = list[tuple[FieldPlan, BatchField, Level]]
Load = Callable[[FieldPlan, BatchField, list[Any]], Coroutine[Any, Any, Sequence[Any]]]


async def begun(
    batches: Batches, load: Load, context: Any, begin_loads: BeginLoads | None
) -> Iterator[tuple[Batches, Awaitable[Sequence[Any]]]]:
    """Return batch fields with what loads them; those that are one selection in several places stand together."""
    groups: dict[Any, Batches] = {}
    for entry in batches:
        groups.setdefault(entry[0].load_key(), []).append(entry)
    loads: Sequence[Any] = [_load(group, load) for group in groups.values()]
    if begin_loads is not None and len(groups) > 1:
        loads = await begin_loads(context, loads)
    return zip(groups.values(), loads, strict=True)


def values_by_field(group: Batches, values: Sequence[Any]) -> Iterator[tuple[FieldPlan, Level, Sequence[Any]]]:
    """Return the values of each of the batch fields that were loaded together."""
    end = 0
    for field, _, level in group:
        start, end = end, end + len(level.parents)
        yield field, level, values[start:end]


def close_left(loads: Iterator[tuple[Batches, Awaitable[Sequence[Any]]]]) -> None:
    """Close the loads that nobody awaits, as the run was cancelled."""
    for _, load in loads:
        if iscoroutine(load):
            load.close()


def _load(group: Batches, load: Load) -> Coroutine[Any, Any, Sequence[Any]]:
    field, field_kind, _ = group[0]
    return load(field, field_kind, [parent for _, _, level in group for parent in level.parents])
