"""What tests of subscriptions need: subscriptions over REST, a clock, and what a worker does for one."""

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.subscriptions import SUBSCRIPTION
from models.typeid import decode, new_uuid
from resolvers.context import now
from resolvers.jobs.claims import context_of
from resolvers.subscriptions import billing, mutations
from tests.support.api import Org, new_client, new_service
from tests.support.clock import Clock
from workers.jobs import timers as worker

PATH = "/api/v1/subscriptions"
MONTHLY = {"billing": "RECURRING", "interval": "MONTH", "price": 1_000}
# Everybody reads the jobs of all organizations.
_MINE = "function = 'SUBSCRIPTION' and org_id = current_setting('app.org_id')::uuid"
TIMERS = f"select * from jobs where {_MINE} and state in ('QUEUED', 'RUNNING')"
INPUT = "mutation($input: {0}SubscriptionInput!) {{ {1}Subscription(input: $input) {{ subscription {{ {2} }} }} }}"


async def new_subscription(org: Org, service: dict[str, Any] | None = None, **given: Any) -> dict[str, Any]:
    """A subscription over REST, of a new client and a new monthly service unless others are given."""
    if "clientId" not in given:
        given["clientId"] = (await new_client(org))["publicId"]
    if "serviceId" not in given:
        given["serviceId"] = (service or await new_service(org, **MONTHLY))["publicId"]
    answer = await org.http.post(PATH, json=given)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


def document(verb: str, selection: str = "id status version") -> str:
    """The document of a mutation of subscriptions: ``pause``, ``update``."""
    return INPUT.format(verb.capitalize(), verb, selection)


async def do(org: Org, verb: str, key: str, **given: Any) -> dict[str, Any]:
    """What a mutation makes of a subscription."""
    data = await org.data(document(verb), input={"id": key, **given})
    found: dict[str, Any] = data[f"{verb}Subscription"]["subscription"]
    return found


async def shown(org: Org, key: str) -> dict[str, Any]:
    """A subscription as REST shows it."""
    found: dict[str, Any] = (await org.http.get(f"{PATH}/{key}")).json()["data"]
    return found


async def catch_up(org: Org, key: str) -> datetime | None:
    """Do what a worker would do for a subscription, and return when there is more to do."""
    row_id = decode(SUBSCRIPTION.prefix, key)
    assert row_id is not None
    for _ in range(200):
        ctx = context_of(org.runtime, org.id, new_uuid())
        async with ctx.transaction():
            again = await billing.advance(ctx, row_id)
        if again is None or again > now():
            return again
    raise AssertionError("there is always more to do")


async def periods(org: Org, key: str) -> list[tuple[int, str, str]]:
    """The periods of a subscription: number, day and time of its beginning in UTC, state."""
    sql = "select * from subscription_periods where subscription_id = $1 order by number"
    found = await org.rows(sql, decode(SUBSCRIPTION.prefix, key))
    return [(row["number"], f"{row['starts_at']:%Y-%m-%d %H:%M}", row["state"]) for row in found]


async def revenue(org: Org, key: str) -> list[tuple[int, int]]:
    """The changes of a subscription's monthly recurring revenue."""
    sql = "select * from subscription_changes where subscription_id = $1 order by at, id"
    found = await org.rows(sql, decode(SUBSCRIPTION.prefix, key))
    return [(row["mrr_before"], row["mrr_after"]) for row in found]


async def events(org: Org, key: str) -> list[str]:
    """The events of a subscription, in order."""
    sql = "select type from events where resource_id = $1 order by id"
    found = await org.rows(sql, decode(SUBSCRIPTION.prefix, key))
    return [row["type"].removeprefix("subscription.") for row in found]


# What reads the time for subscriptions: their changes, and their worker.
TIMED = (mutations, billing, worker, sys.modules[__name__])


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that stands at noon of 10 January 2024, for the server of the test too."""
    return Clock().read_by(monkeypatch, *TIMED)


def weeks_ago(number: int) -> str:
    """The day so many weeks ago."""
    return (datetime.now(UTC).date() - timedelta(weeks=number)).isoformat()


async def weekly(org: Org, weeks: int, number: int = 1) -> list[str]:
    """Subscriptions of one client that began so many weeks ago, of which nothing is billed yet."""
    service, client = await new_service(org, **MONTHLY | {"interval": "WEEK"}), await new_client(org)
    given = {"clientId": client["publicId"], "startDate": weeks_ago(weeks)}
    return [(await new_subscription(org, service, **given))["publicId"] for _ in range(number)]


async def billed_once(org: Org, subscriptions: int, each: int) -> None:
    """Every period of the organization has one invoice of its own, and their numbers have no gap."""
    rows = await org.rows("select * from subscription_periods order by subscription_id, number")
    assert [(row["number"], row["state"]) for row in rows] == [(n, "BILLED") for n in range(each)] * subscriptions
    invoices = await org.rows("select * from invoices order by number")
    assert sorted(row["id"] for row in invoices) == sorted(row["invoice_id"] for row in rows)
    assert {row["status"] for row in invoices} == {"OPEN"}
    assert [int(row["number"][-6:]) for row in invoices] == [*range(1, len(rows) + 1)]
    counts = await org.rows("select type, count(*) as n from events where type like 'invoice.%' group by type")
    assert {row["type"]: row["n"] for row in counts} == {"invoice.created": len(rows), "invoice.finalized": len(rows)}
