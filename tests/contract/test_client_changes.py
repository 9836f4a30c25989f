"""What a client's token may change, as the graph lists it, and what counts as given by it."""

from typing import Any

import pytest

from models.typeid import decode
from tests.support.api import Org
from tests.support.refusals import error, unchanged
from tests.support.two_clients import two_clients

TRANSITION = "mutation($input: TransitionOrderInput!) { transitionOrder(input: $input) { order { id status } } }"


async def test_only_what_a_client_may_do_is_available_to_it(acme: Org) -> None:
    two = await two_clients(acme)
    transitions = "availableTransitions { to allowed }"
    text = f"""query($o: ID!, $t: ID!, $s: ID!) {{ order(id: $o) {{ {transitions} }} ticket(id: $t) {{ {transitions} }}
      subscription(id: $s) {{ {transitions} }} }}"""
    ids = {"o": two.mine["order"], "t": two.mine["ticket"], "s": two.mine["subscription"]}

    async def told(org: Org) -> dict[str, list[str]]:
        found = await org.data(text, **ids)
        return {key: [each["to"] for each in found[key]["availableTransitions"]] for key in found}

    assert await told(two.ada) == {"order": ["SUBMITTED"], "ticket": [], "subscription": []}
    assert {key for key, found in (await told(acme)).items() if len(found) > 1} == {"order", "ticket", "subscription"}
    wrong = {"id": two.mine["order"], "to": "COMPLETED"}
    async with unchanged(acme):
        for org, allowed in ((two.ada, ["SUBMITTED"]), (acme, ["SUBMITTED", "CANCELLED"])):
            answer = await org.graphql(TRANSITION, input=wrong)
            assert error(answer, 200, "INVALID_TRANSITION", "input.to")["allowed"] == allowed
    for status, left in (("IN_PROGRESS", []), ("DELIVERED", ["COMPLETED", "REVISION_REQUESTED"]), ("COMPLETED", [])):
        await acme.rows("update orders set status = $1 where id = $2", status, decode("order", two.mine["order"]))
        assert (await told(two.ada))["order"] == left


MESSAGE = "mutation($input: CreateMessageInput!) { createMessage(input: $input) { message { author { kind name } } } }"
TICKET = "mutation($input: CreateTicketInput!) { createTicket(input: $input) { ticket { subject } } }"


@pytest.mark.parametrize(
    "author", [{"authorKind": "CLIENT"}, {"authorKind": "CLIENT", "authorName": "Ada"}, {"authorName": "Ada"}]
)
async def test_a_client_may_say_who_it_is(acme: Org, author: dict[str, Any]) -> None:
    two = await two_clients(acme)
    found = await two.ada.data(MESSAGE, input={"orderId": two.mine["order"], "body": "x", **author})
    assert found["createMessage"]["message"]["author"] == {"kind": "CLIENT", "name": "Ada"}


async def test_what_is_empty_is_not_given(acme: Org) -> None:
    two = await two_clients(acme)
    orders = "query($f: OrderFilter) { orders(filter: $f) { totalCount } }"
    for search in ("", " ", "?"):
        assert (await two.ada.data(orders, f={"search": search}))["orders"]["totalCount"] == 2
    error(await two.ada.graphql(orders, f={"search": "x"}), 403, "FORBIDDEN", "filter.search")
    made = await two.ada.data(TICKET, input={"subject": "x", "tags": [], "metadata": {}})
    assert made["createTicket"]["ticket"] == {"subject": "x"}


async def test_a_field_that_there_is_not_is_said_to_a_client_as_to_a_key(acme: Org) -> None:
    two = await two_clients(acme)
    wrong = {"subject": "s", "bdy": "x"}
    literal = TICKET.replace("($input: CreateTicketInput!)", "").replace("$input", '{subject: "s", bdy: "x"}')
    async with unchanged(acme):
        for org in (two.ada, acme):
            found = error(await org.graphql(TICKET, input=wrong), 200, "BAD_INPUT", "input.bdy")
            assert found["reason"] == "UNKNOWN_FIELD"
            error(await org.graphql(literal), 200, "GRAPHQL_VALIDATION_FAILED", "input.bdy")
