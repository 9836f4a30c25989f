"""What a client's token changes: its own, and nothing of another client's."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from models.typeid import decode, prefix_of
from resolvers.database.runtime import Runtime
from tests.support.api import Org, make_org
from tests.support.id_positions import missing
from tests.support.refusals import error, unchanged
from tests.support.reserved import HIDDEN
from tests.support.two_clients import TwoClients, two_clients

TRANSITION = "mutation($input: TransitionOrderInput!) { transitionOrder(input: $input) { order { id status } } }"
MESSAGE = """mutation($input: CreateMessageInput!) { createMessage(input: $input) { message {
  author { kind name } visibility order { id clientId } } } }"""
REPLY = (
    "mutation($input: CreateReplyInput!) { createReply(input: $input) { reply { author { kind name } visibility } } }"
)
TICKET = (
    "mutation($input: CreateTicketInput!) { createTicket(input: $input) { ticket { id clientId orderId status } } }"
)


@pytest.fixture(scope="module")
async def two(api: str, api_runtime: Runtime) -> AsyncIterator[TwoClients]:
    """Two clients, for tests that change nothing of theirs."""
    org = await make_org(api_runtime, api)
    yield await two_clients(org)
    await org.close()


async def test_changes_to_what_is_another_clients(two: TwoClients) -> None:
    theirs = two.theirs
    async with unchanged(two.org):
        for key in (theirs["order"], missing(theirs["order"])):
            error(await two.ada.graphql(TRANSITION, input={"id": key, "to": "SUBMITTED"}), 200, "NOT_FOUND", "input.id")
            answer = await two.ada.graphql(MESSAGE, input={"orderId": key, "body": "x"})
            error(answer, 200, "BAD_INPUT", "input.orderId")
            answer = await two.ada.graphql(TICKET, input={"orderId": key, "subject": "x"})
            error(answer, 200, "BAD_INPUT", "input.orderId")
        for key in (theirs["ticket"], missing(theirs["ticket"])):
            answer = await two.ada.graphql(REPLY, input={"ticketId": key, "body": "x"})
            error(answer, 200, "BAD_INPUT", "input.ticketId")
        for key in (theirs["client"], missing(theirs["client"])):
            answer = await two.ada.graphql(TICKET, input={"clientId": key, "subject": "x"})
            error(answer, 200, "BAD_INPUT", "input.clientId")
        answer = await two.ada.graphql(
            MESSAGE, input={"orderId": two.mine["order"], "body": "x", "authorKind": "STAFF"}
        )
        assert error(answer, 403, "FORBIDDEN", "input.authorKind")["path"] == ["createMessage"]
        answer = await two.ada.graphql(TRANSITION, input={"id": two.mine["order"], "to": "CANCELLED", "reason": "x"})
        error(answer, 403, "FORBIDDEN", "input.to")


async def test_what_is_another_clients_takes_the_statements_of_what_is_not_there(two: TwoClients) -> None:
    """So that the time of a refusal does not tell whether there is such an object."""
    asked: list[tuple[str, str, str, dict[str, Any]]] = [
        (TRANSITION, "id", "order", {"to": "SUBMITTED"}), (MESSAGE, "orderId", "order", {"body": "x"}),
        (TICKET, "orderId", "order", {"subject": "x"}), (TICKET, "clientId", "client", {"subject": "x"}),
        (REPLY, "ticketId", "ticket", {"body": "x"}),
    ]  # fmt: skip
    for text, name, noun, beside in asked:
        keys = two.theirs[noun], missing(two.theirs[noun])
        taken = [_statements(await two.ada.graphql(text, input={name: key} | beside)) for key in keys]
        assert len({*taken}) == 1, (text, taken)
    for noun in ("order", "ticket", "invoice", "message", "service", "subscription"):
        keys = two.theirs[noun], missing(two.theirs[noun])
        text = f"query($id: ID!) {{ {noun}(id: $id) {{ id }} }}"
        assert len({_statements(await two.ada.graphql(text, id=key)) for key in keys}) == 1, noun
    drafted = (two.theirs["invoice"], missing(two.theirs["invoice"]), two.unseen["invoice"])
    answers = [await two.ada.http.get(f"/api/v1/invoices/{key}.pdf") for key in drafted]
    assert len({_statements(answer) for answer in answers}) == 1


def _statements(answer: httpx.Response) -> int:
    return int(answer.headers["server-timing"].split('"')[1])


async def test_what_a_client_writes(acme: Org) -> None:
    two = await two_clients(acme)
    ada, mine = two.ada, two.mine
    author = {"author": {"kind": "CLIENT", "name": "Ada"}, "visibility": "PUBLIC"}
    data = await ada.data(MESSAGE, input={"orderId": mine["order"], "body": "Hi"})
    order = {"id": mine["order"], "clientId": mine["client"]}
    assert data["createMessage"]["message"] == author | {"order": order}
    await acme.rows("update tickets set status = 'PENDING' where id = $1", decode("ticket", mine["ticket"]))
    data = await ada.data(REPLY, input={"ticketId": mine["ticket"], "body": "Hi"})
    assert data["createReply"]["reply"] == author
    assert (await ada.data("query($id: ID!) { ticket(id: $id) { status } }", id=mine["ticket"]))["ticket"][
        "status"
    ] == "OPEN"
    made = (await ada.data(TICKET, input={"subject": "Help"}))["createTicket"]["ticket"]
    assert (made["clientId"], made["orderId"]) == (mine["client"], None)
    answer = await ada.http.post("/api/v1/tickets", json={"subject": "Help", "orderId": mine["order"]})
    assert (answer.status_code, answer.json()["data"]["clientId"]) == (201, mine["client"])
    assert not answer.json()["data"].keys() & HIDDEN["Ticket"]
    assert (await ada.http.get(answer.headers["location"])).json() == answer.json()
    made = (await ada.data(TICKET, input={"subject": "Help", "orderId": mine["order"]}))["createTicket"]["ticket"]
    assert (made["clientId"], made["orderId"]) == (mine["client"], mine["order"])
    moved = (await ada.data(TRANSITION, input={"id": mine["order"], "to": "SUBMITTED"}))["transitionOrder"]["order"]
    assert moved["status"] == "SUBMITTED"
    error(await ada.graphql(TRANSITION, input={"id": mine["order"], "to": "COMPLETED"}), 200, "INVALID_TRANSITION")
    rows = await acme.rows(
        "select action, actor_id, actor_name from audit_entries where actor_kind = 'CLIENT' order by id"
    )
    assert {(row["actor_id"], row["actor_name"]) for row in rows} == {(mine["client"], "Ada")}
    assert {row["action"] for row in rows} == {
        "message:create", "reply:create", "ticket:create", "ticket:update", "ticket:transition", "order:transition",
    }  # fmt: skip
    assert prefix_of(mine["client"]) == "client"
