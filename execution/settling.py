"""Puts resolved values in their places in the answer, and gathers the objects among them into the next level."""

from asyncio import gather
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from itertools import repeat
from typing import Any

from graphql import GraphQLError, GraphQLObjectType, GraphQLResolveInfo, Undefined
from graphql import default_type_resolver as default_type
from graphql.pyutils import Path, is_awaitable, is_iterable

from execution.abstract import runtime_type, wrong_type
from execution.awaiting import HELPERS, collected, outcome
from execution.finish import Broken, Failure
from execution.places import Place
from execution.plan import Plan
from execution.planned import Planned
from execution.shapes import PLAIN, Shape, coerced, is_plain
from execution.variables import Variables
from execution.writing import Writing

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

    def info(self, field_: Planned, path: Path | None) -> GraphQLResolveInfo[Any]:
        """What a resolver is told of where it stands."""
        plan = self.plan
        return GraphQLResolveInfo(
            field_.name, field_.nodes, field_.definition.type, field_.parent, path or Path(None, field_.key, None),
            plan.schema, plan.operation.fragments, self.root, plan.operation.definition, self.variables.whole,
            self.context,
            is_awaitable, None, HELPERS,
        )  # fmt: skip

    def _info(self, place: Place) -> GraphQLResolveInfo[Any]:
        """The field's own; where no path is kept, one for all of the field's values in the run."""
        if place.info is not None:
            return place.info
        known = self._infos.get(id(place.field))
        if known is None or place.path is not None:
            known = self._infos[id(place.field)] = self.info(place.field, place.path)
        return known

    def offer(self, place: Place, value: Any) -> None:
        """A value as a resolver or a list gave it: perhaps to be awaited."""
        if type(value) in PLAIN:
            self.settle(place, value)
            return
        try:
            awaited = is_awaitable(value)
        except Exception as error:  # it does not let itself be asked
            value, awaited = error, False
        if awaited:
            place.container[place.key] = None
            self.pending.append((value, partial(self.settle, place)))
        else:
            self.settle(place, value)

    def settle(self, place: Place, value: Any) -> None:
        """A value that is there: an exception stands for having failed."""
        shape = place.shape
        if isinstance(value, Exception):
            place.container[place.key] = self.fail(value)
        elif value is None or value is Undefined:
            if shape.nonnull:
                where = f"{place.field.parent}.{place.field.name}"
                error = TypeError(f"Cannot return null for non-nullable field {where}.")
                place.container[place.key] = self.fail(error)
            else:
                place.container[place.key] = None
        else:
            try:
                if shape.item is not None:
                    self._list(place, shape.item, value)
                elif shape.column is not None:
                    self._leaf(place, coerced(shape.named, value))
                elif shape.abstract:
                    self._abstract(place, value)
                else:
                    self._object(place, shape.named, value)
            except Exception as error:
                place.container[place.key] = self.fail(error)

    def _leaf(self, place: Place, shown: Any) -> None:
        place.container[place.key] = shown
        if type(shown) not in PLAIN and is_awaitable(shown):
            place.container[place.key] = None
            self.pending.append((shown, partial(self._shown, place)))

    def _shown(self, place: Place, shown: Any) -> None:
        """What a leaf's value is shown as, which was awaited."""
        if is_awaitable(shown):
            where = f"{place.field.parent}.{place.field.name}"
            shown = TypeError(f"The value of {where} must be awaited again and again.")
        if shown is None or shown is Undefined or isinstance(shown, Exception):
            self.settle(place, shown)
        else:
            place.container[place.key] = shown

    def _list(self, place: Place, item: Shape, value: Any) -> None:
        if type(value) is list and item.column is not None:
            try:
                place.container[place.key] = item.column(value)
                return
            except Exception:  # some value is unusual: each is looked at below, and its error told
                pass
        if hasattr(value, "__aiter__"):
            place.container[place.key] = None
            self.pending.append((collected(value), partial(self._items, place, item)))
            return
        if not is_iterable(value):
            where = f"'{place.field.parent}.{place.field.name}'"
            raise GraphQLError(f"Expected Iterable, but did not find one for field {where}.")
        items: list[Any] = []
        error: Exception | None = None
        try:
            items.extend(value)
        except Exception as broken:
            error = broken
        self._items(place, item, (items, error))

    def _items(self, place: Place, item: Shape, read: tuple[list[Any], Exception | None]) -> None:
        """What was read of a list, and what ended the reading before its end."""
        items, error = read
        made: list[Any] = [None] * len(items)
        place.container[place.key] = made
        if error is not None:
            self.failed = True
            place.container[place.key] = Broken(error, made)
        if item.one_type and place.path is None:
            self.objects(place.field, item, items, repeat(made), range(len(items)))
            return
        for index, each in enumerate(items):
            path = None if place.path is None else place.path.add_key(index)
            self.offer(Place(place.field, item, made, index, path, place.info), each)

    def objects(
        self, field: Planned, shape: Shape, values: Iterable[Any], containers: Iterable[Any], keys: Iterable[Any]
    ) -> None:
        """Values of one object type, whose paths nobody asks for: each goes to its container, under its key."""
        type_ = shape.named
        level, check = self.level(field, type_), type_.is_type_of
        empty, info = level.selection.empty, self._info(Place(field, shape, None, None, None))
        for value, container, key in zip(values, containers, keys, strict=False):
            if type(value) not in PLAIN and not is_plain(value):
                self.offer(Place(field, shape, container, key, None), value)
                continue
            if check is not None:
                try:
                    verdict = check(value, info)
                except Exception as error:
                    container[key] = self.fail(error)
                    continue
                if verdict is not True:
                    self._judged(Place(field, shape, container, key, None), type_, value, verdict)
                    continue
            container[key] = out = empty.copy()
            level.parents.append(value)
            level.outs.append(out)
            level.paths.append(None)

    def _abstract(self, place: Place, value: Any) -> None:
        abstract = place.shape.named
        found = (abstract.resolve_type or default_type)(value, self._info(place), abstract)
        if is_awaitable(found):
            place.container[place.key] = None
            self.pending.append((found, partial(self._named, place, value)))
        else:
            self._named(place, value, found)

    def _named(self, place: Place, value: Any, found: Any) -> None:
        try:
            if isinstance(found, Exception):
                raise found
            self._object(place, runtime_type(place.field, place.shape.named, found, value), value)
        except Exception as error:
            place.container[place.key] = self.fail(error)

    def _object(self, place: Place, type_: GraphQLObjectType, value: Any) -> None:
        check = type_.is_type_of
        self._judged(place, type_, value, True if check is None else check(value, self._info(place)))

    def _judged(self, place: Place, type_: GraphQLObjectType, value: Any, verdict: Any) -> None:
        if is_awaitable(verdict):
            place.container[place.key] = None
            self.pending.append((verdict, partial(self._judged, place, type_, value)))
            return
        try:
            if isinstance(verdict, Exception):
                raise verdict
            if not verdict:
                raise wrong_type(place.field, type_, value)
        except Exception as error:
            place.container[place.key] = self.fail(error)
            return
        level = self.level(place.field, type_)
        place.container[place.key] = out = level.selection.empty.copy()
        level.parents.append(value)
        level.outs.append(out)
        level.paths.append(place.path)

    async def wait(self) -> None:
        """Await what is pending, all of it together, and put it in its places."""
        pending, self.pending = self.pending, []
        if len(pending) == 1:
            pending[0][1](await outcome(pending[0][0]))
            return
        values = await gather(*[outcome(awaitable) for awaitable, _ in pending])
        for (_, then), value in zip(pending, values, strict=True):
            then(value)
