"""Subscriptions: what they copy, which dates they take, what they lead to, and what cannot be deleted for them."""

from datetime import UTC, date, datetime

from models.typeid import decode
from resolvers.jobs.timers import timer_key
from tests.support.api import Org, new_client, new_service
from tests.support.clock import Clock
from tests.support.refusals import error, problem, unchanged
from tests.support.subscriptions import (
    MONTHLY,
    PATH,
    catch_up,
    clock,
    do,
    document,
    events,
    new_subscription,
    periods,
    revenue,
    shown,
    weeks_ago,
)  # fmt: skip

__all__ = ["clock"]


async def test_a_new_one_copies_its_service(acme: Org, clock: Clock) -> None:
    terms = {"interval": "QUARTER", "price": 2_500, "currency": "USD", "taxRate": "5.5"}
    service = await new_service(acme, **MONTHLY | terms)
    made = await new_subscription(acme, service, quantity=3, timezone="Europe/Berlin", metadata={"crm": "7"})
    expected = {
        "serviceId": service["publicId"], "quantity": 3, "unitPrice": 2_500, "currency": "USD", "taxRate": "5.5",
        "interval": "QUARTER", "timezone": "Europe/Berlin", "startDate": "2024-01-10", "trialEnd": None,
        "anchorDate": "2024-01-10", "status": "ACTIVE", "currentPeriodStart": "2024-01-09T23:00:00.000Z",
        "currentPeriodEnd": "2024-04-09T22:00:00.000Z", "cancelAtPeriodEnd": False, "pausedAt": None,
        "cancelledAt": None, "metadata": {"crm": "7"}, "version": 1,
    }  # fmt: skip
    assert {name: made[name] for name in expected} == expected
    key = made["publicId"]
    await acme.http.put(
        f"/api/v1/services/{service['publicId']}", json={"price": 9, "taxRate": "7", "interval": "YEAR"}
    )
    assert await shown(acme, key) == made
    assert await periods(acme, key) == [(0, "2024-01-09 23:00", "DUE")]
    assert await revenue(acme, key) == [(0, 2_500)]
    assert await events(acme, key) == ["created"]
    (job,) = await acme.rows("select * from jobs where subject_id = $1", decode("subscription", key))
    assert (job["state"], job["run_at"]) == ("QUEUED", clock.moment)
    # Each change looks for its organization's seal among the queued jobs of another key.
    assert job["concurrency_key"] == timer_key(acme.id) != acme.id


async def test_it_starts_today_where_it_is(acme: Org, clock: Clock) -> None:
    clock.set("2024-01-10T23:30")
    assert (await new_subscription(acme))["startDate"] == "2024-01-10"
    assert (await new_subscription(acme, timezone="Asia/Tokyo"))["startDate"] == "2024-01-11"
    await acme.rows("update organizations set timezone = 'America/New_York'")
    made = await new_subscription(acme)
    assert (made["timezone"], made["startDate"]) == ("America/New_York", "2024-01-10")


async def test_one_that_starts_later_is_not_billed_until_then(acme: Org, clock: Clock) -> None:
    made = await new_subscription(acme, startDate="2024-02-01")
    key = made["publicId"]
    assert (made["status"], made["currentPeriodStart"], made["currentPeriodEnd"]) == ("ACTIVE", None, None)
    assert (await periods(acme, key), await revenue(acme, key)) == ([], [])
    assert await catch_up(acme, key) == datetime(2024, 2, 1, tzinfo=UTC)
    assert (await shown(acme, key))["version"] == 1
    clock.set("2024-02-10")
    await catch_up(acme, key)
    (change,) = await acme.rows("select at, mrr_before, mrr_after from subscription_changes")
    assert dict(change) == {"at": datetime(2024, 2, 1, tzinfo=UTC), "mrr_before": 0, "mrr_after": 1_000}


async def test_a_trial_is_not_billed(acme: Org, clock: Clock) -> None:
    made = await new_subscription(acme, trialEnd="2024-01-31")
    key = made["publicId"]
    assert (made["status"], made["anchorDate"], made["currentPeriodStart"]) == ("TRIALING", "2024-01-31", None)
    assert (await periods(acme, key), await revenue(acme, key)) == ([], [])
    clock.set("2024-03-01")
    await catch_up(acme, key)
    after = await shown(acme, key)
    assert (after["status"], after["currentPeriodEnd"]) == ("ACTIVE", "2024-03-31T00:00:00.000Z")
    assert [row[1] for row in await periods(acme, key)] == ["2024-01-31 00:00", "2024-02-29 00:00"]
    assert await revenue(acme, key) == [(0, 1_000)]
    assert await events(acme, key) == ["created", "updated", "renewed"]
    (at,) = await acme.rows("select at from subscription_changes")
    assert at["at"] == datetime(2024, 1, 31, tzinfo=UTC)


async def test_a_trial_that_is_over_is_billed_from_its_end(acme: Org, clock: Clock) -> None:
    made = await new_subscription(acme, startDate="2023-11-01", trialEnd="2023-12-01")
    assert (made["status"], made["version"], made["currentPeriodStart"]) == ("ACTIVE", 1, "2024-01-01T00:00:00.000Z")
    assert [row[1] for row in await periods(acme, made["publicId"])] == ["2023-12-01 00:00", "2024-01-01 00:00"]


async def test_periods_may_be_counted_from_another_day(acme: Org, clock: Clock) -> None:
    made = await new_subscription(acme, startDate="2024-02-29", anchorDate="2023-10-31")
    clock.set("2024-05-01")
    await catch_up(acme, made["publicId"])
    assert await periods(acme, made["publicId"]) == [
        (4, "2024-02-29 00:00", "BILLED"), (5, "2024-03-31 00:00", "BILLED"), (6, "2024-04-30 00:00", "BILLED"),
    ]  # fmt: skip


async def test_no_more_periods_at_once_than_the_bound(acme: Org) -> None:
    weekly = await new_service(acme, **MONTHLY | {"interval": "WEEK"})
    ids = {"clientId": (await new_client(acme))["publicId"], "serviceId": weekly["publicId"]}
    async with unchanged(acme):
        for number in (60, 10_000):
            answer = await acme.http.post(PATH, json=ids | {"startDate": weeks_ago(number)})
            details = problem(answer, 400, "BAD_INPUT", "body.startDate")["errors"][0]
            assert (details["code"], str(number + 1) in details["message"]) == ("NOT_ALLOWED", True)
            given = ids | {"startDate": weeks_ago(number + 1), "trialEnd": weeks_ago(number)}
            error(await acme.graphql(document("create"), input=given), 200, "BAD_INPUT", "input.trialEnd")
    made = await new_subscription(acme, weekly, startDate=weeks_ago(59))
    assert [state for _, _, state in await periods(acme, made["publicId"])] == ["DUE"] * 60


async def test_what_cannot_be_subscribed(acme: Org) -> None:
    client = await new_client(acme, status="ARCHIVED")
    once, draft = await new_service(acme), await new_service(acme, **MONTHLY | {"status": "DRAFT"})
    async with unchanged(acme):
        for service in (once, draft):
            body = {"clientId": client["publicId"], "serviceId": service["publicId"]}
            details = problem(
                await acme.http.post(PATH, json=body), 400, "BAD_INPUT", "body.clientId", "body.serviceId"
            )
            assert [each["code"] for each in details["errors"]] == ["NOT_ALLOWED", "NOT_ALLOWED"]


async def test_the_amount_of_a_period_is_bounded(acme: Org) -> None:
    most = (2**53 - 1) // 2
    service = await new_service(acme, **MONTHLY | {"price": most})
    client = (await new_client(acme))["publicId"]
    async with unchanged(acme):
        body = {"clientId": client, "serviceId": service["publicId"], "quantity": 2}
        details = problem(await acme.http.post(PATH, json=body), 400, "BAD_INPUT", "body.quantity")["errors"][0]
        assert (details["code"], details["minimum"], details["maximum"]) == ("OUT_OF_RANGE", 1, 1)
    key = (await new_subscription(acme, service))["publicId"]
    async with unchanged(acme):
        answer = await acme.graphql(document("update"), input={"id": key, "quantity": 2})
        error(answer, 200, "BAD_INPUT", "input.quantity")


async def test_a_client_whose_subscriptions_run_is_neither_deleted_nor_archived(acme: Org) -> None:
    made = await new_subscription(acme)
    path = f"/api/v1/clients/{made['clientId']}"
    text = "mutation($id: ID!) { deleteClient(input: {id: $id}) { deletedId client { status } } }"
    async with unchanged(acme):
        assert problem(await acme.http.delete(path), 409, "CONFLICT", "path.publicId")["reason"] == "HAS_SUBSCRIPTIONS"
        details = error(await acme.graphql(text, id=made["clientId"]), 200, "CONFLICT", "input.id")
        assert details["reason"] == "HAS_SUBSCRIPTIONS"
        update = "mutation($input: UpdateClientInput!) { updateClient(input: $input) { client { status } } }"
        archived = {"id": made["clientId"], "name": "Other", "status": "ARCHIVED"}
        details = error(await acme.graphql(update, input=archived), 200, "CONFLICT", "input.status")
        assert (details["status"], details["reason"]) == (409, "HAS_SUBSCRIPTIONS")
        for send in (acme.http.put, acme.http.patch):
            answer = await send(path, json={"status": "ARCHIVED"})
            assert problem(answer, 409, "CONFLICT", "body.status")["reason"] == "HAS_SUBSCRIPTIONS"
    await do(acme, "cancel", made["publicId"])
    kept = await acme.data(text, id=made["clientId"])
    assert kept["deleteClient"] == {"deletedId": None, "client": {"status": "ARCHIVED"}}


async def test_a_client_whose_subscriptions_are_cancelled_is_archived(acme: Org) -> None:
    made = await new_subscription(acme)
    await do(acme, "cancel", made["publicId"])
    path = f"/api/v1/clients/{made['clientId']}"
    answer = await acme.http.patch(path, json={"status": "ARCHIVED"})
    assert (answer.status_code, answer.json()["data"]["status"]) == (200, "ARCHIVED")
    async with unchanged(acme):
        # One that is archived already is not archived anew.
        assert (await acme.http.patch(path, json={"status": "ARCHIVED"})).status_code == 200


async def test_a_service_that_is_subscribed_to_is_not_deleted(acme: Org) -> None:
    made = await new_subscription(acme)
    await do(acme, "cancel", made["publicId"])
    async with unchanged(acme):
        answer = await acme.http.delete(f"/api/v1/services/{made['serviceId']}")
        assert problem(answer, 409, "CONFLICT", "path.publicId")["reason"] == "HAS_SUBSCRIPTIONS"


async def test_it_leads_to_what_it_belongs_to(acme: Org, clock: Clock) -> None:
    made = await new_subscription(acme)
    await new_subscription(acme)
    await catch_up(acme, made["publicId"])
    text = """query($id: ID!) { subscription(id: $id) {
      client { id subscriptions { nodes { id } } } service { id subscriptions { totalCount } }
      invoices { nodes { subscriptionId subscription { id } lines { description quantity unitPrice } } } } }"""
    found = (await acme.data(text, id=made["publicId"]))["subscription"]
    assert found == {
        "client": {"id": made["clientId"], "subscriptions": {"nodes": [{"id": made["publicId"]}]}},
        "service": {"id": made["serviceId"], "subscriptions": {"totalCount": 1}},
        "invoices": {
            "nodes": [
                {
                    "subscriptionId": made["publicId"],
                    "subscription": {"id": made["publicId"]},
                    "lines": [{"description": "Logo, 2024-01-10 to 2024-02-09", "quantity": "1", "unitPrice": 1_000}],
                }
            ]
        },
    }


async def test_a_client_and_a_service_are_found_by_their_subscriptions(acme: Org) -> None:
    made = await new_subscription(acme)
    await new_client(acme)
    await new_service(acme)
    text = """{ clients(filter: {subscriptions: {some: {status: {eq: ACTIVE}}}}) { nodes { id } }
      services(filter: {subscriptions: {some: {status: {eq: ACTIVE}}}}) { nodes { id } }
      none: clients(filter: {subscriptions: {some: {status: {eq: PAUSED}}}}) { nodes { id } }
      subscriptions(filter: {service: {name: {eq: "logo"}}, invoices: {none: {}}}) { nodes { id } } }"""
    assert await acme.data(text) == {
        "clients": {"nodes": [{"id": made["clientId"]}]},
        "services": {"nodes": [{"id": made["serviceId"]}]},
        "none": {"nodes": []},
        "subscriptions": {"nodes": [{"id": made["publicId"]}]},
    }


async def test_dates_are_as_they_were_sent(acme: Org, clock: Clock) -> None:
    made = await new_subscription(acme, startDate="2024-02-29", anchorDate="2024-01-31")
    literal = f'{{ subscription(id: "{made["publicId"]}") {{ startDate anchorDate trialEnd }} }}'
    assert (await acme.data(literal))["subscription"] == {
        "startDate": "2024-02-29",
        "anchorDate": "2024-01-31",
        "trialEnd": None,
    }
    (row,) = await acme.rows("select start_date from subscriptions")
    assert row["start_date"] == date(2024, 2, 29)


async def test_subscriptions_are_found_and_sorted_by_the_end_of_their_period(acme: Org, clock: Clock) -> None:
    later = (await new_subscription(acme, await new_service(acme, **MONTHLY | {"interval": "YEAR"})))["publicId"]
    clock.set("2024-01-11T09:00")
    sooner = (await new_subscription(acme))["publicId"]
    trial = (await new_subscription(acme, trialEnd="2024-03-01"))["publicId"]
    text = """query($f: ClientSubscriptionFilter, $direction: Direction!) { subscriptions(
      filter: $f, orderBy: [{field: CURRENT_PERIOD_END, direction: $direction}]) { nodes { id } } }"""
    for direction, filter_, found in (
        ("ASC", None, [sooner, later, trial]),
        ("DESC", None, [later, sooner, trial]),
        ("ASC", {"currentPeriodEnd": {"lt": "2024-03-01T00:00:00Z"}}, [sooner]),
        ("DESC", {"currentPeriodEnd": {"isNull": False}}, [later, sooner]),
        ("ASC", {"currentPeriodEnd": {"isNull": True}}, [trial]),
    ):
        nodes = (await acme.data(text, f=filter_, direction=direction))["subscriptions"]["nodes"]
        assert [node["id"] for node in nodes] == found, (direction, filter_)
