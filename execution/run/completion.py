"""Puts resolved values in their places in the answer, and gathers the objects among them into the next level."""

from asyncio import gather
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from itertools import repeat
from typing import Any

from graphql import GraphQLError, GraphQLObjectType, GraphQLResolveInfo, Undefined
from graphql import default_type_resolver as default_type
from graphql.pyutils import Path, is_awaitable, is_iterable

from execution.plan.compiler import Plan
from execution.plan.nodes import FieldPlan
from execution.plan.shapes import PLAIN, Shape, coerced, is_plain
from execution.plan.variables import Variables
from execution.run.awaiting import HELPERS, collected, outcome
from execution.run.levels import Writing
from execution.run.null_propagation import Broken, Failure
from execution.run.positions import Position
from execution.run.runtime_types import runtime_type, wrong_type

Then = Callable[[Any], None]


class Settling(Writing):
    """One run's answer as it grows. ``pending`` is what must be awaited before a level is whole."""

    def __init__(self, plan: Plan, variables: Variables, context: Any, root: Any) -> None:
        super().__init__(plan)
        self.variables, self.context, self.root = variables, context, root
        self.failed = False
        self.pending: list[tuple[Awaitable[Any], Then]] = []
        self._infos: dict[int, GraphQLResolveInfo[Any]] = {}

    def fail(self, error: Exception) -> Failure:
        """What stands for a value that could not be made."""
        self.failed = True
        return Failure(error)

    def info(self, field_: FieldPlan, path: Path | None) -> GraphQLResolveInfo[Any]:
        """What a resolver is told of where it stands."""
        plan = self.plan
        return GraphQLResolveInfo(
            field_.name, field_.nodes, field_.definition.type, field_.parent, path or Path(None, field_.key, None),
            plan.schema, plan.operation.fragments, self.root, plan.operation.definition, self.variables.whole,
            self.context,
            is_awaitable, None, HELPERS,
        )  # fmt: skip

    def _info(self, position: Position) -> GraphQLResolveInfo[Any]:
        """The field's own; where no path is kept, one for all of the field's values in the run."""
        if position.info is not None:
            return position.info
        known = self._infos.get(id(position.field))
        if known is None or position.path is not None:
            known = self._infos[id(position.field)] = self.info(position.field, position.path)
        return known

    def accept(self, position: Position, value: Any) -> None:
        """A value as a resolver or a list gave it: perhaps to be awaited."""
        if type(value) in PLAIN:
            self.complete(position, value)
            return
        try:
            awaited = is_awaitable(value)
        except Exception as error:  # it does not let itself be asked
            value, awaited = error, False
        if awaited:
            position.container[position.key] = None
            self.pending.append((value, partial(self.complete, position)))
        else:
            self.complete(position, value)

    def complete(self, position: Position, value: Any) -> None:
        """A value that is there: an exception stands for having failed."""
        shape = position.shape
        if isinstance(value, Exception):
            position.container[position.key] = self.fail(value)
        elif value is None or value is Undefined:
            if shape.nonnull:
                where = f"{position.field.parent}.{position.field.name}"
                error = TypeError(f"Cannot return null for non-nullable field {where}.")
                position.container[position.key] = self.fail(error)
            else:
                position.container[position.key] = None
        else:
            try:
                if shape.item is not None:
                    self._list(position, shape.item, value)
                elif shape.column is not None:
                    self._leaf(position, coerced(shape.named, value))
                elif shape.abstract:
                    self._abstract(position, value)
                else:
                    self._object(position, shape.named, value)
            except Exception as error:
                position.container[position.key] = self.fail(error)

    def _leaf(self, position: Position, shown: Any) -> None:
        position.container[position.key] = shown
        if type(shown) not in PLAIN and is_awaitable(shown):
            position.container[position.key] = None
            self.pending.append((shown, partial(self._shown, position)))

    def _shown(self, position: Position, shown: Any) -> None:
        """What a leaf's value is shown as, which was awaited."""
        if is_awaitable(shown):
            where = f"{position.field.parent}.{position.field.name}"
            shown = TypeError(f"The value of {where} must be awaited again and again.")
        if shown is None or shown is Undefined or isinstance(shown, Exception):
            self.complete(position, shown)
        else:
            position.container[position.key] = shown

    def _list(self, position: Position, item: Shape, value: Any) -> None:
        if type(value) is list and item.column is not None:
            try:
                position.container[position.key] = item.column(value)
                return
            except Exception:  # some value is unusual: each is looked at below, and its error told
                pass
        if hasattr(value, "__aiter__"):
            position.container[position.key] = None
            self.pending.append((collected(value), partial(self._items, position, item)))
            return
        if not is_iterable(value):
            where = f"'{position.field.parent}.{position.field.name}'"
            raise GraphQLError(f"Expected Iterable, but did not find one for field {where}.")
        items: list[Any] = []
        error: Exception | None = None
        try:
            items.extend(value)
        except Exception as broken:
            error = broken
        self._items(position, item, (items, error))

    def _items(self, position: Position, item: Shape, read: tuple[list[Any], Exception | None]) -> None:
        """What was read of a list, and what ended the reading before its end."""
        items, error = read
        made: list[Any] = [None] * len(items)
        position.container[position.key] = made
        if error is not None:
            self.failed = True
            position.container[position.key] = Broken(error, made)
        if item.one_type and position.path is None:
            self.objects(position.field, item, items, repeat(made), range(len(items)))
            return
        for index, each in enumerate(items):
            path = None if position.path is None else position.path.add_key(index)
            self.accept(Position(position.field, item, made, index, path, position.info), each)

    def objects(
        self, field: FieldPlan, shape: Shape, values: Iterable[Any], containers: Iterable[Any], keys: Iterable[Any]
    ) -> None:
        """Values of one object type, whose paths nobody asks for: each goes to its container, under its key."""
        type_ = shape.named
        level, check = self.level(field, type_), type_.is_type_of
        empty, info = level.selection.empty, self._info(Position(field, shape, None, None, None))
        for value, container, key in zip(values, containers, keys, strict=False):
            if type(value) not in PLAIN and not is_plain(value):
                self.accept(Position(field, shape, container, key, None), value)
                continue
            if check is not None:
                try:
                    verdict = check(value, info)
                except Exception as error:
                    container[key] = self.fail(error)
                    continue
                if verdict is not True:
                    self._type_checked(Position(field, shape, container, key, None), type_, value, verdict)
                    continue
            container[key] = out = empty.copy()
            level.parents.append(value)
            level.results.append(out)
            level.paths.append(None)

    def _abstract(self, position: Position, value: Any) -> None:
        abstract = position.shape.named
        found = (abstract.resolve_type or default_type)(value, self._info(position), abstract)
        if is_awaitable(found):
            position.container[position.key] = None
            self.pending.append((found, partial(self._named, position, value)))
        else:
            self._named(position, value, found)

    def _named(self, position: Position, value: Any, found: Any) -> None:
        try:
            if isinstance(found, Exception):
                raise found
            self._object(position, runtime_type(position.field, position.shape.named, found, value), value)
        except Exception as error:
            position.container[position.key] = self.fail(error)

    def _object(self, position: Position, type_: GraphQLObjectType, value: Any) -> None:
        check = type_.is_type_of
        self._type_checked(position, type_, value, True if check is None else check(value, self._info(position)))

    def _type_checked(self, position: Position, type_: GraphQLObjectType, value: Any, verdict: Any) -> None:
        if is_awaitable(verdict):
            position.container[position.key] = None
            self.pending.append((verdict, partial(self._type_checked, position, type_, value)))
            return
        try:
            if isinstance(verdict, Exception):
                raise verdict
            if not verdict:
                raise wrong_type(position.field, type_, value)
        except Exception as error:
            position.container[position.key] = self.fail(error)
            return
        level = self.level(position.field, type_)
        position.container[position.key] = out = level.selection.empty.copy()
        level.parents.append(value)
        level.results.append(out)
        level.paths.append(position.path)

    async def wait(self) -> None:
        """Await what is pending, all of it together, and put it in its places."""
        pending, self.pending = self.pending, []
        if len(pending) == 1:
            pending[0][1](await outcome(pending[0][0]))
            return
        values = await gather(*[outcome(awaitable) for awaitable, _ in pending])
        for (_, then), value in zip(pending, values, strict=True):
            then(value)
