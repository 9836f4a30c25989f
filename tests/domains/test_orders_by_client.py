"""Orders in the order of their clients' names: over both APIs, who may ask, and what a client's token sees of it."""

from tests.support.api import Org, new_client, new_order, new_service
from tests.support.openapi import openapi
from tests.support.refusals import error, problem
from tests.support.tokens import as_client

PAGE = """query($o: [OrderOrder!], $first: Int, $after: String) {
  orders(orderBy: $o, first: $first, after: $after) { nodes { id } pageInfo { endCursor } } }"""
BY_NAME = [{"field": "CLIENT_NAME", "direction": "ASC"}]


async def test_both_apis_sort_by_the_name(acme: Org, other: Org) -> None:
    await new_order(other)
    service = (await new_service(acme))["publicId"]
    made = {}
    for name in ("beta", "Alpha", "Gamma"):
        client = (await new_client(acme, name=name))["publicId"]
        made[name] = [(await new_order(acme, client, service))["publicId"] for _ in range(2)]
    wanted = [*made["Alpha"], *made["beta"], *made["Gamma"]]
    found = await acme.data(PAGE, o=BY_NAME)
    assert [node["id"] for node in found["orders"]["nodes"]] == wanted
    ids: list[str] = []
    cursor = None
    while cursor is not None or not ids:
        sent = {"sort": "-clientName", "limit": "2"} | ({} if cursor is None else {"cursor": cursor})
        page = (await acme.http.get("/api/v1/orders", params=sent)).json()
        ids += [order["publicId"] for order in page["data"]]
        cursor = page["pagination"]["nextCursor"]
    assert ids == wanted[::-1]
    page = (await acme.http.get("/api/v1/orders", params={"sort": "clientName,-createdAt"})).json()
    turned = [each for name in ("Alpha", "beta", "Gamma") for each in made[name][::-1]]
    assert [order["publicId"] for order in page["data"]] == turned
    page = (await acme.http.get("/api/v1/orders", params={"sort": "clientName", "page": "2", "limit": "4"})).json()
    assert [order["publicId"] for order in page["data"]] == wanted[4:]


async def test_a_client_s_token_sees_its_own(acme: Org) -> None:
    service = (await new_service(acme))["publicId"]
    mine = (await new_client(acme, name="Beta"))["publicId"]
    await new_order(acme, (await new_client(acme, name="Alpha"))["publicId"], service)
    orders = [(await new_order(acme, mine, service))["publicId"] for _ in range(3)]
    found = await (await as_client(acme, mine)).data(PAGE, o=BY_NAME)
    assert [node["id"] for node in found["orders"]["nodes"]] == orders


async def test_it_needs_the_scope_to_read_clients(acme: Org) -> None:
    """A cursor holds the name."""
    await new_order(acme)
    some = acme.holding(await acme.new_key("orders:read"))
    assert (await some.data(PAGE, o=[]))["orders"]["nodes"]
    for answer in (
        await some.graphql(PAGE, o=BY_NAME),
        await some.graphql("{ orders(orderBy: [{field: CLIENT_NAME}]) { nodes { id } } }"),
    ):
        assert error(answer, 403, "FORBIDDEN")["scope"] == "clients:read"
    problem(await some.http.get("/api/v1/orders", params={"sort": "clientName"}), 403, "FORBIDDEN")


async def test_what_cannot_be_had_is_named(acme: Org) -> None:
    for order in (
        "{field: TOTAL}, {field: CLIENT_NAME}",
        "{field: CLIENT_NAME}, {field: TOTAL}",
        "{field: CLIENT_NAME}, {field: TOTAL}, {field: CREATED_AT}",
    ):
        answer = await acme.graphql(f"{{ orders(orderBy: [{order}]) {{ nodes {{ id }} }} }}")
        error(answer, 200, "BAD_INPUT", "orderBy")
        said = "CLIENT_NAME must be first, and only CREATED_AT can follow it."
        assert answer.json()["errors"][0]["message"] == said
    await new_order(acme)
    nested = "{ services { nodes { orders(orderBy: [{field: CLIENT_NAME}]) { nodes { id } } } } }"
    answer = await acme.graphql(nested)
    error(answer, 200, "BAD_INPUT", "orderBy")
    said = "A list below another object cannot be sorted by CLIENT_NAME: filter all orders by that object instead."
    assert answer.json()["errors"][0]["message"] == said
    for sort in ("total,clientName", "clientName,-total"):
        answer = await acme.http.get("/api/v1/orders", params={"sort": sort})
        found = problem(answer, 400, "BAD_INPUT", "query.sort")
        assert found["detail"] == "clientName must be first, and only createdAt can follow it."
    (parameter,) = (
        each for each in openapi()["paths"]["/api/v1/orders"]["get"]["parameters"] if each.get("name") == "sort"
    )
    assert "it must be first, and only `createdAt` can follow it" in parameter["description"]
