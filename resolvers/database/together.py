"""The first statements of the loads of a level, sent together."""

from collections.abc import Coroutine, Generator, Sequence
from typing import Any

from resolvers.database.loaded import Loaded
from resolvers.database.pipeline import StatementOutcome
from resolvers.database.sql import Sql
from resolvers.database.transaction import OpenTransaction
from resolvers.errors import Refusal

Load = Coroutine[Any, Any, Any]


class HeldStatement:
    """A statement that waits for others of its level. Awaited, it stops its load, and later returns its outcome.

    ``same`` is an equal one, whose outcome it has.
    """

    __slots__ = ("arguments", "outcome", "same", "sql")

    def __init__(self, sql: Sql, arguments: Sequence[Any]) -> None:
        self.sql, self.arguments = sql, arguments
        self.outcome: StatementOutcome = None
        self.same: HeldStatement | None = None

    def __await__(self) -> Generator[Any, None, list[Any] | None]:
        """Return the rows, None where the statement has to be run by itself. Raises what it ended with."""
        yield self
        outcome = self.outcome if self.same is None else self.same.outcome
        if isinstance(outcome, Exception):
            raise outcome
        # A page reverses its rows in their place.
        return outcome if self.same is None or outcome is None else outcome.copy()


class Held:
    """The statements that are held while loads begin."""

    __slots__ = ("statements",)

    def __init__(self) -> None:
        self.statements: list[HeldStatement] = []

    def add(self, sql: Sql, arguments: Sequence[Any]) -> HeldStatement:
        """Return a statement that is held. One that another load has asked for already is not sent again."""
        made = HeldStatement(sql, arguments)
        for known in self.statements:
            if known.sql is sql and known.arguments == arguments:
                made.same = known
                return made
        self.statements.append(made)
        return made


class BegunLoad:
    """A load that has run up to what it waits for first. Awaited, it goes on."""

    __slots__ = ("_load", "_waits")

    def __init__(self, load: Load) -> None:
        self._load = load
        self._waits: Any = load.send(None)

    @property
    def is_held(self) -> bool:
        """Return whether it waits for a statement that is held."""
        return isinstance(self._waits, HeldStatement)

    def __await__(self) -> Generator[Any, Any, Any]:
        """Return what the load returns."""
        waits, self._waits = self._waits, None
        while not isinstance(waits, HeldStatement):
            try:
                # What it has begun to wait for is its task's to wait for.
                yield waits
                break
            except BaseException as error:
                try:
                    waits = self._load.throw(error)
                except StopIteration as ended:
                    return ended.value
        return (yield from self._load.__await__())


class EndedLoad:
    """A load that has ended."""

    __slots__ = ("_error", "_value")

    def __init__(self, value: Any, error: Exception | None = None) -> None:
        self._value, self._error = value, error

    def __await__(self) -> Generator[Any, Any, Any]:
        """Return what the load returned, or raise what it raised."""
        yield from ()
        if self._error is not None:
            raise self._error
        return self._value


async def ended(load: BegunLoad) -> EndedLoad:
    """Run a load to its end."""
    try:
        return EndedLoad(await load)
    except Exception as error:
        return EndedLoad(None, error)


def begun(load: Load) -> BegunLoad | EndedLoad:
    """Run a load up to what it waits for first."""
    try:
        return BegunLoad(load)
    except StopIteration as ended:
        return EndedLoad(ended.value)


async def send_together(
    transaction: OpenTransaction, statements: Sequence[HeldStatement], loaded: Loaded | None
) -> int:
    """Send statements in one round trip, as far as their rows are certain to fit into what may be loaded. Return how
    many were sent; each of them has its outcome then."""
    asked = [(each, 0 if loaded is None else loaded.share(each.sql, len(statements))) for each in statements]
    fitting = [(each, limit) for each, limit in asked if limit is not None]
    if len(fitting) < 2:
        return 0
    outcomes = await transaction.together([(each.sql.text, each.arguments, limit) for each, limit in fitting])
    sent = 0
    for (each, _), outcome in zip(fitting, outcomes, strict=True):
        each.outcome = outcome
        sent += outcome is not None
        if loaded is not None and isinstance(outcome, list):
            try:
                loaded.add(each.sql, outcome)
            except Refusal as refused:
                each.outcome = refused
    return sent
