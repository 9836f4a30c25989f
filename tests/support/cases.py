"""What a domain contributes to the tests that hold for every domain."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.walks import Walk

Body = Mapping[str, Any]
Walks = type[Walk]


@dataclass(frozen=True)
class Wrong:
    """An input that is refused: the name and code of each wrong field, and what is said beside the codes.

    ``rest``: only the REST API refuses it so, since a GraphQL value is read in another way.
    """

    given: Body
    fields: tuple[tuple[str, str], ...]
    extra: Body
    rest: bool

    def __str__(self) -> str:
        return " ".join(f"{name}-{code}" for name, code in self.fields)


def wrong(given: Body, *fields: str, rest: bool = False, **extra: Any) -> Wrong:
    """An input whose wrong fields are written as ``"tags.1 TOO_SHORT"``."""
    parts = [field.rpartition(" ") for field in fields]
    return Wrong(given, tuple((name, code) for name, _, code in parts), extra, rest)


@dataclass(frozen=True)
class Filter:
    """A parameter of a list with a value, the filter that this is in the graph, and how many furnished rows it leaves.

    In both ``{client}`` is the id of the first furnished client, ``{client2}`` that of the second.
    """

    parameter: str
    value: str
    condition: Body
    leaves: int


@dataclass(frozen=True, kw_only=True)
class Case:
    """A resource: how its objects are made, changed, refused and shown.

    Bodies leave out what names other objects: ``references`` adds it. ``mutations`` are all that take the id of an
    object of this type, each with a right input beside the id; ``inner`` finds the id for one that is of a part of it.
    """

    # In the graph: one object, a list, the type. Then the resource of its scopes, and the table.
    name: str
    plural: str
    type: str
    scope: str
    table: str

    # What each of its named operations costs: how many statements.
    statements: Mapping[str, int] = field(default_factory=dict)

    # What an organization is furnished with: the first row is read and changed, the one at ``deleted`` is deleted.
    rows: tuple[Body, ...] = ()
    deleted: int = 0
    # A statement that finds the ids of all its rows, for one whose rows come of other changes.
    found: str = ""
    # Each organization has one object, which has no id; the column by which its row is found.
    single: bool = False
    key: str = "id"
    # Whoever may read may change.
    read_only: bool = False
    # A statement that makes the row with the id $1 one that can be deleted; and such that bring rows, by their numbers
    # from 1 on, to where a mutation finds them.
    deletable: str = ""
    prepared: Mapping[int, str] = field(default_factory=dict)
    # The number of the row that a mutation is made to, where it is neither the first nor to be deleted.
    targets: Mapping[str, int] = field(default_factory=dict)
    # Its rows are made before those of others, whose events it hears.
    hears: bool = False
    # The mutation that makes one, where that needs no key: it acts in the organization of what it refers to; and where
    # it creates by another name.
    public: str = ""
    made_by: str = ""

    create: Body = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)
    # Further mutations that make one, each with what its input refers to.
    creations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unique: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    # What those are given beside.
    given: Mapping[str, Body] = field(default_factory=dict)
    mutations: Mapping[str, Body] = field(default_factory=dict)
    inner: Mapping[str, str] = field(default_factory=dict)
    wrong: Mapping[str, tuple[Wrong, ...]] = field(default_factory=dict)
    # What a new one has in optional fields of its input, where they are left out and it is the same for all.
    defaults: Mapping[str, Any] = field(default_factory=dict)
    # Fields of the update that cannot be emptied, though its input takes null.
    never_null: frozenset[str] = frozenset()
    # The fields of updates that are cleared before others can be.
    cleared_first: frozenset[str] = frozenset()

    # How it is walked through its states, where it has a machine.
    walk: Walks | None = None

    # Over REST: each route's operation; a row, where "?" is a null or the type after it; what is shown with a new one,
    # and with the object of another operation.
    routes: Mapping[str, str] = field(default_factory=dict)
    shape: Mapping[str, str] = field(default_factory=dict)
    shown_once: Mapping[str, str] = field(default_factory=dict)
    payload: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    filters: tuple[Filter, ...] = ()
    wrong_queries: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return self.name

    @property
    def creates(self) -> str:
        """The mutation that makes one; empty where none does."""
        made = f"create{self.name[0].upper()}{self.name[1:]}"
        return self.public or self.made_by or ("" if self.found or self.single else made)

    @property
    def keyed(self) -> tuple[str, ...]:
        """All mutations that need a key."""
        return tuple(name for name in self.changes if name != self.public)

    @property
    def change_scope(self) -> str:
        """The scope that its mutations need."""
        return f"{self.scope}:{'read' if self.read_only else 'write'}"

    @property
    def needs(self) -> frozenset[str]:
        """The names of the cases whose objects it refers to."""
        return frozenset({*self.references.values()}.union(*(names.values() for names in self.creations.values())))

    @property
    def changes(self) -> tuple[str, ...]:
        """All its mutations, those that make one first."""
        return tuple(name for name in (self.creates, *self.creations, *self.mutations) if name)


# What Python lists among the time zones of a machine and no other one need know.
NO_ZONES = ("localtime", "Factory", "posixrules", "posix/Europe/Berlin", "right/Europe/Berlin", "europe/berlin")
LONG_AGO, FAR_AWAY = "2020-01-01T00:00:00.000Z", "2100-01-01T00:00:00.000Z"


def times(rows: int) -> tuple[Filter, ...]:
    """The filters by time that every list has."""
    return (
        Filter("createdAfter", LONG_AGO, {"createdAt": {"gt": LONG_AGO}}, rows),
        Filter("createdBefore", LONG_AGO, {"createdAt": {"lt": LONG_AGO}}, 0),
        Filter("updatedAfter", FAR_AWAY, {"updatedAt": {"gt": FAR_AWAY}}, 0),
        Filter("updatedBefore", FAR_AWAY, {"updatedAt": {"lt": FAR_AWAY}}, rows),
    )
