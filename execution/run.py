"""Runs a plan breadth-first: all objects of a level together, a batched field once for all of them."""

from collections.abc import Mapping, Sequence
from inspect import isawaitable
from itertools import repeat
from typing import Any

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    default_field_resolver,
    execute,
)
from graphql.execution.values import VariableValues, get_argument_values
from graphql.pyutils import Path

from execution.batch import Args
from execution.documents import Operation
from execution.finish import Finisher
from execution.kinds import Batch, Fields, Plain
from execution.places import Level, Place
from execution.plan import FALLBACKS, Plan, Planned, Selection, plan_of
from execution.settling import Settling

__all__ = ["FALLBACKS", "run"]


class _Run(Settling):
    """One run of a plan, or of one root field of a mutation."""

    async def answer(self, root: Selection) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
        """The data and the errors of a selection of the root."""
        data: dict[str, Any] = dict(root.empty)
        first = Level(root, [self.root], [data], [None])
        self.levels.append(first)
        await self._through(first)
        if not self.failed:
            return data, []
        finisher = Finisher({id(out): level.selection for level in self.levels for out in level.outs})
        try:
            return finisher.object(data, []), finisher.errors
        except GraphQLError as error:
            return None, [*finisher.errors, error]

    async def _through(self, first: Level) -> None:
        levels = [first]
        while levels:
            batches: list[tuple[Planned, Batch, Level]] = []
            for level in levels:
                if level.parents:
                    self._level(level, batches)
            while self.pending:
                await self.wait()
            if batches:
                await self._batches(batches)
                while self.pending:
                    await self.wait()
            levels, self.next = list(self.next.values()), {}

    def _level(self, level: Level, batches: list[tuple[Planned, Batch, Level]]) -> None:
        for field in level.selection.fields.values():
            kind = field.kind
            if isinstance(kind, Plain):
                self._plain(field, kind, level)
            elif isinstance(kind, Batch):
                batches.append((field, kind, level))
            else:
                self._each(field, level)

    def _plain(self, field: Planned, kind: Plain, level: Level) -> None:
        try:
            values = kind.many(level.parents)
        except Exception:  # one of them has no such value: each is asked by itself, and its error told
            values = [_value_or_error(kind, parent) for parent in level.parents]
        self._values(field, level, values)

    def _values(self, field: Planned, level: Level, values: Sequence[Any]) -> None:
        """A field's values for all parents of a level."""
        key, shape, outs = field.key, field.shape, level.outs
        if shape.column is not None and isinstance(values, list):
            try:
                column = shape.column(values)
            except Exception:  # some value is unusual: each is looked at below, and its error told
                pass
            else:
                for out, shown in zip(outs, column, strict=True):
                    out[key] = shown
                return
        if shape.one_type and not self.plan.paths:
            self.objects(field, shape, values, outs, repeat(key))
            return
        for out, value, path in zip(outs, values, level.paths, strict=True):
            self.offer(Place(field, shape, out, key, self._path(field, path)), value)

    def _path(self, field: Planned, path: Path | None) -> Path | None:
        return Path(path, field.key, field.parent.name) if self.plan.paths else None

    def _arguments(self, field: Planned) -> dict[str, Any]:
        if not field.definition.args:
            return {}
        return get_argument_values(field.definition, field.nodes[0], self.variables)

    def _each(self, field: Planned, level: Level) -> None:
        """A field by its own resolver, for one parent after another."""
        try:
            arguments = self._arguments(field)
        except GraphQLError as error:
            self._values(field, level, (error,) * len(level.parents))
            return
        resolve = field.definition.resolve or default_field_resolver
        for parent, out, above in zip(level.parents, level.outs, level.paths, strict=True):
            path = Path(above, field.key, field.parent.name)
            info = self.info(field, path)
            place = Place(field, field.shape, out, field.key, path, info)
            try:
                value = resolve(parent, info, **arguments)
            except Exception as error:
                self.settle(place, error)
            else:
                self.offer(place, value)

    async def _batches(self, batches: list[tuple[Planned, Batch, Level]]) -> None:
        """Batched fields one after another; those that are the same selection in two places, together."""
        groups: dict[Any, list[tuple[Planned, Batch, Level]]] = {}
        for entry in batches:
            groups.setdefault((entry[1], *map(id, entry[0].nodes)), []).append(entry)
        for group in groups.values():
            field, kind, _ = group[0]
            parents = [parent for _, _, level in group for parent in level.parents]
            values = await self._batch(field, kind, parents)
            start = 0
            for each, _, level in group:
                end = start + len(level.parents)
                self._values(each, level, values[start:end])
                start = end

    async def _batch(self, field: Planned, kind: Batch, parents: list[Any]) -> list[Any]:
        try:
            args = Args(field.columns, kind.arguments(self._arguments(field)))
            values = list(await kind.resolve(self.context, parents, args))
            if len(values) != len(parents):
                raise TypeError(f"{field.parent}.{field.name} gave {len(values)} values for {len(parents)} parents.")
        except Exception as error:
            return [error] * len(parents)
        return values


def _value_or_error(kind: Plain, parent: Any) -> Any:
    try:
        return kind.one(parent)
    except Exception as error:
        return error


async def _serially(plan: Plan, variables: VariableValues, context: Any, root: Any) -> ExecutionResult:
    """A mutation: one root field after another, up to one that fails where null is not allowed."""
    data: dict[str, Any] = {}
    errors: list[GraphQLError] = []
    for key, field in plan.root.fields.items():
        alone = Selection(plan.root.type_, {key: field}, {key: None})
        part, found = await _Run(plan, variables, context, root).answer(alone)
        errors += found
        if part is None:
            return ExecutionResult(None, errors)
        data |= part
    return ExecutionResult(data, errors or None)


async def run(
    schema: GraphQLSchema,
    operation: Operation,
    given: Mapping[str, Any],
    fields: Fields,
    *,
    context: Any = None,
    root: Any = None,
    only: str | None = None,
) -> ExecutionResult:
    """Run a validated operation and answer as graphql-core would. ``only`` runs one root field of it.

    What plans do not cover (subscriptions, introspection, incremental delivery) is left, whole, to graphql-core's own
    executor and counted in ``FALLBACKS``.
    """
    made = plan_of(schema, operation, given, fields)
    if made is None:
        return await core(schema, operation, given, context=context, root=root)
    if isinstance(made, list):
        return ExecutionResult(None, made)
    plan, variables = made
    if only is not None:
        if only not in plan.root.fields:
            return ExecutionResult({}, None)
        alone = Selection(plan.root.type_, {only: plan.root.fields[only]}, {only: None})
        data, errors = await _Run(plan, variables, context, root).answer(alone)
        return ExecutionResult(data, errors or None)
    if operation.kind == "mutation":
        return await _serially(plan, variables, context, root)
    data, errors = await _Run(plan, variables, context, root).answer(plan.root)
    return ExecutionResult(data, errors or None)


async def core(
    schema: GraphQLSchema, operation: Operation, given: Mapping[str, Any], *, context: Any = None, root: Any = None
) -> ExecutionResult:
    """Run an operation by graphql-core's own executor."""
    name = operation.definition.name
    result = execute(
        schema,
        operation.document,
        root_value=root,
        variable_values=dict(given),
        operation_name=None if name is None else name.value,
        context_value=context,
    )
    done: Any = await result if isawaitable(result) else result
    assert isinstance(done, ExecutionResult), "no incremental delivery is on"
    return done
