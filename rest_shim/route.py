"""A documented route: what it takes, the operation that it is, and its response; and the usual routes of a resource."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from models.names import pascal
from models.resources import Resource

# Where a value stands in an operation's variables: the variable's name, then the fields of its input.
VariablePath = tuple[str, ...]
API = "/api/v1"


class Shows(StrEnum):
    """What a response has."""

    OBJECT = "object"
    PAGE = "page"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Known:
    """What a parameter can be whose field takes any text: ``words``, which are known when all is declared, and ``ids``
    of any object."""

    words: Callable[[], tuple[str, ...]]
    ids: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """One documented route.

    What it takes: ``parameters`` are those of its path and its query, with the places of their values, ``known`` what
    some of them can be; ``sorts`` what a page can be sorted by, with the order's enum; ``body`` is the place of its
    body, empty for a route that takes none, and an ``optional`` one may be absent. ``public``: no key is needed.
    ``html``: it takes the bodies of HTML forms too, and answers them with a redirect or a page.

    Its response: ``payload_fields`` are fields of a mutation's payload that are shown with the object's own;
    ``location`` is the path at which the object can be read. ``flat`` is a list of names and values that are shown as
    fields of the object itself, and taken so.
    """

    method: str
    path: str
    operation: str
    resource: Resource
    summary: str
    parameters: Mapping[str, VariablePath] = field(default_factory=dict)
    sorts: Mapping[str, str] = field(default_factory=dict)
    body: VariablePath = ()
    optional: bool = False
    public: bool = False
    html: bool = False
    status: int = 200
    shows: Shows = Shows.OBJECT
    payload_fields: tuple[str, ...] = ()
    location: str | None = None
    flat: str | None = None
    known: Mapping[str, Known] = field(default_factory=dict)

    @property
    def makes(self) -> bool:
        """Return whether it makes an object, be it one that a worker has yet to finish."""
        return self.status in (201, 202)

    @property
    def merges(self) -> bool:
        """Return whether its body is merged with what there is, so that fields that are only read may be sent back."""
        return self.method in ("PUT", "PATCH")


def equal(*names: str) -> dict[str, VariablePath]:
    """Return parameters that a field of the same name equals."""
    return {name: ("filter", name, "eq") for name in names}


def times(*names: str) -> dict[str, VariablePath]:
    """Return the parameters of times, both ends of each."""
    ends = (("After", "gt"), ("Before", "lt"))
    return {f"{name}{end}": ("filter", f"{name}At", operator) for name in names for end, operator in ends}


def amounts(name: str) -> dict[str, VariablePath]:
    """Return the parameters of an amount, both ends of it."""
    return {f"{name}Min": ("filter", name, "gte"), f"{name}Max": ("filter", name, "lte")}


TIMES = times("created", "updated")
STATED: Mapping[str, VariablePath] = {"ids": ("filter", "id", "in"), "status": ("filter", "status", "in"), **TIMES}
COMMON: Mapping[str, VariablePath] = {
    "ids": ("filter", "id", "in"),
    "status": ("filter", "status", "in"),
    "tag": ("filter", "tags", "hasAny"),
    "search": ("filter", "search"),
    **TIMES,
}
SORTS = {"createdAt": "CREATED_AT", "updatedAt": "UPDATED_AT"}


def crud(
    resource: Resource,
    *,
    filters: Mapping[str, VariablePath] = COMMON,
    sorts: Mapping[str, str] = SORTS,
    without: Collection[str] = (),
    payload_fields: tuple[str, ...] = (),
) -> tuple[Route, ...]:
    """Return the usual routes of a resource: list, create, get, update (PUT, and PATCH alike), delete.

    ``without`` names those that it lacks, as ``LIST`` or by the method. ``payload_fields`` is of its creation.
    """
    path = f"{API}/{resource.path}"
    one = path + "/{publicId}"
    name, names = (pascal(noun) for noun in (resource.singular, resource.plural))
    a = resource.a_label
    located = None if "GET" in without else one
    got: Mapping[str, VariablePath] = {"publicId": ("id",)}
    changed: Mapping[str, VariablePath] = {"publicId": ("input", "id")}
    rows = {
        "LIST": Route(
            "GET", path, f"List{names}", resource, f"List {resource.labels}", filters, sorts, shows=Shows.PAGE
        ),
        "POST": Route(
            "POST", path, f"Create{name}", resource, f"Create {a}",
            body=("input",), status=201, payload_fields=payload_fields, location=located,
        ),
        "GET": Route("GET", one, f"Get{name}", resource, f"Get {a}", got),
        "PUT": Route("PUT", one, f"Update{name}", resource, f"Update {a}", changed, body=("input",)),
        "PATCH": Route("PATCH", one, f"Update{name}", resource, f"Update {a}", changed, body=("input",)),
        "DELETE": Route(
            "DELETE", one, f"Delete{name}", resource, f"Delete {a}", changed, status=204, shows=Shows.NOTHING
        ),
    }  # fmt: skip
    return tuple(row for key, row in rows.items() if key not in without)
