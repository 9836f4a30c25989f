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
from graphql.execution.values import get_argument_values
from graphql.pyutils import Path

from execution.guard.documents import Operation
from execution.plan.compiler import Plan, plan_of
from execution.plan.field_kinds import BatchField, FieldKinds, ReadField, one_for_each
from execution.plan.joined_row import JoinedRow
from execution.plan.nodes import FieldPlan, SelectionPlan
from execution.plan.variables import Variables, variables_of
from execution.run.completion import Settling
from execution.run.null_propagation import NullPropagation
from execution.run.positions import Level, Position


class _Run(Settling):
    """One run of a plan, or of one root field of a mutation."""

    async def answer(self, root: SelectionPlan) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
        """The data and the errors of a selection of the root."""
        data: dict[str, Any] = dict(root.empty)
        first = Level(root, root.fields.values(), 0, [self.root], [data], [None])
        await self._through(first)
        if not self.failed:
            return data, []
        propagation = NullPropagation({id(out): level.selection for level in self.levels for out in level.results})
        try:
            return propagation.object(root, data, []), propagation.errors
        except GraphQLError as error:
            return None, [*propagation.errors, error]

    async def _through(self, first: Level) -> None:
        levels = [first]
        while levels:
            batches: list[tuple[FieldPlan, BatchField, Level]] = []
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

    def _level(self, level: Level, batches: list[tuple[FieldPlan, BatchField, Level]]) -> None:
        self.cost += level.cost * len(level.parents)
        for field in level.fields:
            kind = field.kind
            if isinstance(kind, ReadField):
                self._plain(field, kind, level)
            elif isinstance(kind, BatchField) and field.inline_join:
                # No serializer wrote it with its parent: something about the parent, or the plan, was unusual.
                self._values(field, level, [JoinedRow(parent, f"{kind.joined_by}.") for parent in level.parents])
            elif isinstance(kind, BatchField):
                batches.append((field, kind, level))
            else:
                self._each(field, level)

    def _plain(self, field: FieldPlan, kind: ReadField, level: Level) -> None:
        try:
            values = one_for_each(field.parent.name, field.name, kind.many(level.parents), level.parents)
        except Exception:  # one of them has no such value: each is asked by itself, and its error told
            values = [_value_or_error(kind, parent) for parent in level.parents]
        self._values(field, level, values)

    def _values(self, field: FieldPlan, level: Level, values: Sequence[Any]) -> None:
        """A field's values for all parents of a level."""
        key, shape, results = field.key, field.shape, level.results
        if shape.column is not None and isinstance(values, list):
            try:
                column = shape.column(values)
            except Exception:  # some value is unusual: each is looked at below, and its error told
                pass
            else:
                for out, shown in zip(results, column, strict=True):
                    out[key] = shown
                return
        if not field.is_leaf and self.write(field, values, results):
            return
        if shape.one_type and not self.plan.paths:
            self.objects(field, shape, values, results, repeat(key))
            return
        for out, value, path in zip(results, values, level.paths or repeat(None), strict=False):
            self.accept(Position(field, shape, out, key, self._path(field, path)), value)

    def _path(self, field: FieldPlan, path: Path | None) -> Path | None:
        return Path(path, field.key, field.parent.name) if self.plan.paths else None

    def _each(self, field: FieldPlan, level: Level) -> None:
        """A field by its own resolver, for one parent after another."""
        arguments: dict[str, Any] = {}
        try:
            if field.definition.args:
                arguments = get_argument_values(field.definition, field.nodes[0], self.variables.whole)
        except Exception as error:
            self._values(field, level, (error,) * len(level.parents))
            return
        resolve = field.definition.resolve or default_field_resolver
        for parent, out, above in zip(level.parents, level.results, level.paths, strict=True):
            path = Path(above, field.key, field.parent.name)
            info = self.info(field, path)
            position = Position(field, field.shape, out, field.key, path, info)
            try:
                value = resolve(parent, info, **arguments)
            except Exception as error:
                self.complete(position, error)
            else:
                self.accept(position, value)

    async def _batches(self, batches: list[tuple[FieldPlan, BatchField, Level]]) -> None:
        """Batched fields one after another; those that are the same selection in two places, together."""
        if len(batches) == 1:
            field, kind, level = batches[0]
            self._values(field, level, await self._batch(field, kind, level.parents))
            return
        groups: dict[Any, list[tuple[FieldPlan, BatchField, Level]]] = {}
        for entry in batches:
            groups.setdefault((id(entry[1]), *map(id, entry[0].nodes)), []).append(entry)
        for group in groups.values():
            field, kind, _ = group[0]
            parents = [parent for _, _, level in group for parent in level.parents]
            values = await self._batch(field, kind, parents)
            start = 0
            for each, _, level in group:
                end = start + len(level.parents)
                self._values(each, level, values[start:end])
                start = end

    async def _batch(self, field: FieldPlan, kind: BatchField, parents: list[Any]) -> Sequence[Any]:
        try:
            assert field.arguments is not None, "a batched field has arguments, even if none"
            values = await kind.resolve(self.context, parents, field.arguments.of(self.variables))
            return one_for_each(field.parent.name, field.name, values, parents)
        except Exception as error:
            return [error] * len(parents)


def _value_or_error(kind: ReadField, parent: Any) -> Any:
    try:
        return kind.one(parent)
    except Exception as error:
        return error


class Outcome(ExecutionResult):
    """What a run gave; ``cost`` is what its objects cost, None where graphql-core ran it.

    ``serializer_failures`` is how often a serializer gave up: where nothing failed, somebody broke a promise to it.
    """

    __slots__ = ("cost", "serializer_failures")

    def __init__(
        self,
        data: dict[str, Any] | None,
        errors: list[GraphQLError] | None,
        cost: int | None = None,
        serializer_failures: int = 0,
    ) -> None:
        super().__init__(data, errors)
        self.cost = cost
        self.serializer_failures = serializer_failures


async def _serially(plan: Plan, variables: Variables, context: Any, root: Any) -> Outcome:
    """A mutation: one root field after another, up to one that fails where null is not allowed."""
    data: dict[str, Any] = {}
    errors: list[GraphQLError] = []
    cost = serializer_failures = 0
    for key, field in plan.root.fields.items():
        made = _Run(plan, variables, context, root)
        part, found = await made.answer(SelectionPlan(plan.root.type_, {key: field}, {key: None}))
        errors += found
        cost += made.cost
        serializer_failures += made.serializer_failures
        if part is None:
            return Outcome(None, errors, cost, serializer_failures)
        data |= part
    return Outcome(data, errors or None, cost, serializer_failures)


async def run(
    schema: GraphQLSchema,
    operation: Operation,
    given: Mapping[str, Any] | Variables,
    fields: FieldKinds,
    *,
    context: Any = None,
    root: Any = None,
    only: str | None = None,
) -> Outcome:
    """Run a validated operation and answer as graphql-core would. ``only`` runs one root field of it.

    A subscription's operation is run for each of its events, which is then the ``root``. What a plan does not cover is
    left, whole, to graphql-core, and counted in ``execution.plan.eligibility.FALLBACKS``.
    """
    variables = given if isinstance(given, Variables) else variables_of(schema, operation, given)
    if isinstance(variables, list):
        return Outcome(None, variables)
    plan = plan_of(schema, operation, variables, fields)
    if plan is None:
        assert only is None, "graphql-core runs all of an operation"
        return await core(schema, operation, variables.given, context=context, root=root)
    if operation.kind == "mutation" and only is None:
        return await _serially(plan, variables, context, root)
    asked = plan.root
    if only is not None:
        if only not in asked.fields:
            return Outcome({}, None)
        asked = SelectionPlan(asked.type_, {only: asked.fields[only]}, {only: None})
    made = _Run(plan, variables, context, root)
    data, errors = await made.answer(asked)
    return Outcome(data, errors or None, made.cost, made.serializer_failures)


async def core(
    schema: GraphQLSchema, operation: Operation, given: Mapping[str, Any], *, context: Any = None, root: Any = None
) -> Outcome:
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
    return Outcome(done.data, done.errors)
