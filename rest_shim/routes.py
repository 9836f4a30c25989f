"""The documented routes as rows of a table: method, path, operation, and how a query becomes variables."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Kind(StrEnum):
    """What a route does; each kind is translated its own way."""

    LIST = "list"
    GET = "get"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """One documented route. ``filters`` maps a query parameter to its path in the GraphQL filter, whose last word is
    the operator; one whose operand is a list takes several values. ``beside`` are fields of the payload that the
    answer shows with the resource's own; ``located``: a created resource has a GET of its own, so a Location."""

    method: str
    path: str
    operation: str
    kind: Kind
    resource: str
    summary: str
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sorts: Mapping[str, str] = field(default_factory=dict)
    beside: tuple[str, ...] = ()
    located: bool = True

    @property
    def root(self) -> str:
        """The operation's root field: its name begins in lower case, and a single object is named as itself."""
        if self.kind is Kind.LIST:
            return f"{self.resource}s"
        if self.kind is Kind.GET:
            return self.resource
        return self.operation[0].lower() + self.operation[1:]


_TIMES = {
    "createdAfter": ("createdAt", "gt"),
    "createdBefore": ("createdAt", "lt"),
    "updatedAfter": ("updatedAt", "gt"),
    "updatedBefore": ("updatedAt", "lt"),
}
_COMMON = {"ids": ("id", "in"), "status": ("status", "in"), "tag": ("tags", "hasAny"), "search": ("search",), **_TIMES}
_SORTS = {"createdAt": "CREATED_AT", "updatedAt": "UPDATED_AT"}


def _resource(
    name: str, what: str, filters: Mapping[str, tuple[str, ...]], sorts: Mapping[str, str]
) -> tuple[Route, ...]:
    """The five routes of a resource; PATCH is the same as PUT."""
    title, path = name.capitalize(), f"/api/v1/{name}s"
    one = path + "/{publicId}"
    return (
        Route("GET", path, f"List{title}s", Kind.LIST, name, f"List {name}s", filters, sorts),
        Route("POST", path, f"Create{title}", Kind.CREATE, name, f"Create {what}"),
        Route("GET", one, f"Get{title}", Kind.GET, name, f"Get {what}"),
        Route("PUT", one, f"Update{title}", Kind.UPDATE, name, f"Update {what}"),
        Route("PATCH", one, f"Update{title}", Kind.UPDATE, name, f"Update {what}"),
        Route("DELETE", one, f"Delete{title}", Kind.DELETE, name, f"Delete {what}"),
    )


_API = "/api/v1"
_HOOKS = _API + "/webhooks"
_HOOK_FILTERS = {"ids": ("id", "in"), "status": ("status", "in"), **_TIMES}
_WEBHOOK_ROUTES: tuple[Route, ...] = (
    Route("GET", _HOOKS, "ListWebhooks", Kind.LIST, "webhook", "List webhooks", _HOOK_FILTERS, _SORTS),
    Route(
        "POST", _HOOKS, "CreateWebhook", Kind.CREATE, "webhook", "Create a webhook", beside=("secret",), located=False
    ),
    Route("DELETE", _HOOKS + "/{publicId}", "DeleteWebhook", Kind.DELETE, "webhook", "Delete a webhook"),
)

ROUTES: tuple[Route, ...] = (
    *_resource("client", "a client", {**_COMMON, "email": ("email", "eq")}, {**_SORTS, "name": "NAME"}),
    *_resource(
        "service",
        "a service",
        {**_COMMON, "priceMin": ("price", "gte"), "priceMax": ("price", "lte")},
        {**_SORTS, "name": "NAME", "price": "PRICE"},
    ),
    *_resource(
        "order",
        "an order",
        {
            **_COMMON,
            "number": ("number", "eq"),
            "clientId": ("clientId", "eq"),
            "serviceId": ("serviceId", "eq"),
            "dueAfter": ("dueAt", "gt"),
            "dueBefore": ("dueAt", "lt"),
            "totalMin": ("total", "gte"),
            "totalMax": ("total", "lte"),
        },
        {**_SORTS, "number": "NUMBER", "total": "TOTAL", "dueAt": "DUE_AT"},
    ),
    *_WEBHOOK_ROUTES,
)


def under_parents(parents: Iterable[str]) -> tuple[Route, ...]:
    """The webhook routes as each parent answers them too, such as ``/api/v1/settings/webhooks``."""
    return tuple(
        replace(route, path=f"{_API}/{parent}{route.path.removeprefix(_API)}")
        for parent in parents
        for route in _WEBHOOK_ROUTES
    )
