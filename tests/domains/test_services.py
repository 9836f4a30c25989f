"""Services: the catalogue, its prices and intervals, and what keeps a service that was ordered."""

from typing import Any

import pytest

from tests.support.api import Org, new_order, new_service
from tests.support.refusals import error, problem, unchanged

SERVICES = "/api/v1/services"
CREATE = """mutation($input: CreateServiceInput!) {
  createService(input: $input) { service { id name price currency billing interval status version } } }"""
UPDATE = """mutation($input: UpdateServiceInput!) {
  updateService(input: $input) { service { price billing interval status version } } }"""
DELETE = "mutation($input: DeleteServiceInput!) { deleteService(input: $input) { deletedId } }"
LIST = """query($filter: ServiceFilter, $orderBy: [ServiceOrder!]) {
  services(filter: $filter, orderBy: $orderBy) { totalCount nodes { name } } }"""


async def actions(org: Org) -> list[str]:
    """The actions of the audit log on services, in order."""
    found = await org.rows("select action from audit_entries where action like 'service:%' order by id")
    return [row["action"] for row in found]


async def test_a_currency_with_too_many_characters_is_refused_in_plain_words(acme: Org) -> None:
    async with unchanged(acme):
        answer = await acme.graphql(CREATE, input={"name": "Film", "price": 1, "currency": "EURO"})
        assert error(answer, 200, "BAD_INPUT", "input.currency")["reason"] == "INVALID_FORMAT"
    assert answer.json()["errors"][0]["message"].endswith(" It must be an ISO 4217 code in upper case, such as EUR.")


async def test_a_service_is_created_changed_archived_and_deleted(acme: Org) -> None:
    await acme.rows("update organizations set default_currency = 'CHF'")
    made = (await acme.data(CREATE, input={"name": " Film ", "price": 9_900}))["createService"]["service"]
    key = made.pop("id")
    assert made == {
        "name": "Film", "price": 9_900, "currency": "CHF", "billing": "ONE_TIME", "interval": None, "status": "DRAFT",
        "version": 1,
    }  # fmt: skip
    await acme.data(UPDATE, input={"id": key, "price": 12_000})
    for _ in range(2):
        changed = (await acme.data(UPDATE, input={"id": key, "status": "ARCHIVED"}))["updateService"]["service"]
        assert changed == {"price": 12_000, "billing": "ONE_TIME", "interval": None, "status": "ARCHIVED", "version": 3}
    assert await acme.data(DELETE, input={"id": key}) == {"deleteService": {"deletedId": key}}
    assert await actions(acme) == ["service:create", "service:update", "service:archive", "service:delete"]
    events = [row["type"] for row in await acme.rows("select type from events order by id")]
    assert events == ["service.created", "service.updated", "service.updated", "service.deleted"]
    assert [await acme.count(table) for table in ("services", "search_words", "tag_uses")] == [0, 0, 0]


@pytest.mark.parametrize(
    ("before", "given", "reason"),
    [
        ({}, {"billing": "RECURRING"}, "REQUIRED"),
        ({}, {"interval": "WEEK"}, "NOT_ALLOWED"),
        ({"billing": "RECURRING", "interval": "WEEK"}, {"billing": "ONE_TIME"}, "NOT_ALLOWED"),
        ({"billing": "RECURRING", "interval": "WEEK"}, {"interval": None}, "REQUIRED"),
    ],
)
async def test_billing_and_interval_go_together_after_a_change_too(
    acme: Org, before: dict[str, Any], given: dict[str, Any], reason: str
) -> None:
    key = (await new_service(acme, **before))["publicId"]
    async with unchanged(acme):
        answer = await acme.graphql(UPDATE, input=given | {"id": key, "price": 1})
        extensions = error(answer, 200, "BAD_INPUT", "input.interval")
        assert (extensions["status"], extensions["reason"]) == (400, reason)
        details = problem(await acme.http.put(f"{SERVICES}/{key}", json=given), 400, "BAD_INPUT", "body.interval")
        assert details["errors"][0]["code"] == reason
    other = {"billing": "ONE_TIME", "interval": None} if before else {"billing": "RECURRING", "interval": "YEAR"}
    changed = (await acme.data(UPDATE, input=other | {"id": key}))["updateService"]["service"]
    assert (changed["billing"], changed["interval"], changed["version"]) == (*other.values(), 2)


async def test_an_order_keeps_its_service_and_the_price_that_it_had(acme: Org) -> None:
    order = await new_order(acme, quantity=2)
    key = order["serviceId"]
    async with unchanged(acme):
        extensions = error(await acme.graphql(DELETE, input={"id": key}), 200, "CONFLICT", "input.id")
        assert (extensions["status"], extensions["reason"]) == (409, "HAS_ORDERS")
    await acme.data(UPDATE, input={"id": key, "price": 20_000, "status": "ARCHIVED"})
    read = (await acme.http.get(f"/api/v1/orders/{order['publicId']}")).json()["data"]
    assert (read["unitPrice"], read["total"], read["version"]) == (15_000, 30_000, 1)
    body = {"clientId": order["clientId"], "serviceId": key}
    async with unchanged(acme):
        details = problem(await acme.http.post("/api/v1/orders", json=body), 400, "BAD_INPUT", "body.serviceId")
        assert details["errors"][0]["code"] == "NOT_ALLOWED"
        # It is archived: the error does not tell to archive it.
        answer = (await acme.graphql(DELETE, input={"id": key})).json()
        assert answer["errors"][0]["message"] == "Orders refer to the service, which is archived already."


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ({"price": {"gte": 200}}, ["Film", "Logo"]),
        ({"price": {"eq": 100}}, ["Audio"]),
        ({"name": {"startsWith": "LO"}}, ["Logo"]),
        ({"status": {"in": ["ACTIVE"]}}, ["Audio"]),
        ({"search": "moving"}, ["Film"]),
        ({"tags": {"has": "print"}}, ["Logo"]),
        ({"orders": {"none": {}}}, ["Audio", "Film", "Logo"]),
    ],
)
async def test_filters_and_orders_find_what_they_say(acme: Org, filter_: dict[str, Any], found: list[str]) -> None:
    await new_service(acme, name="Logo", price=300, status="DRAFT", tags=["print"])
    await new_service(acme, name="Film", price=200, status="DRAFT", description="Moving pictures")
    await new_service(acme, name="Audio", price=100)
    for name in ("NAME", "PRICE"):
        page = (await acme.data(LIST, filter=filter_, orderBy=[{"field": name, "direction": "ASC"}]))["services"]
        assert page == {"totalCount": len(found), "nodes": [{"name": each} for each in found]}


async def test_services_are_found_by_their_billing(acme: Org) -> None:
    once = await new_service(acme)
    monthly = await new_service(acme, billing="RECURRING", interval="MONTH")
    text = "query($f: ServiceFilter) { services(filter: $f) { nodes { id } } }"
    for condition, found in (
        ({"eq": "RECURRING"}, [monthly]),
        ({"notIn": ["RECURRING"]}, [once]),
        ({"in": ["RECURRING", "ONE_TIME"]}, [monthly, once]),
    ):
        nodes = (await acme.data(text, f={"billing": condition}))["services"]["nodes"]
        assert nodes == [{"id": service["publicId"]} for service in found], condition
