"""What an Idempotency-Key keeps for a day is bounded, and paid for where it is long."""

from typing import Any

from resolvers.changes.idempotency import MOST_KEPT
from tests.support.api import Org, new_order
from tests.support.charging import charged, paying
from tests.support.refusals import unchanged
from tests.support.servers import Backends
from web.dependencies import KEPT_FREE, KEPT_OF_UNIT

NOTES = 5_000


async def _asked(org: Org, client: str, times: int, key: str, beside: str = "") -> Any:
    shown = " ".join(f"a{number}: notes" for number in range(times))
    orders = f"orders {{ nodes {{ {shown} }} }}"
    change = f'updateClient(input: {{id: "{client}", phone: "{key}"}}) {{ client {{ {orders} }} }}'
    return await org.graphql(f"mutation {{ {change} {beside} }}", {"Idempotency-Key": key})


async def _client(org: Org) -> str:
    client: str = (await new_order(org, notes="n" * NOTES))["clientId"]
    for _ in range(19):
        await new_order(org, clientId=client, notes="n" * NOTES)
    return client


async def test_a_result_that_is_too_long_to_be_kept_changes_nothing(acme: Org) -> None:
    client = await _client(acme)
    async with unchanged(acme):
        answer = await _asked(acme, client, MOST_KEPT // (20 * NOTES) + 1, "1")
    (error,) = answer.json()["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["updateClient"], "TOO_COMPLEX")
    assert error["message"] == "With an Idempotency-Key a result has at most 1 MiB: request fewer fields."
    assert "errors" not in (await _asked(acme, client, MOST_KEPT // (20 * NOTES) - 1, "1")).json()


async def test_a_long_result_that_is_kept_costs_what_keeping_it_takes(backends: Backends, api_runtime: Any) -> None:
    async with paying(backends, api_runtime) as org:
        client = await _client(org)
        first = await org.http.get("/api/v1/clients?limit=1")
        kept = await _asked(org, client, 5, "1")
        assert "errors" not in kept.json()
        second = await org.http.get("/api/v1/clients?limit=1")
        again = await _asked(org, client, 5, "1")
        assert again.headers["idempotent-replayed"] == "true"
        third = await org.http.get("/api/v1/clients?limit=1")
        _, whole, replay = await charged(org, first, second, third)
        # The change too is paid for once, and less than its keeping.
        least = (5 * 20 * NOTES - KEPT_FREE) // KEPT_OF_UNIT
        assert least <= whole - replay <= 2 * least


async def test_a_root_field_that_fails_takes_nothing_off_what_keeping_another_costs(
    backends: Backends, api_runtime: Any
) -> None:
    async with paying(backends, api_runtime) as org:
        client = await _client(org)
        wrong = f'failed: updateClient(input: {{id: "{client}", name: ""}}) {{ client {{ id }} }}'
        first = await org.http.get("/api/v1/clients?limit=1")
        kept = await _asked(org, client, 5, "1", wrong)
        second = await org.http.get("/api/v1/clients?limit=1")
        assert [each["path"] for each in kept.json()["errors"]] == [["failed"]]
        assert kept.json()["data"]["updateClient"] is not None
        again = await _asked(org, client, 5, "1", wrong)
        third = await org.http.get("/api/v1/clients?limit=1")
        assert [each["path"] for each in again.json()["errors"]] == [["failed"]]
        _, whole, replay = await charged(org, first, second, third)
        least = (5 * 20 * NOTES - KEPT_FREE) // KEPT_OF_UNIT
        assert least <= whole - replay <= 2 * least
