"""The documented routes as rows of a table: what each takes, the operation that it is, and its response."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from models.api_keys import API_KEY
from models.audit import AUDIT
from models.clients import CLIENT
from models.forms import FORM, SUBMISSION
from models.invoices import INVOICE
from models.messages import MESSAGE
from models.names import pascal
from models.orders import ORDER
from models.resources import Resource
from models.services import SERVICE
from models.settings import SETTINGS
from models.subscriptions import SUBSCRIPTION
from models.tickets import TICKET
from models.webhooks import WEBHOOK

# Where a value stands in an operation's variables: the variable's name, then the fields of its input.
Place = tuple[str, ...]
API = "/api/v1"


class Shows(StrEnum):
    """What a response has."""

    OBJECT = "object"
    PAGE = "page"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """One documented route.

    What it takes: ``parameters`` are those of its path and its query, with the places of their values; ``sorts`` what
    a page can be sorted by, with the order's enum; ``body`` is the place of its body, empty for a route that takes
    none, and an ``optional`` one may be absent. ``public``: no key is needed. ``html``: it takes the bodies of HTML
    forms too, and answers them with a redirect or a page.

    Its response: ``beside`` are fields of a mutation's payload that are shown with the object's own; ``location``
    is the path at which the object can be read. ``flat`` is a list of names and values that are shown as fields of the
    object itself, and taken so.
    """

    method: str
    path: str
    operation: str
    resource: Resource
    summary: str
    parameters: Mapping[str, Place] = field(default_factory=dict)
    sorts: Mapping[str, str] = field(default_factory=dict)
    body: Place = ()
    optional: bool = False
    public: bool = False
    html: bool = False
    status: int = 200
    shows: Shows = Shows.OBJECT
    beside: tuple[str, ...] = ()
    location: str | None = None
    flat: str | None = None

    @property
    def merges(self) -> bool:
        """Return whether its body is merged with what there is, so that fields that are only read may be sent back."""
        return self.method in ("PUT", "PATCH")


def _equal(*names: str) -> dict[str, Place]:
    """Return parameters that a field of the same name equals."""
    return {name: ("filter", name, "eq") for name in names}


def _times(*names: str) -> dict[str, Place]:
    """Return the parameters of times, both ends of each."""
    ends = (("After", "gt"), ("Before", "lt"))
    return {f"{name}{end}": ("filter", f"{name}At", operator) for name in names for end, operator in ends}


def _amounts(name: str) -> dict[str, Place]:
    """Return the parameters of an amount, both ends of it."""
    return {f"{name}Min": ("filter", name, "gte"), f"{name}Max": ("filter", name, "lte")}


_TIMES = _times("created", "updated")
_STATED: Mapping[str, Place] = {"ids": ("filter", "id", "in"), "status": ("filter", "status", "in"), **_TIMES}
_COMMON: Mapping[str, Place] = {
    "ids": ("filter", "id", "in"),
    "status": ("filter", "status", "in"),
    "tag": ("filter", "tags", "hasAny"),
    "search": ("filter", "search"),
    **_TIMES,
}
_FORMS = {name: place for name, place in _COMMON.items() if name != "tag"}
_SORTS = {"createdAt": "CREATED_AT", "updatedAt": "UPDATED_AT"}


def crud(
    resource: Resource,
    *,
    filters: Mapping[str, Place] = _COMMON,
    sorts: Mapping[str, str] = _SORTS,
    without: Collection[str] = (),
    beside: tuple[str, ...] = (),
) -> tuple[Route, ...]:
    """Return the usual routes of a resource: list, create, get, update (PUT, and PATCH alike), delete.

    ``without`` names those that it lacks, as ``LIST`` or by the method. ``beside`` is of its creation.
    """
    path = f"{API}/{resource.path}"
    one = path + "/{publicId}"
    name, names = (pascal(noun) for noun in (resource.singular, resource.plural))
    a = resource.a_label
    located = None if "GET" in without else one
    got: Mapping[str, Place] = {"publicId": ("id",)}
    changed: Mapping[str, Place] = {"publicId": ("input", "id")}
    rows = {
        "LIST": Route(
            "GET", path, f"List{names}", resource, f"List {resource.labels}", filters, sorts, shows=Shows.PAGE
        ),
        "POST": Route(
            "POST", path, f"Create{name}", resource, f"Create {a}",
            body=("input",), status=201, beside=beside, location=located,
        ),
        "GET": Route("GET", one, f"Get{name}", resource, f"Get {a}", got),
        "PUT": Route("PUT", one, f"Update{name}", resource, f"Update {a}", changed, body=("input",)),
        "PATCH": Route("PATCH", one, f"Update{name}", resource, f"Update {a}", changed, body=("input",)),
        "DELETE": Route(
            "DELETE", one, f"Delete{name}", resource, f"Delete {a}", changed, status=204, shows=Shows.NOTHING
        ),
    }  # fmt: skip
    return tuple(row for key, row in rows.items() if key not in without)


_SETTINGS = f"{API}/{SETTINGS.path}"
_WEBHOOKS = crud(WEBHOOK, filters=_STATED, without=("GET", "PUT", "PATCH"), beside=("secret",))

ROUTES: tuple[Route, ...] = (
    *crud(CLIENT, filters={**_COMMON, "email": ("filter", "email", "eq")}, sorts={**_SORTS, "name": "NAME"}),
    *crud(SERVICE, filters={**_COMMON, **_amounts("price")}, sorts={**_SORTS, "name": "NAME", "price": "PRICE"}),
    *crud(
        ORDER,
        filters={
            **_COMMON, **_equal("number", "clientId", "serviceId"), **_times("due"), **_amounts("total"),
        },
        sorts={**_SORTS, "number": "NUMBER", "total": "TOTAL", "dueAt": "DUE_AT"},
    ),
    *crud(
        INVOICE,
        filters={
            **_STATED,
            "search": ("filter", "search"),
            **_equal("number", "clientId", "orderId", "subscriptionId", "overdue"),
            **_times("issued", "due"),
            **_amounts("total"),
        },
        sorts={**_SORTS, "total": "TOTAL", "issuedAt": "ISSUED_AT", "dueAt": "DUE_AT"},
    ),
    *crud(
        MESSAGE,
        filters={"orderId": ("orderId",), "ids": ("filter", "id", "in"), **_times("created")},
        sorts={"createdAt": "CREATED_AT"},
        without=("GET", "PUT", "PATCH", "DELETE"),
    ),
    *crud(
        TICKET,
        filters={
            **_COMMON, **_equal("clientId", "orderId", "assigneeId"), "priority": ("filter", "priority", "in"),
            **_equal("breached"),
        },
        sorts={**_SORTS, "number": "NUMBER", "waitingSince": "WAITING_SINCE"},
        without=("DELETE",),
    ),
    *crud(FORM, filters=_FORMS, sorts={**_SORTS, "name": "NAME"}, without=("PUT", "PATCH", "DELETE")),
    Route(
        "GET",
        f"{API}/{FORM.path}/{{publicId}}/{SUBMISSION.path}",
        "ListSubmissions",
        SUBMISSION,
        f"List {SUBMISSION.labels} of a {FORM.label}",
        {
            "publicId": ("id",),
            "ids": ("filter", "id", "in"),
            "spam": ("spam",),
            **_equal("clientId"),
            **_times("created"),
        },
        {"createdAt": "CREATED_AT"},
        shows=Shows.PAGE,
    ),
    Route(
        "POST",
        f"/api/{FORM.path}/{{formPublicId}}/submit",
        "SubmitForm",
        SUBMISSION,
        f"Submit a {FORM.label}",
        {"formPublicId": ("input", "formId")},
        body=("input", "data"),
        public=True,
        html=True,
        status=201,
    ),
    *crud(SUBSCRIPTION, filters={**_STATED, **_equal("clientId", "serviceId")}, without=("PUT", "PATCH", "DELETE")),
    Route(
        "DELETE", f"{API}/{SUBSCRIPTION.path}/{{publicId}}", "CancelSubscription", SUBSCRIPTION,
        f"Cancel a {SUBSCRIPTION.label}", {"publicId": ("input", "id"), "atPeriodEnd": ("input", "atPeriodEnd")},
    ),
    *_WEBHOOKS,
    *crud(API_KEY, filters=_STATED, without=("GET", "PUT", "PATCH"), beside=("rawKey",)),
    Route(
        "POST",
        f"{API}/{API_KEY.path}/{{publicId}}/revoke",
        "RevokeApiKey",
        API_KEY,
        f"Revoke {API_KEY.a_label}",
        {"publicId": ("input", "id")},
        beside=("disabledWebhookIds", "alsoRevoked"),
    ),
    Route(
        "GET", f"{API}/{AUDIT.path}", "ListAuditEntries", AUDIT, "List the audit log",
        {
            "ids": ("filter", "id", "in"),
            **_equal("targetId", "actorId"),
            "action": ("filter", "action", "in"),
            "source": ("filter", "source", "in"),
            **_times("occurred"),
        },
        shows=Shows.PAGE,
    ),
    Route("GET", _SETTINGS, "GetOrgSettings", SETTINGS, "Get all organization settings", flat="entries"),
    *(
        Route(
            method, _SETTINGS, "UpdateOrgSettings", SETTINGS, "Update organization settings",
            body=("input", "values"), flat="entries",
        )
        for method in ("PUT", "PATCH")
    ),
)  # fmt: skip


def hidden_by(parent: str) -> str | None:
    """Return the path of a route whose requests the webhook routes of a parent would answer too; None without one."""
    for added in under_parents([parent]):
        for row in ROUTES:
            pairs = list(zip(added.path.split("/"), row.path.split("/"), strict=False))
            same_length = added.path.count("/") == row.path.count("/")
            if same_length and all(one == other or "{" in one + other for one, other in pairs):
                return row.path
    return None


def under_parents(parents: Iterable[str]) -> tuple[Route, ...]:
    """Return the webhook routes below each parent too, such as ``/api/v1/settings/webhooks``."""
    return tuple(
        replace(row, path=f"{API}/{parent}{row.path.removeprefix(API)}") for parent in parents for row in _WEBHOOKS
    )
