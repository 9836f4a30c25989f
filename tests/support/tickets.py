"""Tickets in each of their states, and what is written to them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from models.tickets import TicketStatus
from schema.declaration.moments import shown_moment
from tests.support.api import Org

S = TicketStatus
PATH = "/api/v1/tickets"
REPLY = "mutation($input: CreateReplyInput!) { createReply(input: $input) { reply { id visibility createdAt } } }"
UPDATE = "mutation($input: UpdateTicketInput!) { updateTicket(input: $input) { ticket { id status version } } }"
# How a ticket comes to stand somewhere.
ROADS: dict[TicketStatus, list[TicketStatus]] = {
    S.OPEN: [],
    S.PENDING: [S.PENDING],
    S.SNOOZED: [S.SNOOZED],
    S.RESOLVED: [S.RESOLVED],
    S.CLOSED: [S.RESOLVED, S.CLOSED],
    S.SPAM: [S.SPAM],
}


def ahead(**time: float) -> str:
    """A time from now on, as clients write it."""
    moment = datetime.now(UTC) + timedelta(**time)
    return shown_moment(moment.replace(microsecond=0))


async def new_ticket(org: Org, **given: Any) -> dict[str, Any]:
    """An OPEN ticket over REST."""
    answer = await org.http.post(PATH, json={"subject": "Help"} | given)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


async def put(org: Org, key: str, **given: Any) -> dict[str, Any]:
    """A change of a ticket over REST."""
    answer = await org.http.put(f"{PATH}/{key}", json=given)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


async def read(org: Org, key: str) -> dict[str, Any]:
    """A ticket over REST."""
    found: dict[str, Any] = (await org.http.get(f"{PATH}/{key}")).json()["data"]
    return found


def transition_to(to: TicketStatus) -> dict[str, Any]:
    """What a request brings to move a ticket."""
    return {"status": to} | ({"snoozedUntil": ahead(hours=1)} if to is S.SNOOZED else {})


async def standing(org: Org, status: TicketStatus) -> str:
    """The id of a ticket that stands somewhere."""
    key: str = (await new_ticket(org))["publicId"]
    for to in ROADS[status]:
        await put(org, key, **transition_to(to))
    return key


async def reply(org: Org, key: str, kind: str = "STAFF", visibility: str = "PUBLIC", body: str = "Hello") -> Any:
    """A reply to a ticket, through the graph."""
    given = {"ticketId": key, "body": body, "authorKind": kind, "authorName": "Ada", "visibility": visibility}
    return (await org.data(REPLY, input=given))["createReply"]["reply"]


async def events(org: Org) -> list[str]:
    """The types of the organization's events, oldest first."""
    return [row["type"] for row in await org.rows("select type from events order by id")]
