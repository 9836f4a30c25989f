"""What the transaction of a root field changes, recorded while it writes; in a dry run it is rolled back."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

import orjson

from models.resources import RESOURCES, events
from models.typeid import encode, prefix_of
from resolvers.audit.entries import NewAuditEntry

# What ends an action that makes an object, however its row is written.
_CREATES = ":create"
# Which key made an object is for those who read the audit log: a token does not see the key that made it.
CREATED_BY_KEY = "createdByKey"


# Not while modules are imported: others may declare more.
@cache
def _prefixes() -> Mapping[str, str]:
    """Return the prefix of the IDs of what actions begin with."""
    return {each.subject: each.prefix for each in RESOURCES.values()}


def target_id(action: str, target: UUID) -> str:
    """Return the ID of the object that an action was done to, whose type the action names."""
    subject = action.partition(":")[0]
    return encode(_prefixes().get(subject, subject), target)


@dataclass(slots=True)
class RecordedChanges:
    """What the transaction of one root field changes, or would change; then the IDs of new objects, numbers and times
    are provisional.

    ``events`` are the types of its events, ``versions`` the versions of the objects that it found and would change,
    ``moved`` how often it writes each of them, ``made`` the IDs of new ones. ``numbers`` counts those that it drew.
    ``fields`` is what its audit entries would say: of each object's fields the first value and the last.
    ``concealed`` is whether another than the caller changes it, so that nothing of it is the caller's to know.
    """

    fields: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    moved: Counter[str] = field(default_factory=Counter)
    made: list[str] = field(default_factory=list)
    numbers: Counter[str] = field(default_factory=Counter)
    concealed: bool = False

    @property
    def changes(self) -> list[dict[str, Any]]:
        """Return the fields that are others in the end, in the order in which they were changed first."""
        return [
            {"target": target, "field": name, "before": before, "after": after}
            for (target, name), (before, after) in self.fields.items()
            if before != after
        ]

    def shown_to(self, may: Callable[[str], bool]) -> tuple[list[str], list[dict[str, Any]]]:
        """Return the events and the changes of those objects that somebody may read who holds some scopes."""
        if self.concealed:
            return [], []
        readable = {prefix for prefix, each in RESOURCES.items() if each.scope is not None and may(each.read_scope)}
        heard = {name for name, each, _ in events() if each.prefix in readable}
        shown = [name for name in self.events if name in heard]
        return shown, [
            change
            for change in self.changes
            if prefix_of(change["target"]) in readable and change["field"] != CREATED_BY_KEY
        ]

    def note_entries(self, entries: Iterable[tuple[NewAuditEntry, UUID]]) -> None:
        """Note the changes of audit entries, each with the key of its target."""
        for entry, key in entries:
            target = target_id(entry.action, key)
            if entry.action.endswith(_CREATES) and target not in self.made:
                self.made.append(target)
            pairs: dict[str, list[Any]] = orjson.loads(entry.changes)
            for name, (before, after) in pairs.items():
                self.fields.setdefault((target, name), [before, after])[1] = after

    def note_row(self, verb: str | None, target: str, row: Mapping[str, Any]) -> None:
        """Note a row that is written: a new one, or the version that it had."""
        if verb in ("update", "delete") and target not in self.made:
            self.versions.setdefault(target, row["version"] - (verb == "update"))
            self.moved[target] += 1
