"""State machines: the transitions of a status, what guards them, and the columns that they change."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from models.enums import DescribedEnum

S = TypeVar("S", bound=DescribedEnum)
Row = Mapping[str, Any]
SettingValues = Mapping[str, Any]


class Guard(DescribedEnum):
    """A guard that can block a transition."""

    REVISION_LIMIT = "REVISION_LIMIT", "The order has had all revisions that the setting `orders.revisionLimit` allows."
    REOPEN_WINDOW = "REOPEN_WINDOW", "The order was completed longer ago than the setting `orders.reopenDays` allows."
    NO_FORM_DATA = "NO_FORM_DATA", "The intake form of the order's service is not filled in."
    NO_LINES = "NO_LINES", "The invoice has no lines."
    NO_ADDRESS = "NO_ADDRESS", "The client has no address, which the setting `invoices.requireAddress` requires."
    HAS_PAYMENTS = "HAS_PAYMENTS", "The invoice has payments."
    AUTOMATIC = "AUTOMATIC", "The transition is automatic: it cannot be requested."
    DECISION = (
        "DECISION",
        "It follows from `approveAgentJob`, `rejectAgentJob` or `answerAgentJob`, or comes when a step's time is over.",
    )
    NOT_RETRYABLE = (
        "NOT_RETRYABLE",
        "Another attempt would fail in the same way: the job's limits or its API key do not allow it. Queue a new job.",
    )


class Requirement(DescribedEnum):
    """A requirement of a request for a transition."""

    REASON = "REASON", "A reason."
    SNOOZED_UNTIL = "SNOOZED_UNTIL", "A time `snoozedUntil`."


@dataclass(frozen=True, slots=True)
class Block:
    """What blocks a transition: its guard, the limit that was reached, and until when the transition was possible."""

    code: Guard
    limit: int | None = None
    until: datetime | None = None

    @property
    def message(self) -> str:
        """Return why, for a person."""
        return self.code.meaning.replace("`", "")


# What blocks a transition of a row under an organization's settings at a time; None where nothing does.
GuardCheck = Callable[[Row, SettingValues, datetime], Block | None]


def always(guard: Guard) -> GuardCheck:
    """Return the check of a transition that nobody can request."""
    return lambda row, settings, moment: Block(guard)


@dataclass(frozen=True, slots=True)
class Transition(Generic[S]):
    """A transition, why it exists, what may block it, and what its request must bring."""

    origin: S
    target: S
    meaning: str
    check: GuardCheck | None = None
    requires: tuple[Requirement, ...] = ()


# The columns, beside the status, that a transition of a row changes at a time, given its reason.
Effects = Callable[[Row, Transition[S], datetime, str | None], dict[str, Any]]


class Machine(Generic[S]):
    """The transitions between the states of an enum. ``by_clients`` are the states that a client's access token may
    move its object to."""

    def __init__(
        self, states: type[S], *transitions: Transition[S], effects: Effects[S], by_clients: Sequence[S] = ()
    ) -> None:
        self.states = states
        self.by_clients = by_clients
        self.transitions = transitions
        self.effects = effects
        # The states of which a transition has a check: it may depend on settings, which are read then.
        self.guarded = frozenset(each.origin for each in transitions if each.check is not None)
        MACHINES[states.__name__] = self

    def leaving(self, origin: S) -> list[Transition[S]]:
        """Return the transitions from a state."""
        return [each for each in self.transitions if each.origin is origin]

    def between(self, origin: S, target: S) -> Transition[S] | None:
        """Return the transition between two states, or None."""
        return next((each for each in self.leaving(origin) if each.target is target), None)

    def transitioned(self, row: Row, target: S, moment: datetime) -> dict[str, Any]:
        """Return the status and the columns that a row has after a transition that happens by itself at a time."""
        made = self.between(self.states(row["status"]), target)
        assert made is not None, "what happens by itself is a transition of the machine"
        return {"status": target} | self.effects(row, made, moment, None)

    def description(self) -> str:
        """Return the transitions as a list in Markdown."""
        return "\n".join(f"- {each.origin} → {each.target}: {each.meaning}" for each in self.transitions)


# By the names of their enums.
MACHINES: dict[str, Machine[Any]] = {}
