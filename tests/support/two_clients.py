"""An organization with two clients that have alike, one of whom holds a token; and services that are whose."""

from dataclasses import dataclass
from typing import Any

from models.typeid import decode
from tests.support.api import Org, new_client
from tests.support.invoices import FINALIZE
from tests.support.tokens import as_client

NOUNS = ("client", "service", "order", "message", "invoice", "ticket", "reply", "subscription")
_MONTHLY = {"billing": "RECURRING", "interval": "MONTH"}
_MAKE: dict[str, tuple[str, str, dict[str, Any]]] = {
    "service": ("createService", "CreateServiceInput", {"status": "ACTIVE", "price": 1_000, **_MONTHLY}),
    "order": ("createOrder", "CreateOrderInput", {"quantity": 2}),
    "message": ("createMessage", "CreateMessageInput", {"body": "Hello"}),
    "invoice": ("createInvoice", "CreateInvoiceInput", {"lines": [{"description": "Work", "unitPrice": 100}]}),
    "ticket": ("createTicket", "CreateTicketInput", {"subject": "Question"}),
    "reply": ("createReply", "CreateReplyInput", {"body": "Answer"}),
    "subscription": ("createSubscription", "CreateSubscriptionInput", {"startDate": "2099-01-01"}),
}  # fmt: skip


@dataclass
class TwoClients:
    """The organization with its key, and with the token of one client; the ids of what is that client's, and of what is
    the other's, by the names of their cases. ``shared`` is an ACTIVE service that both have ordered, ``unseen`` what is
    the client's and the staff's alone yet: the invoice of its ``drafted`` order."""

    org: Org
    ada: Org
    mine: dict[str, str]
    theirs: dict[str, str]
    shared: str
    internal: str
    unseen: dict[str, str]


async def make(org: Org, noun: str, **given: Any) -> str:
    """The id of a new object."""
    name, type_, usual = _MAKE[noun]
    text = f"mutation($input: {type_}!) {{ {name}(input: $input) {{ {noun} {{ id }} }} }}"
    found: str = (await org.data(text, input={**usual, **given}))[name][noun]["id"]
    return found


async def _furnish(org: Org, name: str, shared: str) -> dict[str, str]:
    """What one client has; its own service is not offered any more."""
    ids = {"client": (await new_client(org, name=name, company=f"{name} Ltd"))["publicId"]}
    client = {"clientId": ids["client"]}
    ids["service"] = await make(org, "service", name=f"{name}'s")
    ids["order"] = await make(org, "order", serviceId=ids["service"], **client)
    ids["drafted"] = await make(org, "order", serviceId=shared, **client)
    await make(org, "subscription", serviceId=shared, **client)
    ids["message"] = await make(org, "message", orderId=ids["order"])
    ids["invoice"] = await make(org, "invoice", orderId=ids["order"], **client)
    await org.data(FINALIZE, id=ids["invoice"])
    ids["ticket"] = await make(org, "ticket", subject=f"{name} asks", orderId=ids["order"], **client)
    ids["reply"] = await make(org, "reply", ticketId=ids["ticket"])
    ids["subscription"] = await make(org, "subscription", serviceId=ids["service"], **client)
    await org.rows("update services set status = 'ARCHIVED' where id = $1", decode("service", ids["service"]))
    return ids


async def two_clients(org: Org) -> TwoClients:
    """The two clients of an organization that has none yet."""
    shared = await make(org, "service", name="Shared")
    # A service that nobody has, and that is not offered yet.
    await make(org, "service", name="Draft", status="DRAFT")
    mine, theirs = [await _furnish(org, name, shared) for name in ("Ada", "Bob")]
    # A ticket that is no client's.
    await make(org, "ticket", subject="Nobody asks")
    internal = await make(org, "message", orderId=mine["order"], visibility="INTERNAL", body="Secret")
    await make(org, "reply", ticketId=mine["ticket"], visibility="INTERNAL", body="Secret")
    unseen = {"invoice": await make(org, "invoice", orderId=mine["drafted"], clientId=mine["client"])}
    return TwoClients(org, await as_client(org, mine["client"]), mine, theirs, shared, internal, unseen)
