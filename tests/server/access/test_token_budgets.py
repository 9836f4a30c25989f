"""The budgets of access tokens: each subject has a part of the organization's, and all of them leave a half of it."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from resolvers.database.runtime import Runtime
from server.access.buckets import Buckets
from tests.support.api import make_org, new_client, serving, settings_of
from tests.support.servers import Backends
from tests.support.tokens import as_client, as_member, new_member
from web.dependencies import OverBudgetError, Subject

ASKED = "{ clients(first: 20) { nodes { id orders(first: 5) { nodes { id } } } } }"


def client() -> Subject:
    """A client that has spent nothing."""
    return Subject(uuid4(), "client")


async def refused(buckets: Buckets, org: UUID, cost: int, subject: Subject | None, done: int = 0) -> OverBudgetError:
    """The refusal of a cost that is not there."""
    with pytest.raises(OverBudgetError) as found:
        await buckets.spend(org, cost, done, subject)
    return found.value


async def test_a_subject_has_a_tenth_which_is_the_organizations_too(redis: Redis) -> None:
    buckets, org, ada = Buckets(redis, 1_000, 1), uuid4(), client()
    spent = await buckets.spend(org, 60, subject=ada)
    assert (spent.remaining, spent.headers) == (
        40, ((b"ratelimit-policy", b'"cost";q=100;w=1000'), (b"ratelimit", b'"cost";r=40;t=600')),
    )  # fmt: skip
    over = await refused(buckets, org, 60, ada)
    assert over.message == "The client has spent its budget: 40 is left, the request costs 60."
    assert 199 <= over.extra["retryAfter"] <= 200
    # Nothing was taken from either.
    assert (await buckets.spend(org, 0, subject=ada)).remaining == 40
    assert (await buckets.spend(org, 0)).remaining in (940, 941)
    assert (await buckets.spend(org, 100, subject=client())).remaining == 0
    assert (await buckets.spend(org, 0)).remaining in (840, 841)
    await buckets.close()


async def test_there_is_room_for_the_largest_operation(redis: Redis) -> None:
    org = uuid4()
    for largest, most in ((50, 100), (300, 300), (5_000, 500)):
        assert (await Buckets(redis, 1_000, 1, largest).spend(org, 0, subject=client())).remaining == most
        assert (await Buckets(redis, 1_000, 1, largest).spend(org, 0)).remaining == 1_000


async def test_all_tokens_together_leave_a_half_to_keys(redis: Redis) -> None:
    first, second, org = Buckets(redis, 1_000, 1), Buckets(redis, 1_000, 1), uuid4()
    for number in range(5):
        await (first, second)[number % 2].spend(org, 100, subject=client())
    for buckets in (first, second):
        over = await refused(buckets, org, 50, client())
        assert re.fullmatch(
            "The organization has spent its budget for access tokens: [01] is left, the request costs 50.", over.message
        )
        assert 48 <= over.extra["retryAfter"] <= 50
        assert over.headers[1][1].startswith((b'"cost";r=0;', b'"cost";r=1;'))
    assert (await first.spend(org, 400)).remaining in (100, 101)
    # What keys took of the half is missing too: nothing more is done for a token, and the keys go on.
    with pytest.raises(
        OverBudgetError, match=r"The organization has spent [0-9]+ more than its budget for access tokens"
    ):
        first.refuse_debtor(org, client())
    first.refuse_debtor(org)
    await first.spend(org, 100)
    await first.close()
    await second.close()


async def test_what_was_done_is_owed_by_both(redis: Redis) -> None:
    buckets, org, ada = Buckets(redis, 1_000, 1), uuid4(), client()
    over = await refused(buckets, org, 300, ada, 250)
    assert over.message == "The client has spent 150 more than its budget."
    buckets.owe(org, 50, ada)
    with pytest.raises(OverBudgetError, match=r"The client has spent (200|199) more than its budget\."):
        buckets.refuse_debtor(org, ada)
    buckets.refuse_debtor(org, client())
    await buckets.close()
    again = Buckets(redis, 1_000, 1)
    assert (await again.spend(org, 0)).remaining in (700, 701)
    with pytest.raises(OverBudgetError, match="The client has spent"):
        await again.spend(org, 1, subject=ada)


async def test_a_token_is_paid_for_from_memory_and_both_are_asked_at_once(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    once = Buckets._call

    async def counted(self: Buckets, asked: list[Any]) -> Any:
        calls.append(len(asked))
        return await once(self, asked)

    monkeypatch.setattr(Buckets, "_call", counted)
    buckets, org, ada = Buckets(redis, 10_000, 1), uuid4(), client()
    await buckets.spend(org, 10, subject=ada)
    assert calls == [1]
    for _ in range(4):
        await buckets.spend(org, 10, subject=ada)
    assert calls == [1]
    await buckets.close()
    assert (await Buckets(redis, 10_000, 1).spend(org, 0, subject=ada)).remaining == 950
    assert (await Buckets(redis, 10_000, 1).spend(org, 0)).remaining in (9_950, 9_951)


async def test_without_redis_local_buckets_serve_both() -> None:
    nowhere = Redis.from_url("redis://127.0.0.1:1/0")
    buckets, org, ada = Buckets(nowhere, 1_000, 1), uuid4(), client()
    assert (await buckets.spend(org, 60, subject=ada)).remaining == 40
    assert (await refused(buckets, org, 60, ada)).message.startswith("The client has spent its budget")
    assert (await buckets.spend(org, 0)).remaining in (940, 941)
    await buckets.close()
    await nowhere.aclose()


async def test_requests_say_whose_budget_is_spent(backends: Backends, api_runtime: Runtime) -> None:
    settings = settings_of(backends, rate_bucket=2_000, rate_refill=1, cost_limit=300)
    async with serving(settings) as base:
        org = await make_org(api_runtime, base)
        ada = await as_client(org, (await new_client(org))["publicId"])
        max_ = await as_member(org, await new_member(org, "STAFF"), "clients:read", "orders:read")
        # What the one spends, the next one has still.
        for who, label in ((ada, "client"), (max_, "member")):
            first = await who.graphql(ASKED)
            left = first.json()["extensions"]["cost"]["remaining"]
            assert (first.status_code, first.headers["ratelimit-policy"]) == (200, '"cost";q=300;w=2000')
            assert first.headers["ratelimit"].startswith(f'"cost";r={left};t=')
            again = await who.graphql(ASKED)
            assert again.status_code == 429
            assert again.json()["errors"][0]["message"].startswith(f"The {label} has spent its budget: ")
        answers = [await ada.graphql("{ nothing }") for _ in range(4)]
        assert re.match("The client has spent [0-9]+ more than its budget", answers[-1].json()["errors"][0]["message"])
        # However many there are, the key that hands tokens out has its half.
        messages = ""
        while "budget for access tokens" not in messages:
            another = await as_client(org, (await new_client(org))["publicId"])
            messages = (await another.graphql(ASKED)).text
        assert (await org.graphql(ASKED)).status_code == 200
        await org.close()
