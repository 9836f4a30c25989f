"""What a client's access token may ask for: who asks, and what is said of a document alone."""

from typing import Any
from uuid import UUID

from models.actors import ActorKind
from resolvers.actor import Actor
from resolvers.api_keys.access_tokens import CLIENT_SCOPES
from resolvers.errors import Refusal
from schema.requests.engine import LIMITS, Engine

NOBODY = UUID(int=1)
ENGINE = Engine(LIMITS)
CLIENT = Actor(ActorKind.CLIENT, "client_x", "Ada", CLIENT_SCOPES, NOBODY, NOBODY, subject=NOBODY, client="client_x")
ANY_CLIENT = Actor(ActorKind.CLIENT, "client_x", "Ada", frozenset({"*"}), NOBODY, NOBODY, client="client_x")
MEMBER = Actor(ActorKind.MEMBER, "member_x", "Max", frozenset({"*"}), NOBODY, NOBODY, subject=NOBODY)
KEY = Actor(ActorKind.KEY, "apikey_x", "Shop", frozenset({"*"}), NOBODY, NOBODY)
# Of the types that a client sees, what is the staff's.
HIDDEN = {
    "Client": {"agentCost", "agentJobs", "metadata", "notes", "source", "tags"},
    "Service": {"intakeForm", "intakeFormId", "metadata", "tags"},
    "Order": {
        *("agentCost", "agentJobs", "assigneeIds", "assignees", "form", "formFields", "formId", "formVersion"),
        *("history", "margin", "metadata", "notes", "tags"),
    },
    "Invoice": {"metadata"},
    "ClientSubscription": {"metadata"},
    "Message": set(),
    "Ticket": {"agentJobs", "assignee", "assigneeId", "metadata", "tags"},
    "Reply": set(),
}


def refusal(actor: Actor, text: str, **variables: Any) -> Refusal | None:
    """Why an actor may not ask for a document; None where it may."""
    prepared = ENGINE.measure(text, None, variables)
    ENGINE.validate(prepared, None)
    try:
        ENGINE.allow(prepared, actor)
    except Refusal as refused:
        return refused
    return None


def is_open(actor: Actor, text: str, variables: dict[str, Any]) -> bool:
    """Whether an actor may ask for a document."""
    return refusal(actor, text, **variables) is None
