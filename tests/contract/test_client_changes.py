"""What a client's token is told that it may change, and what counts as given by it."""

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
