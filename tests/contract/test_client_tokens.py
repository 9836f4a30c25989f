"""What another client has is for a client's token as what is not there, by every road: looked up, listed, counted,
filtered, searched, downloaded, referred to. Positions of ids are found in the schema."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from resolvers.database.runtime import Runtime
from schema.requests.tools import OFFERED
from tests.support.api import make_org
from tests.support.id_positions import AT_ONCE, POSITIONS, IdPosition, asking, missing
from tests.support.mcp import connected, listed
from tests.support.openapi import openapi, validator
from tests.support.refusals import error, problem, unchanged
from tests.support.reserved import CLIENT, HIDDEN, is_open
from tests.support.two_clients import NOUNS, TwoClients, two_clients

LISTS = {
    "clients": ("", {"client"}), "services": ("", {"service", "shared"}), "orders": ("", {"order"}),
    "invoices": ("", {"invoice"}), "tickets": ("", {"ticket"}), "subscriptions": ("", {"subscription"}),
}  # fmt: skip


@pytest.fixture(scope="module")
async def two(api: str, api_runtime: Runtime) -> AsyncIterator[TwoClients]:
    """Two clients, for tests that change nothing of theirs."""
    org = await make_org(api_runtime, api)
    yield await two_clients(org)
    await org.close()


def _values(position: IdPosition, ids: dict[str, str]) -> list[Any]:
    """What is put at a position: an id of its noun, or of each type."""
    nouns = NOUNS if position.noun is None else (position.noun,)
    found = [ids[noun] for noun in nouns if noun in ids]
    return [found] if position.many and found else found


def _asked(two: TwoClients, parent: str) -> list[tuple[IdPosition, Any]]:
    """The positions that a client may ask at, each with what the other client has, and with a draft of its own."""
    # Further within a filter a list of ids is read as one is.
    positions = [each for each in POSITIONS[parent] if len(each.path) <= 3 or each.path[-1] != "in"]
    found = [(each, value) for each in positions for ids in (two.theirs, two.unseen) for value in _values(each, ids)]
    return [one for one in found if is_open(CLIENT, *asking(two.mine, [one]))]


async def _said(two: TwoClients, asked: Sequence[tuple[IdPosition, Any]]) -> list[Any]:
    found: list[Any] = []
    for start in range(0, len(asked), AT_ONCE):
        part = asked[start : start + AT_ONCE]
        text, variables = asking(two.mine, part)
        answer = (await two.ada.graphql(text, **variables)).json()
        assert "errors" not in answer, answer
        data = answer["data"].get("node", answer["data"])
        found += [data[f"a{number}"] for number in range(len(part))]
    return found


@pytest.mark.parametrize("parent", ["Query", *sorted(HIDDEN.keys() & POSITIONS.keys())])
async def test_an_id_of_another_client_finds_what_no_id_finds(two: TwoClients, parent: str) -> None:
    asked = _asked(two, parent)
    assert len(asked) > 3
    async with unchanged(two.org):
        foreign = await _said(two, asked)
        nobody = await _said(two, [(each, missing(value)) for each, value in asked])
    assert [str(each) for (each, _), one, other in zip(asked, foreign, nobody, strict=True) if one != other] == []


async def test_ids_of_ones_own_are_found(two: TwoClients) -> None:
    """So that the comparison says something."""
    by_id = [each for each in POSITIONS["Query"] if len(each.path) == 1 or each.path[1] == "id"]
    asked = [(each, value) for each in by_id for value in _values(each, two.mine)]
    asked = [one for one in asked if is_open(CLIENT, *asking(two.mine, [one]))]
    assert len(asked) > 20
    found = await _said(two, asked)
    nobody = await _said(two, [(each, missing(value)) for each, value in asked])
    assert [str(each) for (each, _), one, other in zip(asked, found, nobody, strict=True) if one == other] == []


@pytest.mark.parametrize("name", LISTS)
async def test_lists_and_their_counts(two: TwoClients, name: str) -> None:
    _, nouns = LISTS[name]
    at_least = {two.shared if noun == "shared" else two.mine[noun] for noun in nouns}
    for arguments in ("first: 100", "last: 100", "first: 100, page: 1", "first: 100, filter: {not: {id: {in: []}}}"):
        found = (await two.ada.data(f"{{ {name}({arguments}) {{ nodes {{ id }} totalCount }} }}"))[name]
        ids = {node["id"] for node in found["nodes"]}
        assert at_least <= ids
        assert found["totalCount"] == len(ids)
        assert ids == {*await _own(two, name)}


async def _own(two: TwoClients, name: str) -> list[str]:
    """What the organization's key finds by the client."""
    if name == "clients":
        return [two.mine["client"]]
    if name == "services":
        return [two.mine["service"], two.shared]
    text = f"query($c: ID!) {{ {name}(first: 100, filter: {{clientId: {{eq: $c}}}}) {{ nodes {{ id }} }} }}"
    found = [node["id"] for node in (await two.org.data(text, c=two.mine["client"]))[name]["nodes"]]
    return [each for each in found if each not in two.unseen.values()]


async def test_related_lists_of_what_both_have(two: TwoClients) -> None:
    text = """{ services(first: 5) { totalCount nodes { id
      orders(first: 5) { totalCount nodes { clientId client { id } service { id } messages { totalCount } } }
      subscriptions(first: 5) { totalCount nodes { clientId client { id } service { id } invoices { totalCount } } }
    } } }"""
    for service in (await two.ada.data(text))["services"]["nodes"]:
        for name in ("orders", "subscriptions"):
            found = service[name]
            assert found["totalCount"] == len(found["nodes"]) == 1
            assert {node["clientId"] for node in found["nodes"]} == {two.mine["client"]}
            assert {node["client"]["id"] for node in found["nodes"]} == {two.mine["client"]}
    text = "query($id: ID!) { order(id: $id) { messages { totalCount } tickets { totalCount } invoice { id } } }"
    assert (await two.ada.data(text, id=two.mine["order"]))["order"] == {
        "messages": {"totalCount": 1}, "tickets": {"totalCount": 1}, "invoice": {"id": two.mine["invoice"]},
    }  # fmt: skip
    # The invoice of this one is a draft.
    assert (await two.ada.data(text, id=two.mine["drafted"]))["order"]["invoice"] is None
    assert (await two.org.data(text, id=two.mine["drafted"]))["order"]["invoice"] == {"id": two.unseen["invoice"]}
    text = "{ clients { nodes { orderCounts { status count } orders { totalCount } totals { currency } } } }"
    (client,) = (await two.ada.data(text))["clients"]["nodes"]
    assert client == {"orderCounts": [{"status": "PENDING", "count": 2}], "orders": {"totalCount": 2}, "totals": []}


async def test_filters_that_lead_to_what_is_another_clients(two: TwoClients) -> None:
    theirs, mine = {"clientId": {"eq": two.theirs["client"]}}, {"clientId": {"eq": two.mine["client"]}}
    text = "query($f: ServiceFilter) { services(filter: $f) { totalCount nodes { id } } }"
    for name in ("orders", "subscriptions"):
        assert (await two.ada.data(text, f={name: {"some": theirs}}))["services"]["totalCount"] == 0
        assert (await two.ada.data(text, f={name: {"some": mine}}))["services"]["totalCount"] == 2
        assert (await two.ada.data(text, f={name: {"none": theirs}}))["services"]["totalCount"] == 2
        assert (await two.ada.data(text, f={"not": {name: {"some": theirs}}}))["services"]["totalCount"] == 2
    text = "query($f: OrderFilter) { orders(filter: $f) { totalCount } }"
    internal = {"messages": {"some": {"visibility": {"eq": "INTERNAL"}}}}
    assert (await two.ada.data(text, f=internal))["orders"]["totalCount"] == 0
    assert (await two.org.data(text, f=internal))["orders"]["totalCount"] == 1
    nothing = {"or": [theirs, {"client": {"name": {"startsWith": "Bob"}}}]}
    assert (await two.ada.data(text, f=nothing))["orders"]["totalCount"] == 0


async def test_searches(two: TwoClients) -> None:
    for name, words in (("clients", "bob"), ("tickets", "bob"), ("tickets", "nobody"), ("services", "draft")):
        text = f'{{ {name}(filter: {{search: "{words}"}}) {{ totalCount nodes {{ id }} }} }}'
        assert (await two.ada.data(text))[name] == {"totalCount": 0, "nodes": []}
        assert (await two.org.data(text))[name]["totalCount"] == 1
    assert (await two.ada.data('{ clients(filter: {search: "ada"}) { totalCount } }'))["clients"]["totalCount"] == 1


async def test_what_is_internal(two: TwoClients) -> None:
    text = "query($o: ID!, $m: ID!) { messages(orderId: $o) { totalCount nodes { id } } message(id: $m) { id } }"
    found = await two.ada.data(text, o=two.mine["order"], m=two.internal)
    assert found == {"messages": {"totalCount": 1, "nodes": [{"id": two.mine["message"]}]}, "message": None}
    text = "query($t: ID!) { replies(ticketId: $t) { totalCount } ticket(id: $t) { replies { totalCount } } }"
    found = await two.ada.data(text, t=two.mine["ticket"])
    assert found == {"replies": {"totalCount": 1}, "ticket": {"replies": {"totalCount": 1}}}


async def test_files(two: TwoClients) -> None:
    answer = await two.ada.http.get(f"/api/v1/invoices/{two.mine['invoice']}.pdf", timeout=60)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    for key in (two.theirs["invoice"], missing(two.theirs["invoice"]), two.unseen["invoice"]):
        problem(await two.ada.http.get(f"/api/v1/invoices/{key}.pdf"), 404, "NOT_FOUND", "path.publicId")
    for path in ("reports/x.csv", "reports/x.svg", "exports/x.jsonl"):
        problem(await two.ada.http.get(f"/api/v1/{path}"), 403, "FORBIDDEN")


async def test_rest_and_mcp(two: TwoClients) -> None:
    answer = await two.ada.http.get(f"/api/v1/messages?orderId={two.mine['order']}")
    assert [each["publicId"] for each in answer.json()["data"]] == [two.mine["message"]]
    answer = await two.ada.http.get(f"/api/v1/messages?orderId={two.theirs['order']}")
    assert answer.json()["data"] == []
    for path in ("webhooks", "audit-logs", "org-settings", "forms", "agent-jobs", "api-keys", "reports"):
        problem(await two.ada.http.get(f"/api/v1/{path}"), 403, "FORBIDDEN")
    async with connected(two.ada) as client:
        tools = await listed(client)
        assert {*tools} == {
            *("ListMessages", "GetMessage", "CreateMessage", "ListReplies", "GetReply", "CreateReply"),
            *("CountOrders", "MarkMessagesRead", "TotalInvoices"),
        } & {*OFFERED}
        result = await client.call_tool("ListMessages", {"orderId": two.theirs["order"]})
        assert '"nodes":[]' in str(result).replace(" ", "").replace("'", '"')
        result = await client.call_tool("CreateClient", {"input": {"name": "x", "email": "x@example.com"}})
        assert result.is_error


@pytest.mark.parametrize(
    ("noun", "type_"),
    [("client", "Client"), ("service", "Service"), ("order", "Order"), ("invoice", "Invoice"), ("ticket", "Ticket"),
     ("subscription", "ClientSubscription")],
)  # fmt: skip
async def test_rest_shows_a_client_what_is_its_own_without_what_is_the_staffs(
    two: TwoClients, noun: str, type_: str
) -> None:
    path, hidden = f"/api/v1/{noun}s", HIDDEN[type_]
    ours, whole = [(await org.http.get(f"{path}/{two.mine[noun]}")) for org in (two.ada, two.org)]
    shown = {name: value for name, value in whole.json()["data"].items() if name not in hidden}
    assert (ours.status_code, ours.json()) == (200, {"data": shown})
    assert "metadata" in whole.json()["data"]
    # The document says of these members alone that they may be absent.
    documented = openapi()["components"]["schemas"][type_]
    assert hidden & documented["properties"].keys() == documented["properties"].keys() - {*documented["required"]}
    validator({"$ref": f"#/components/schemas/{type_}"}).validate(ours.json()["data"])
    assert ours.headers["x-graphql-operation"] == whole.headers["x-graphql-operation"]
    listed = (await two.ada.http.get(f"{path}?page=1&limit=100")).json()
    assert {each["publicId"] for each in listed["data"]} == {*await _own(two, f"{noun}s")}
    assert listed["pagination"]["total"] == len(listed["data"])
    assert shown in listed["data"]
    for key in (two.theirs[noun], missing(two.theirs[noun])):
        problem(await two.ada.http.get(f"{path}/{key}"), 404, "NOT_FOUND", "path.publicId")
    async with unchanged(two.org):
        answers = [
            await two.ada.http.request(method, f"{path}/{two.mine[noun]}", json={}) for method in ("PATCH", "DELETE")
        ]
        assert {answer.status_code for answer in answers} <= {403, 405}


async def test_rest_refuses_a_client_what_is_the_staffs(two: TwoClients) -> None:
    async with unchanged(two.org):
        for path in ("orders?tag=x", "clients?tag=x", "orders?search=x", f"tickets?assigneeId={two.mine['ticket']}"):
            name = path.partition("?")[2].partition("=")[0]
            problem(await two.ada.http.get(f"/api/v1/{path}"), 403, "FORBIDDEN", f"query.{name}")
        answer = await two.ada.http.post("/api/v1/tickets", json={"subject": "x", "tags": ["x"]})
        problem(answer, 403, "FORBIDDEN", "body.tags")
        problem(await two.ada.http.post("/api/v1/orders", json={}), 403, "FORBIDDEN")


async def test_a_token_has_no_more_than_its_scopes(two: TwoClients) -> None:
    narrow = two.org.holding((await two.org.data(
        "mutation($input: CreateAccessTokenInput!) { createAccessToken(input: $input) { accessToken } }",
        input={"clientId": two.mine["client"], "scopes": ["messages:read"]},
    ))["createAccessToken"]["accessToken"])  # fmt: skip
    # Whose order a message is of decides, though the token may not see the order.
    text = "query($o: ID!) { messages(orderId: $o) { totalCount } }"
    assert (await narrow.data(text, o=two.mine["order"]))["messages"]["totalCount"] == 1
    assert (await narrow.data(text, o=two.theirs["order"]))["messages"]["totalCount"] == 0
    assert error(await narrow.graphql("{ orders { totalCount } }"), 403, "FORBIDDEN")["scope"] == "orders:read"
