"""Clients through every room: the graph, the routes, the rows and what they leave behind."""

import pytest

from tests.support.api import Org, new_client, new_order

CREATE = """mutation($input: CreateClientInput!) {
  createClient(input: $input) { client { id name email version tags } } }"""
UPDATE = "mutation($input: UpdateClientInput!) { updateClient(input: $input) { client { id name company version } } }"
DELETE = "mutation($input: DeleteClientInput!) { deleteClient(input: $input) { deletedId client { status } } }"
ONE = "query($id: ID!) { client(id: $id) { id name email company status metadata createdAt updatedAt version } }"


async def test_a_client_is_created_read_changed_and_deleted(acme: Org) -> None:
    given = {"name": "  Zoë  ", "email": "Zoe@Example.com", "tags": ["a", "a", "b"], "metadata": {"crm": "7"}}
    made = (await acme.data(CREATE, input=given))["createClient"]["client"]
    assert made == {"id": made["id"], "name": "Zoë", "email": "Zoe@Example.com", "version": 1, "tags": ["a", "b"]}
    read = (await acme.data(ONE, id=made["id"]))["client"]
    assert (read["metadata"], read["status"], read["company"]) == ({"crm": "7"}, "LEAD", None)
    assert read["createdAt"][-1] == "Z"
    changed = await acme.data(UPDATE, input={"id": made["id"], "company": "ACME", "expectedVersion": 1})
    assert changed["updateClient"]["client"] == {"id": made["id"], "name": "Zoë", "company": "ACME", "version": 2}
    cleared = await acme.data(UPDATE, input={"id": made["id"], "company": None})
    assert cleared["updateClient"]["client"]["company"] is None
    same = await acme.data(UPDATE, input={"id": made["id"], "company": None})
    assert same["updateClient"]["client"]["version"] == 3
    gone = (await acme.data(DELETE, input={"id": made["id"]}))["deleteClient"]
    assert gone == {"deletedId": made["id"], "client": None}
    assert (await acme.data(ONE, id=made["id"]))["client"] is None
    actions = [row["action"] for row in await acme.rows("select action from audit_entries order by id")][2:]
    assert actions == ["client:create", "client:update", "client:update", "client:delete"]
    events = [row["type"] for row in await acme.rows("select type from events order by id")]
    assert events == ["client.created", "client.updated", "client.updated", "client.deleted"]
    assert await acme.count("search_words") == 0
    assert await acme.count("tag_uses") == 0


async def test_a_client_with_orders_is_archived_instead(acme: Org) -> None:
    order = await new_order(acme)
    answer = await acme.data(DELETE, input={"id": order["clientId"]})
    assert answer["deleteClient"] == {"deletedId": None, "client": {"status": "ARCHIVED"}}
    again = await acme.http.delete(f"/api/v1/clients/{order['clientId']}")
    assert again.status_code == 204
    read = await acme.http.get(f"/api/v1/clients/{order['clientId']}")
    assert (read.status_code, read.json()["data"]["status"], read.json()["data"]["version"]) == (200, "ARCHIVED", 2)


async def test_an_email_is_unique_without_case(acme: Org, other: Org) -> None:
    await new_client(acme, email="ada@example.com")
    before = await acme.count("audit_entries")
    taken = await acme.http.post("/api/v1/clients", json={"name": "B", "email": "ADA@example.com"})
    assert (taken.status_code, taken.json()["code"], taken.json()["reason"]) == (409, "CONFLICT", "EMAIL_TAKEN")
    assert taken.json()["errors"][0]["field"] == "body.email"
    assert (await acme.count("clients"), await acme.count("audit_entries")) == (1, before)
    await new_client(other, email="ada@example.com")


async def test_all_errors_of_an_input_come_at_once(acme: Org) -> None:
    wrong = {"name": " ", "email": "nobody", "tags": ["x" * 41], "phone": "a\x00b"}
    found = await acme.refused(CREATE, input=wrong)
    assert sorted(found, key=str) == [
        ("BAD_INPUT", "input.email"),
        ("BAD_INPUT", "input.name"),
        ("BAD_INPUT", "input.phone"),
        ("BAD_INPUT", "input.tags.0"),
    ]
    mixed = await acme.refused(CREATE, input={"name": 5, "email": "nobody"})
    assert sorted(mixed, key=str) == [("BAD_INPUT", "input.email"), ("BAD_INPUT", "input.name")]
    assert await acme.count("clients") == 0


async def test_a_stale_version_changes_nothing(acme: Org) -> None:
    made = await new_client(acme)
    await acme.data(UPDATE, input={"id": made["publicId"], "company": "A", "expectedVersion": 1})
    answer = await acme.graphql(UPDATE, input={"id": made["publicId"], "company": "B", "expectedVersion": 1})
    error = answer.json()["errors"][0]["extensions"]
    assert (error["code"], error["status"], error["currentVersion"]) == ("VERSION_MISMATCH", 412, 2)
    rest = await acme.http.put(
        f"/api/v1/clients/{made['publicId']}", json={"company": "B"}, headers={"If-Match": '"1"'}
    )
    assert (rest.status_code, rest.json()["code"]) == (412, "VERSION_MISMATCH")
    read = await acme.http.get(f"/api/v1/clients/{made['publicId']}")
    assert (read.json()["data"]["company"], read.headers["etag"]) == ("A", '"2"')


async def test_pages_walk_both_ways_and_count(acme: Org) -> None:
    made = [(await new_client(acme, name=f"Client {index:02}"))["publicId"] for index in range(7)]
    query = """query($first: Int, $after: String, $last: Int, $before: String, $page: Int, $orderBy: [ClientOrder!]) {
      clients(first: $first, after: $after, last: $last, before: $before, page: $page, orderBy: $orderBy) {
        totalCount nodes { id } edges { cursor node { name } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
    for order in ([], [{"field": "NAME", "direction": "ASC"}], [{"field": "UPDATED_AT", "direction": "DESC"}]):
        expected = made if order and order[0]["direction"] == "ASC" else made[::-1]
        walked, cursor = [], None
        while True:
            page = (await acme.data(query, first=3, after=cursor, orderBy=order))["clients"]
            assert page["totalCount"] == 7
            walked += [node["id"] for node in page["nodes"]]
            cursor = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        assert walked == expected
        back = (await acme.data(query, last=3, before=cursor, orderBy=order))["clients"]
        assert [node["id"] for node in back["nodes"]] == expected[3:6]
        assert back["pageInfo"]["hasPreviousPage"] is True
        second = (await acme.data(query, first=3, page=2, orderBy=order))["clients"]
        assert [node["id"] for node in second["nodes"]] == expected[3:6]


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ({"search": "ada"}, ["Ada"]),
        ({"search": "AD lov"}, ["Ada"]),
        ({"search": "nobody"}, []),
        ({"email": {"eq": "ADA@x.example"}}, ["Ada"]),
        ({"name": {"startsWith": "b"}}, ["Bob"]),
        ({"status": {"in": ["ACTIVE"]}}, ["Bob"]),
        ({"status": {"notIn": ["ACTIVE"]}}, ["Ada"]),
        ({"tags": {"has": "vip"}}, ["Ada"]),
        ({"tags": {"hasAny": ["vip", "new"]}}, ["Ada", "Bob"]),
        ({"not": {"tags": {"has": "vip"}}}, ["Bob"]),
        ({"or": [{"name": {"eq": "ada"}}, {"name": {"eq": "bob"}}]}, ["Ada", "Bob"]),
        ({"and": [{"name": {"eq": "ada"}}, {"name": {"eq": "bob"}}]}, []),
        ({"or": []}, []),
        ({"createdAt": {"gt": "2100-01-01T00:00:00Z"}}, []),
        ({"createdAt": {"gte": "2020-01-01T00:00:00+02:00"}}, ["Ada", "Bob"]),
        ({"orders": {"some": {"status": {"eq": "PENDING"}}}}, ["Ada"]),
        ({"orders": {"none": {"client": {"name": {"eq": "ada"}}}}}, ["Bob"]),
    ],
)
async def test_filters_find_what_they_say(acme: Org, filter_: dict[str, object], found: list[str]) -> None:
    ada = await new_client(acme, name="Ada", email="ada@x.example", company="Lovelace & Co", tags=["vip"])
    await new_client(acme, name="Bob", email="bob@x.example", status="ACTIVE", tags=["new"])
    await new_order(acme, ada["publicId"])
    query = """query($filter: ClientFilter) { clients(filter: $filter, orderBy: [{field: NAME}]) {
      totalCount nodes { name } } }"""
    page = (await acme.data(query, filter=filter_))["clients"]
    assert [node["name"] for node in page["nodes"]] == found
    assert page["totalCount"] == len(found)


COUNTS = "{ clients(orderBy: [{field: NAME}]) { nodes { name orderCounts { status count } } } }"


async def test_orders_are_counted_by_status_by_one_statement_for_a_page(acme: Org, other: Org) -> None:
    ada, bob = (await new_client(acme, name="Ada"))["publicId"], (await new_client(acme, name="Bob"))["publicId"]
    await new_client(acme, name="Cy")
    orders = [(await new_order(acme, client=client))["publicId"] for client in (ada, ada, ada, bob)]
    await new_order(other)
    for path, status in ((orders[0], "SUBMITTED"), (orders[3], "CANCELLED")):
        body = {"status": status} | ({"statusReason": "x"} if status == "CANCELLED" else {})
        assert (await acme.http.put(f"/api/v1/orders/{path}", json=body)).status_code == 200
    answer = await acme.graphql(COUNTS)
    assert [(node["name"], node["orderCounts"]) for node in answer.json()["data"]["clients"]["nodes"]] == [
        ("Ada", [{"status": "PENDING", "count": 2}, {"status": "SUBMITTED", "count": 1}]),
        ("Bob", [{"status": "CANCELLED", "count": 1}]),
        ("Cy", []),
    ]
    assert answer.headers["server-timing"] == 'sql;desc="2"'
    weak = acme.holding(await acme.new_key("clients:read"))
    async with weak.http:
        details = (await weak.graphql(COUNTS)).json()["errors"][0]["extensions"]
        assert (details["code"], details["scope"]) == ("FORBIDDEN", "orders:read")
