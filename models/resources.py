"""Resources: what the API calls its objects. Ids, scopes, events, paths and names follow from one declaration."""

from collections.abc import Collection, Iterator, Mapping
from enum import IntEnum
from types import MappingProxyType

from models.names import article, pascal, plural_of


class ToolFor(IntEnum):
    """Whose tools operations may be; each includes the ones before it.

    What an agent could give itself more rights by, or more work, is no tool of agents.
    """

    NOBODY = 0
    # Agents of others, which call MCP with an API key.
    MCP = 1
    # Our own agents too, which run with the scopes of their job.
    AGENTS = 2


# In place of the verb of an event: the usual one of the change, where the resource declares it.
USUAL = "?"
# The actions that each resource may have in its audit entries.
_ACTIONS = frozenset({"create", "update", "delete"})


class Resource:
    """A kind of object. Each name has a default that follows from ``singular`` and can be given instead.

    ``prefix`` begins its ids, ``type_name`` is its GraphQL type, ``scope`` what a key needs before ``:read`` and
    ``:write`` (None: no key can be given access to it), ``path`` its collection below ``/api/v1/``, ``label`` the noun
    that messages use, and ``subject`` begins the actions of its audit entries. ``row_scope`` is a further scope that
    some of its rows need; one that is ``read_only`` has no scope to write. ``description`` says what the objects are,
    where REST has routes for them. ``events`` are the verbs of its events with their meanings, ``emits`` the noun
    before them, and ``rendered_by`` the operation that renders their data: the one that shows one object. ``live`` are
    those that no webhook is sent: who watches an object hears of them. ``actions`` are the verbs of its audit entries
    beside ``create``, ``update`` and ``delete``. Operations on it are tools at most for
    ``tool_for``. Raises ValueError for a prefix or a type that another resource has.
    """

    def __init__(
        self, singular: str, *, plural: str | None = None, prefix: str | None = None, type_name: str | None = None,
        label: str | None = None, scope: str | None = "", path: str | None = None, subject: str | None = None,
        row_scope: str | None = None, read_only: bool = False, description: str = "",
        events: Mapping[str, str] = MappingProxyType({}), emits: str | None = None, rendered_by: str | None = None,
        live: Mapping[str, str] = MappingProxyType({}), tool_for: ToolFor = ToolFor.AGENTS,
        actions: Collection[str] = (),
    ) -> None:  # fmt: skip
        self.singular = singular
        self.plural = plural or plural_of(singular)
        self.prefix = prefix or singular.replace("_", "")
        self.type_name = type_name or pascal(singular)
        self.label = label or singular.replace("_", " ")
        self.scope = self.plural if scope == "" else scope
        self.path = path or self.plural.replace("_", "-")
        self.subject = subject or self.prefix
        self.row_scope = row_scope
        self.description = description
        self.read_only = read_only
        self.events = events
        self.actions = _ACTIONS | {*actions}
        self.tool_for = tool_for
        self.emits = emits or singular
        self.live = live
        self.rendered_by = rendered_by or self.get_operation
        for other in RESOURCES.values():
            if self.prefix == other.prefix or self.type_name == other.type_name:
                raise ValueError(f"{singular} has the prefix or the type name of {other.singular}")
        RESOURCES[self.prefix] = self

    @property
    def get_operation(self) -> str:
        """Return the name of the operation that shows one object: ``GetClient``."""
        return f"Get{pascal(self.singular)}"

    @property
    def labels(self) -> str:
        """Return the plural of its label."""
        return plural_of(self.label)

    @property
    def a_label(self) -> str:
        """Return its label with its article: ``an order``."""
        return f"{article(self.label)} {self.label}"

    @property
    def read_scope(self) -> str:
        """Return the scope to read it. Raises ValueError where no key can be given access."""
        return self._scoped("read")

    @property
    def write_scope(self) -> str:
        """Return the scope to change it, which includes the one to read it. Raises ValueError where there is none."""
        if self.read_only:
            raise ValueError(f"{self.singular} is only read")
        return self._scoped("write")

    def _scoped(self, verb: str) -> str:
        if self.scope is None:
            raise ValueError(f"{self.singular} has no scope")
        return f"{self.scope}:{verb}"

    def action(self, verb: str) -> str:
        """Return the action of an audit entry: ``client:create``. Raises KeyError for a verb that is not declared."""
        if verb not in self.actions:
            raise KeyError(f"{self.singular} declares no action {verb}")
        return f"{self.subject}:{verb}"

    def event(self, verb: str) -> str:
        """Return the type of an event that it declares: ``client.created``. Raises KeyError for another."""
        if verb not in self.events:
            raise KeyError(f"{self.singular} declares no event {verb}")
        return f"{self.emits}.{verb}"

    def verb(self, event: str | None, usual: str) -> str | None:
        """Return the verb of an event, or the usual one for ``USUAL`` where it is declared; None for no event. Raises
        KeyError for a verb that is not declared."""
        if event is None or (event == USUAL and usual not in self.events):
            return None
        found = usual if event == USUAL else event
        self.event(found)
        return found

    def live_event(self, verb: str) -> str:
        """Return the type of an event that live feeds alone hear of. Raises KeyError for another."""
        if verb not in self.live:
            raise KeyError(f"{self.singular} declares no live event {verb}")
        return f"{self.emits}.{verb}"


RESOURCES: dict[str, Resource] = {}


def scopes() -> frozenset[str]:
    """Return every scope that a key can be given: of what all declared resources need, and ``*``."""
    found = {EVERYTHING}
    for resource in RESOURCES.values():
        if resource.scope is not None:
            found |= {resource.read_scope} if resource.read_only else {resource.read_scope, resource.write_scope}
        if resource.row_scope is not None:
            found.add(resource.row_scope)
    return frozenset(found)


def events() -> Iterator[tuple[str, Resource, str]]:
    """Yield each type of event with its resource and its meaning, by the resources' names."""
    for resource in sorted(RESOURCES.values(), key=lambda each: (each.emits, each.emits != each.singular)):
        for verb, meaning in resource.events.items():
            yield resource.event(verb), resource, meaning


def audit_actions() -> tuple[str, ...]:
    """Return the action of every audit entry that there can be, in the order of the alphabet."""
    return tuple(sorted({each.action(verb) for each in RESOURCES.values() for verb in each.actions}))


# The scope that includes all others, and the subscription to all events.
EVERYTHING = "*"
