"""The documented routes as rows of a table."""

from collections.abc import Iterable
from dataclasses import replace

from models.agent_jobs import AGENT_JOB
from models.agents import AGENT
from models.api_keys import API_KEY
from models.audit import AUDIT
from models.clients import CLIENT
from models.forms import FORM, SUBMISSION
from models.invoices import INVOICE
from models.messages import MESSAGE
from models.orders import ORDER
from models.reports import REPORT
from models.resources import audit_actions
from models.services import SERVICE
from models.settings import SETTINGS
from models.subscriptions import SUBSCRIPTION
from models.tickets import TICKET
from models.webhooks import WEBHOOK
from rest_shim.route import API, COMMON, SORTS, STATED, Known, Route, Shows, amounts, crud, equal, times

_UNTAGGED = {name: place for name, place in COMMON.items() if name != "tag"}
_ONLY_READ = ("POST", "PUT", "PATCH", "DELETE")
_SETTINGS = f"{API}/{SETTINGS.path}"
_WEBHOOKS = crud(WEBHOOK, filters=STATED, without=("GET", "PUT", "PATCH"), payload_fields=("secret",))

ROUTES: tuple[Route, ...] = (
    *crud(CLIENT, filters={**COMMON, "email": ("filter", "email", "eq")}, sorts={**SORTS, "name": "NAME"}),
    *crud(SERVICE, filters={**COMMON, **amounts("price")}, sorts={**SORTS, "name": "NAME", "price": "PRICE"}),
    *crud(
        ORDER,
        filters={
            **COMMON, **equal("number", "clientId", "serviceId"), **times("due"), **amounts("total"),
        },
        sorts={**SORTS, "number": "NUMBER", "total": "TOTAL", "dueAt": "DUE_AT", "clientName": "CLIENT_NAME"},
    ),
    *crud(
        INVOICE,
        filters={
            **STATED,
            "search": ("filter", "search"),
            **equal("number", "clientId", "orderId", "subscriptionId", "overdue"),
            **times("issued", "due"),
            **amounts("total"),
        },
        sorts={**SORTS, "total": "TOTAL", "issuedAt": "ISSUED_AT", "dueAt": "DUE_AT", "clientName": "CLIENT_NAME"},
    ),
    *crud(
        MESSAGE,
        filters={"orderId": ("orderId",), "ids": ("filter", "id", "in"), **times("created")},
        sorts={"createdAt": "CREATED_AT"},
        without=("GET", "PUT", "PATCH", "DELETE"),
    ),
    *crud(
        TICKET,
        filters={
            **COMMON, **equal("clientId", "orderId", "assigneeId"), "priority": ("filter", "priority", "in"),
            **equal("breached"),
        },
        sorts={**SORTS, "number": "NUMBER", "waitingSince": "WAITING_SINCE"},
        without=("DELETE",),
    ),
    *crud(FORM, filters=_UNTAGGED, sorts={**SORTS, "name": "NAME"}, without=("PUT", "PATCH", "DELETE")),
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
            **equal("clientId"),
            **times("created"),
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
    *crud(
        SUBSCRIPTION,
        filters={**STATED, **equal("clientId", "serviceId")},
        sorts={**SORTS, "clientName": "CLIENT_NAME"},
        without=("PUT", "PATCH", "DELETE"),
    ),
    Route(
        "DELETE", f"{API}/{SUBSCRIPTION.path}/{{publicId}}", "CancelSubscription", SUBSCRIPTION,
        f"Cancel a {SUBSCRIPTION.label}", {"publicId": ("input", "id"), "atPeriodEnd": ("input", "atPeriodEnd")},
    ),
    *crud(AGENT, filters=_UNTAGGED, sorts={**SORTS, "name": "NAME"}),
    *crud(AGENT_JOB, filters={**STATED, **equal("definitionId", "orderId", "ticketId")}, without=_ONLY_READ),
    Route(
        "POST", f"{API}/{AGENT_JOB.path}", "QueueAgentJob", AGENT_JOB, f"Queue {AGENT_JOB.a_label}",
        body=("input",), status=202, location=f"{API}/{AGENT_JOB.path}/{{publicId}}",
    ),
    *(
        # A worker computes what is asked for.
        replace(row, summary=f"Generate {REPORT.a_label}", status=202) if row.method == "POST" else row
        for row in crud(
            REPORT,
            filters={**STATED, "kind": ("filter", "kind", "in")},
            without=("PUT", "PATCH", "DELETE"),
        )
    ),
    *_WEBHOOKS,
    *crud(API_KEY, filters=STATED, without=("GET", "PUT", "PATCH"), payload_fields=("rawKey",)),
    Route(
        "POST",
        f"{API}/{API_KEY.path}/{{publicId}}/revoke",
        "RevokeApiKey",
        API_KEY,
        f"Revoke {API_KEY.a_label}",
        {"publicId": ("input", "id")},
        payload_fields=("disabledWebhookIds", "alsoRevoked"),
    ),
    Route(
        "GET", f"{API}/{AUDIT.path}", "ListAuditEntries", AUDIT, "List the audit log",
        {
            "ids": ("filter", "id", "in"),
            **equal("targetId", "actorId"),
            "action": ("filter", "action", "in"),
            "source": ("filter", "source", "in"),
            **times("occurred"),
        },
        known={"actorId": Known(lambda: ("cli", "public"), ids=True), "action": Known(audit_actions)},
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
