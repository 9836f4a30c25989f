"""What was asked, under which key, and what was acknowledged."""

from collections import Counter
from dataclasses import dataclass, field

from bench.chaos.listeners import Happened
from bench.chaos.stack import moment

LOST = "connection lost"
# Of a report that is asked for there is no event: it is heard of when it is there.
SILENT = "report.created"
# The last payment of an invoice is two events.
_ALSO = {"invoice.paid": "invoice.payment_recorded"}


@dataclass(slots=True)
class Change:
    """One change under one Idempotency-Key, which is also a mark in the row that it creates.

    ``about`` is the model of an agent's job, and the kind of a report.
    """

    org: str
    key: str
    type: str
    # When the request that was acknowledged left, and when its answer came.
    sent: float = 0.0
    acknowledged: float | None = None
    public_id: str = ""
    version: int = 0
    number: int | None = None
    tries: int = 0
    about: str = ""

    @property
    def happened(self) -> Happened:
        """The event that it makes, and is heard by."""
        return self.type, self.public_id, self.version

    @property
    def events(self) -> list[Happened]:
        """The events that it makes."""
        if self.type == SILENT:
            return []
        also = [(_ALSO[self.type], self.public_id, self.version)] if self.type in _ALSO else []
        return [self.happened, *also]


@dataclass(slots=True)
class Journal:
    """Every change, and every answer by its status; ``unhelpful`` are the 503 without Retry-After."""

    changes: list[Change] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    unhelpful: int = 0
    refused: list[str] = field(default_factory=list)

    def begin(self, org: str, key: str, type_: str, about: str = "") -> Change:
        """Note a change before it is sent."""
        made = Change(org, key, type_, about=about)
        self.changes.append(made)
        return made

    def acknowledge(self, change: Change, public_id: str, version: int, number: int | None) -> None:
        """Note that a change was answered with success."""
        change.public_id, change.version, change.number = public_id, version, number
        change.acknowledged = moment()

    def acknowledged(self, org: str | None = None) -> list[Change]:
        """The changes that were acknowledged, of one organization or of all."""
        return [each for each in self.changes if each.acknowledged is not None and org in (None, each.org)]

    def left_open(self, org: str) -> list[Change]:
        """The changes of an organization whose outcome no answer gave."""
        return [each for each in self.changes if each.acknowledged is None and each.org == org]
