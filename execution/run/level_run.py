"""Runs a plan breadth-first: all objects of a level together, a batch field once for all of them."""

from asyncio import sleep
from collections.abc import Sequence
from itertools import count, repeat
from typing import Any

from graphql import GraphQLError, default_field_resolver
from graphql.pyutils import Path

from execution.plan.compiler import Plan
from execution.plan.field_kinds import BatchField, ReadField, one_for_each, values_of
from execution.plan.joined_row import JoinedRow
from execution.plan.nodes import FieldPlan, SelectionPlan
from execution.plan.settings import ExecutorSettings, Serializers
from execution.plan.shapes import Shape
from execution.plan.variables import Variables, arguments_of_each
from execution.run.awaiting import close, nothing
from execution.run.completion import Completion
from execution.run.levels import Level, Levels, Position, selections_of
from execution.run.loading import Batches, begun, close_left, values_by_field
from execution.run.null_propagation import BrokenList, NullPropagation, propagates
from execution.run.observation import ObserveLevel, observed
from execution.run.serialization import Serialization, Writing
from execution.run.sharing import most_shared

# Members of an enum are found more slowly than names of a module.
_OFF, _CHECKED = Serializers.OFF, Serializers.CHECKED


class LevelRun:
    """One run of a plan, or of one root field of a mutation; ``shared``: how often a loaded object is shown at most."""

    __slots__ = (
        "_batches", "_begin_loads", "_completion", "_levels", "_observe", "_serialization", "_unfinished", "context",
        "cost", "plan", "root", "shared", "variables",
    )  # fmt: skip

    def __init__(
        self, plan: Plan, variables: Variables, context: Any, root: Any, settings: ExecutorSettings,
        observe: ObserveLevel | None = None,
    ) -> None:  # fmt: skip
        self.plan, self.variables, self.context, self.root = plan, variables, context, root
        self._observe, self._begin_loads = observe, settings.begin_loads
        self.cost, self._levels = 0, Levels()
        self.shared = 1
        self._completion = Completion(plan, variables, context, root, self._levels)
        self._unfinished: list[Writing] = []
        self._serialization: Serialization | None = None
        if plan.serializers is not _OFF and not plan.paths:
            checked = plan.serializers is _CHECKED
            failures = settings.serializer_failures
            self._serialization = Serialization(self._levels, self._unfinished, failures, checked=checked)
        self._batches: Batches = []

    @property
    def serializer_failures(self) -> int:
        """Return how often a serializer failed."""
        return 0 if self._serialization is None else self._serialization.failures

    async def run(self, root: SelectionPlan) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
        """Return the data and the errors of a selection of the root."""
        data: dict[str, Any] = dict(root.empty)
        await self._resolve(Level(root, root.fields.values(), 0, [self.root], [data], [None]))
        if self._serialization is not None:
            self.cost += self._serialization.cost
            self._serialization.check()
        if not self._completion.failed:
            return data, []
        propagation = NullPropagation(selections_of(self._levels.all), nullable=not self.plan.error_propagation)
        return propagation.root(root, data)

    async def _resolve(self, first: Level) -> None:
        """Resolve a level and all levels below it."""
        completion, levels, depth, observe = self._completion, [first], 0, self._observe
        while levels:
            end = None if observe is None else observed(observe, depth, levels)
            failed = completion.failed
            try:
                for level in levels:
                    if level.parents:
                        self._level(level)
                if completion.pending or self._unfinished:
                    await self._settle()
                while self._batches:
                    batches, self._batches = self._batches, []
                    if len(batches) == 1:
                        field, field_kind, level = batches[0]
                        self._values(field, level, await self._batch(field, field_kind, level.parents))
                    else:
                        await self._load(batches)
                    if completion.pending or self._unfinished:
                        await self._settle()
            finally:
                if end is not None:
                    end(completion.failed and not failed)
            levels, depth = self._levels.take(), depth + 1

    async def _settle(self) -> None:
        """Await what is pending, and write what is unfinished while others have their turns."""
        completion = self._completion
        while completion.pending or self._unfinished:
            if completion.pending:
                await completion.wait()
                self._iterate()
            else:
                await sleep(0)
                self._go_on()

    def _go_on(self) -> None:
        """Write one turn of what is unfinished."""
        writing = self._unfinished.pop()
        if self._serialization is None or not self._serialization.go_on(writing):
            self._complete(writing.field, writing.level, writing.values)

    def _level(self, level: Level) -> None:
        """Resolve a level's fields, all but those that are loaded in batches."""
        self.cost += level.cost * len(level.parents)
        for field in level.fields:
            field_kind = field.field_kind
            if isinstance(field_kind, ReadField):
                self._values(field, level, values_of(field.parent.name, field.name, field_kind, level.parents))
            elif isinstance(field_kind, BatchField) and field.inline_join:
                # No serializer wrote it with its parent: something about the parent, or the plan, was unusual.
                self._values(field, level, [JoinedRow(parent, f"{field_kind.joined_by}.") for parent in level.parents])
            elif isinstance(field_kind, BatchField):
                self._batches.append((field, field_kind, level))
            else:
                self._call(field, level)

    def _values(self, field: FieldPlan, level: Level, values: Sequence[Any]) -> None:
        """Complete a field's values for all parents of a level."""
        if field.shape.column is not None and isinstance(values, list):
            try:
                column = field.shape.column(values)
            except Exception:  # some value is unusual: its error is found where each is completed by itself
                pass
            else:
                key = field.key
                for result, shown in zip(level.results, column, strict=True):
                    result[key] = shown
                return
        serialization = self._serialization
        if serialization is None or field.is_leaf or not serialization.write(field, level, values):
            self._complete(field, level, values)

    def _complete(self, field: FieldPlan, level: Level, values: Sequence[Any]) -> None:
        """Complete a field's values one by one."""
        completion, key, shape, results = self._completion, field.key, field.shape, level.results
        if not self.plan.paths and shape.one_type:
            completion.objects(field, shape, values, results, repeat(key))
            if completion.iterators:
                self._iterate()
            return
        for result, value, above in zip(results, values, level.paths or repeat(None), strict=False):
            path = Path(above, key, field.parent.name) if self.plan.paths else None
            completion.accept(Position(field, shape, result, key, path), value)
            if completion.iterators:
                self._iterate()

    def _call(self, field: FieldPlan, level: Level) -> None:
        """Call a field's own resolver for one parent after another."""
        completion, node, number = self._completion, field.nodes[0], len(level.parents)
        try:
            each = arguments_of_each(field.definition, node, self.variables.whole, number)
        except Exception as error:
            self._values(field, level, (error,) * len(level.parents))
            return
        resolve = field.definition.resolve or default_field_resolver
        for parent, result, above, arguments in zip(level.parents, level.results, level.paths, each, strict=True):
            path = Path(above, field.key, field.parent.name)
            info = completion.info(field, path)
            position = Position(field, field.shape, result, field.key, path, info)
            try:
                value = resolve(parent, info, **arguments)
            except Exception as error:
                completion.complete(position, error)
            else:
                completion.accept(position, value)
                if completion.iterators:
                    self._iterate()

    def _iterate(self) -> None:
        """Read the lists that are read item by item, one after another."""
        completion = self._completion
        while completion.iterators:
            taken, completion.iterators = completion.iterators, []
            for position, item, value in taken:
                made: list[Any] = []
                position.container[position.key] = made
                try:
                    if hasattr(value, "__aiter__"):
                        completion.pending.append((self._stream(position, item, aiter(value), made), nothing))
                    else:
                        for index, each in enumerate(value):
                            self._item(position, item, made, index, each)
                except Exception as error:
                    self._broken(position, made, error)

    async def _stream(self, position: Position, item: Shape, iterator: Any, made: list[Any]) -> None:
        """Read an asynchronous list up to its end, its error, or an item out of which a null propagates."""
        try:
            for index in count():
                try:
                    each = await anext(iterator)
                except StopAsyncIteration:
                    return
                if self._item(position, item, made, index, each):
                    break
        except Exception as error:
            self._broken(position, made, error)
        await close(iterator)

    def _broken(self, position: Position, made: list[Any], error: Exception) -> None:
        self._completion.failed = True
        position.container[position.key] = BrokenList(error, made)

    def _item(self, position: Position, item: Shape, made: list[Any], index: int, value: Any) -> bool:
        """Complete an item of a list before the next one is read, with its fields as far as none is awaited.

        Return whether a null propagates out of it.
        """
        outer, self._levels.next = self._levels.next, {}
        # Where the levels of the item begin, and of the items of lists within it.
        begin = len(self._levels.all)
        made.append(None)
        self._completion.item(position, item, made, index, value)
        self._iterate()
        while self._levels.next:
            for level in self._levels.take():
                self._level(level)
                while self._unfinished:
                    self._go_on()
        self._levels.next = outer
        failed, levels = self._completion.failed, self._levels.all
        return failed and propagates(position.field, item, made[index], selections_of(levels[begin:]))

    async def _load(self, batches: Batches) -> None:
        """Load batch fields; those that are one selection in several places, together."""
        loads = await begun(batches, self._batch, self.context, self._begin_loads)
        try:
            for group, load in loads:
                for field, level, values in values_by_field(group, await load):
                    self._values(field, level, values)
                if self._unfinished:
                    await self._settle()
        finally:
            close_left(loads)

    async def _batch(self, field: FieldPlan, field_kind: BatchField, parents: list[Any]) -> Sequence[Any]:
        try:
            arguments = field.arguments
            assert arguments is not None, "a batch field has arguments, even if none"
            values = await field_kind.resolve(self.context, parents, arguments.of(self.variables))
            found = one_for_each(field.parent.name, field.name, values, parents)
            if len(found) > 1 or field.shape.item is not None:
                self.shared = max(self.shared, most_shared(found, lists=field.shape.item is not None))
            return found
        except Exception as error:
            return [error] * len(parents)
