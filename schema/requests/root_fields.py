"""The root fields of a mutation: each has a transaction of its own."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from graphql import located_error

from execution import Executor, Operation, Outcome, Variables, collect_fields
from resolvers.changes import idempotency
from resolvers.changes.recorded_changes import RecordedChanges
from resolvers.context import Context
from resolvers.errors import ErrorView, Refusal, shown_refusal
from schema.graph import CORE
from schema.requests.errors import shown_error
from schema.requests.prepared import Prepared
from schema.requests.repeats import Repeatable, is_repeatable, response_key
from schema.requests.results import OperationResult, errors_of
from schema.requests.sizes import fits, require_size


class _RolledBackError(Exception):
    """Ends the transaction of a root field that failed."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


async def run_root_fields(
    executor: Executor, ctx: Context, prepared: Prepared, variables: Variables
) -> OperationResult:
    """Run the root fields one after another: each commits alone, one that fails is null and stops no other.

    In a dry run each is rolled back alone.
    """
    data: dict[str, Any] = {}
    recorded: dict[str, RecordedChanges] = {}
    errors: list[ErrorView] = []
    actual = 0
    positions: Counter[str] = Counter()
    for key, name in _root_fields(prepared.operation, variables).items():
        # Which of the fields of its name: what else is asked for beside them tells no replays apart.
        position, positions[name] = positions[name], positions[name] + 1
        before = None if ctx.loaded is None else ctx.loaded.copy()
        try:
            part, cost = await _root_field(executor, ctx, prepared, variables, position, key, name, data)
            if ctx.recorded is not None:
                recorded[key] = ctx.recorded
        except _RolledBackError as failed:
            part, cost = {key: None}, failed.outcome.cost or 0
            try:
                errors += errors_of(ctx, prepared.operation, failed.outcome)
            except Refusal as too_many:
                errors.append(shown_refusal(too_many, ctx.request_id, [key]))
        except Exception as error:
            # Whatever it is, what other fields have committed is in the result.
            part, cost = {key: None}, 0
            errors += shown_error(located_error(error, None, [key]), ctx.request_id)
        if part == {key: None} and before is not None and ctx.loaded is not None:
            # What was discarded was loaded all the same.
            before.refused = ctx.loaded.refused
            ctx.loaded = before
        data |= part
        # A field that is given again came to no more than all of them may.
        actual += cost
    shown = [_shown(ctx, key, recorded) for key in data] if ctx.dry_run else None
    if shown and ctx.loaded is not None:
        # They stand in the result by root field, and all together.
        await require_size([data, shown, shown], ctx.loaded)
    return OperationResult(data, errors, actual=actual, recorded=recorded, dry_root_fields=shown)


def _shown(ctx: Context, key: str, recorded: Mapping[str, RecordedChanges]) -> dict[str, Any]:
    """Return what the caller may know of what a root field would change: nothing where it failed."""
    events, changes = recorded[key].shown_to(ctx.actor.may) if key in recorded else ([], [])
    return {"path": [key], "events": events, "changes": changes}


async def _root_field(
    executor: Executor, ctx: Context, prepared: Prepared, variables: Variables, position: int, key: str, name: str,
    before: dict[str, Any],
) -> tuple[dict[str, Any], int]:  # fmt: skip
    """Return the field's part of the data, nothing for one that is skipped; and what it cost.

    ``before`` is the part of the fields before it.
    """
    asked, fingerprint = None, b""
    keyed = ctx.idempotency_key is not None and ctx.actor.caller is not None and not ctx.dry_run
    if keyed and is_repeatable(name):
        asked = Repeatable(prepared.operation, prepared.identity or prepared.variables, key)
        fingerprint = asked.fingerprint()
    tracing = ctx.runtime.tracing
    observe = None if tracing is None else tracing.level
    async with ctx.transaction():
        if asked is not None:
            stored = await idempotency.replay(ctx, name, position, fingerprint)
            if stored is not None:
                again = {key: asked.shaped(stored)}
                if ctx.loaded is not None:
                    # Nothing of it was loaded, so that it is not known what it may take.
                    ctx.loaded.shared = None
                    await require_size([before, again], ctx.loaded)
                ctx.replayed = True
                return again, prepared.measure.cost
        outcome = await executor.run(prepared.operation, variables, context=ctx, only=key, observe=observe)
        if outcome.errors or outcome.data is None:
            raise _RolledBackError(outcome)
        if ctx.loaded is not None and not fits(outcome, prepared.measure, ctx.loaded):
            await require_size([before, outcome.data], ctx.loaded)
        if asked is not None and key in outcome.data:
            await idempotency.keep(ctx, name, position, fingerprint, _without(outcome.data[key], ctx.shown_once))
    data = _without(outcome.data, ctx.shown_once) if ctx.dry_run else outcome.data
    return data, outcome.cost or 0


def _root_fields(operation: Operation, variables: Variables) -> dict[str, str]:
    """Return the names of the root fields that are asked for by their keys, in the order in which they run."""
    assert CORE.mutation_type is not None, "the graph has mutations"
    at, fragments = operation.definition.selection_set, operation.fragments
    found = collect_fields(at, CORE.mutation_type, fragments, variables.coerced)
    return {response_key(node): node.name.value for node in found}


def _without(value: Any, once: list[str]) -> Any:
    """Return a value without the secrets that were shown in it once."""
    if isinstance(value, dict):
        return {name: _without(part, once) for name, part in value.items()}
    if isinstance(value, list):
        return [_without(part, once) for part in value]
    return None if once and value in once else value
