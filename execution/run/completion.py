"""Completes values: puts them where they belong in the response, and gathers the objects among them into levels."""

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
from execution.run.awaiting import HELPERS, outcome
from execution.run.levels import Levels, Position
from execution.run.null_propagation import Failure
from execution.run.runtime_types import runtime_type, wrong_type

Then = Callable[[Any], None]
# Containers whose items are there before they are read, and are the same ones whenever they are read.
_CONTAINERS = frozenset({list, tuple, set, frozenset})


class Completion:
    """The response of one run as it grows.

    ``pending`` is what must be awaited before a level is complete; ``iterators`` are lists that are read item by item,
    synchronously or not, since their items may be made, or changed, while they are read.
    """

    __slots__ = ("_infos", "_levels", "context", "failed", "iterators", "pending", "plan", "root", "variables")

    def __init__(self, plan: Plan, variables: Variables, context: Any, root: Any, levels: Levels) -> None:
        self.plan, self.variables, self.context, self.root = plan, variables, context, root
        self.failed = False
        self.pending: list[tuple[Awaitable[Any], Then]] = []
        self.iterators: list[tuple[Position, Shape, Any]] = []
        self._levels = levels
        self._infos: dict[int, GraphQLResolveInfo[Any]] = {}

    def fail(self, error: Exception) -> Failure:
        """Return what stands for a value that could not be completed."""
        self.failed = True
        return Failure(error)

    def info(self, field: FieldPlan, path: Path | None) -> GraphQLResolveInfo[Any]:
        """Return a resolver's info."""
        plan = self.plan
        return GraphQLResolveInfo(
            field.name, field.nodes, field.definition.type, field.parent, path or Path(None, field.key, None),
            plan.schema, plan.operation.fragments, self.root, plan.operation.definition, self.variables.whole,
            self.context,
            is_awaitable, None, HELPERS,
        )  # fmt: skip

    def _info(self, position: Position) -> GraphQLResolveInfo[Any]:
        """Return the position's info; where no path is kept, one for all of the field's values in the run."""
        if position.info is not None:
            return position.info
        known = self._infos.get(id(position.field))
        if known is None or position.path is not None:
            known = self._infos[id(position.field)] = self.info(position.field, position.path)
        return known

    def accept(self, position: Position, value: Any) -> None:
        """Complete a value as a resolver or a list gave it, once it is awaited where it is awaitable."""
        if type(value) in PLAIN:
            self.complete(position, value)
            return
        try:
            awaited = is_awaitable(value)
        except Exception as error:  # the value raises where its attributes are read
            value, awaited = error, False
        if awaited:
            self._await(position, value, partial(self._awaited, position))
        else:
            self.complete(position, value)

    def _await(self, position: Position, awaitable: Awaitable[Any], then: Then) -> None:
        position.container[position.key] = None
        self.pending.append((awaitable, then))

    def _awaited(self, position: Position, value: Any) -> None:
        self.complete(position, value.error if type(value) is Failure else value)

    def complete(self, position: Position, value: Any) -> None:
        """Complete a value that is not awaitable. An exception is a field error."""
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
            self._await(position, shown, partial(self._serialized, position))

    def _serialized(self, position: Position, shown: Any) -> None:
        """Complete a leaf whose serialized value was awaited."""
        if type(shown) is Failure:
            shown = shown.error
        elif is_awaitable(shown):
            where = f"{position.field.parent}.{position.field.name}"
            shown = TypeError(f"The value of {where} must be awaited again and again.")
        if shown is None or shown is Undefined or isinstance(shown, Exception):
            self.complete(position, shown)
        else:
            position.container[position.key] = shown

    def _list(self, position: Position, item: Shape, value: Any) -> None:
        value_type = type(value)
        if value_type is list and item.column is not None:
            try:
                position.container[position.key] = item.column(value)
                return
            except Exception:  # some value is unusual: its error is found where each is completed by itself
                pass
        if value_type in _CONTAINERS:
            self._items(position, item, list(value))
            return
        if not hasattr(value, "__aiter__") and not is_iterable(value):
            where = f"'{position.field.parent}.{position.field.name}'"
            raise GraphQLError(f"Expected Iterable, but did not find one for field {where}.")
        self.iterators.append((position, item, value))

    def _items(self, position: Position, item: Shape, items: list[Any]) -> None:
        made: list[Any] = [None] * len(items)
        position.container[position.key] = made
        if item.one_type and position.path is None:
            self.objects(position.field, item, items, repeat(made), range(len(items)))
            return
        for index, each in enumerate(items):
            self.item(position, item, made, index, each)

    def item(self, position: Position, item: Shape, made: list[Any], index: int, value: Any) -> None:
        """Complete one item of a list into ``made``."""
        path = None if position.path is None else position.path.add_key(index)
        self.accept(Position(position.field, item, made, index, path, position.info), value)

    def objects(
        self, field: FieldPlan, shape: Shape, values: Iterable[Any], containers: Iterable[Any], keys: Iterable[Any]
    ) -> None:
        """Complete values of one object type whose paths are not kept, each into its container, under its key."""
        type_ = shape.named
        level, check = self._levels.of(field, type_), type_.is_type_of
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
            container[key] = result = empty.copy()
            level.parents.append(value)
            level.results.append(result)
            level.paths.append(None)

    def _abstract(self, position: Position, value: Any) -> None:
        abstract = position.shape.named
        found = (abstract.resolve_type or default_type)(value, self._info(position), abstract)
        if is_awaitable(found):
            self._await(position, found, partial(self._named, position, value))
        else:
            self._named(position, value, found)

    def _named(self, position: Position, value: Any, found: Any) -> None:
        try:
            if type(found) is Failure:
                raise found.error
            self._object(position, runtime_type(position.field, position.shape.named, found, value), value)
        except Exception as error:
            position.container[position.key] = self.fail(error)

    def _object(self, position: Position, type_: GraphQLObjectType, value: Any) -> None:
        check = type_.is_type_of
        self._type_checked(position, type_, value, True if check is None else check(value, self._info(position)))

    def _type_checked(self, position: Position, type_: GraphQLObjectType, value: Any, verdict: Any) -> None:
        """Take an object into its level, once its type is checked: ``verdict`` is what ``is_type_of`` returned."""
        if is_awaitable(verdict):
            self._await(position, verdict, partial(self._type_checked, position, type_, value))
            return
        try:
            if type(verdict) is Failure:
                raise verdict.error
            if not verdict:
                raise wrong_type(position.field, type_, value)
        except Exception as error:
            position.container[position.key] = self.fail(error)
            return
        level = self._levels.of(position.field, type_)
        position.container[position.key] = result = level.selection.empty.copy()
        level.parents.append(value)
        level.results.append(result)
        level.paths.append(position.path)

    async def wait(self) -> None:
        """Await everything that is pending together, and complete it."""
        pending, self.pending = self.pending, []
        if len(pending) == 1:
            pending[0][1](await outcome(pending[0][0]))
            return
        values = await gather(*[outcome(awaitable) for awaitable, _ in pending])
        for (_, then), value in zip(pending, values, strict=True):
            then(value)
