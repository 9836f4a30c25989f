"""What waits for an endpoint is cancelled with it, by whatever disables or deletes it, and never sent afterwards."""

from typing import Any

import pytest

from models.typeid import decode
from resolvers.database.runtime import Runtime
from resolvers.webhooks import cancelling
from tests.support.api import Org, new_client
from tests.support.jobs import OK, eventually, make_due, receiver, settled, working
from tests.support.tarpit import came, tarpit
from tests.support.webhooks import AGAIN, DELETE, HOOKS, UPDATE, new_webhook

GONE = b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"
FAILED = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
LATER = """update jobs set run_at = now() + interval '1 hour', attempt = 3
  where function = 'WEBHOOK_DELIVERY' and state = 'QUEUED'"""
STATES = """select d.status, d.next_attempt_at is null as over, j.state, j.finished_at is not null as finished,
  count(*)::int as n from deliveries d join jobs j on j.subject_id = d.id and j.org_id = d.org_id
  where d.endpoint_id = $1 group by 1, 2, 3, 4 order by 1"""
CANCELLED = ("CANCELLED", True, "CANCELLED", True)
WAITING = ("PENDING", False, "QUEUED", False)


async def waiting(org: Org, number: int) -> None:
    """So many deliveries to each endpoint of the organization, which wait for a later try."""
    for _ in range(number):
        await new_client(org)
    await org.rows(LATER)


async def states(org: Org, hook: dict[str, Any]) -> dict[tuple[Any, ...], int]:
    """How many deliveries of an endpoint are in each state, with their jobs."""
    found = await org.rows(STATES, decode("webhook", hook["publicId"]))
    return {tuple(row)[:4]: row["n"] for row in found}


async def set_status(org: Org, hook: dict[str, Any], status: str) -> None:
    """Disable or enable an endpoint."""
    done = await org.data(UPDATE, input={"id": hook["publicId"], "status": status})
    assert done["updateWebhook"]["webhook"]["status"] == status


@pytest.mark.parametrize("how", ["disable", "delete", "delete over REST"])
async def test_disabling_and_deleting_cancel_what_waits(local: Org, how: str) -> None:
    async with receiver() as there:
        hook, other = await new_webhook(local, there.url), await new_webhook(local, there.url)
        await waiting(local, 7)
        this = {"id": hook["publicId"]}
        if how == "disable":
            await set_status(local, hook, "DISABLED")
        elif how == "delete":
            await local.data(DELETE, input=this)
        else:
            assert (await local.http.delete(f"{HOOKS}/{hook['publicId']}")).status_code == 204
        assert await states(local, hook) == {CANCELLED: 7}
        assert await states(local, other) == {WAITING: 7}


async def test_what_waits_stays_when_the_change_is_refused_or_another_one(local: Org) -> None:
    async with receiver() as there:
        hook = await new_webhook(local, there.url)
        await waiting(local, 2)
        this = {"id": hook["publicId"]}
        await local.data(UPDATE, input=this | {"description": "CRM"})
        stale = this | {"status": "DISABLED", "expectedVersion": 1}
        assert await local.refused(UPDATE, input=stale) == [("VERSION_MISMATCH", "input.expectedVersion")]
        assert await states(local, hook) == {WAITING: 2}


async def test_enabling_again_sends_only_what_happens_afterwards(local: Org, open_runtime: Runtime) -> None:
    async with receiver() as there:
        hook = await new_webhook(local, there.url)
        await waiting(local, 3)
        await set_status(local, hook, "DISABLED")
        await set_status(local, hook, "ENABLED")
        after = await new_client(local)
        await make_due(open_runtime, local.id)
        async with working(open_runtime):
            await settled(open_runtime, local.id)
        [request] = there.requests
        assert after["publicId"].encode() in request.body
        assert await states(local, hook) == {CANCELLED: 3, ("SUCCEEDED", True, "DONE", True): 1}
        # One that was cancelled can be sent by hand.
        shown = await local.data(
            "query($id: ID!) { webhook(id: $id) { deliveries { nodes { id status } } } }", id=hook["publicId"]
        )
        again = next(each for each in shown["webhook"]["deliveries"]["nodes"] if each["status"] == "CANCELLED")
        sent = await local.data(AGAIN, input={"id": again["id"]})
        assert sent["redeliver"]["delivery"]["status"] == "PENDING"


async def test_a_large_number_is_cancelled_in_parts(
    local: Org, open_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cancelling, "AT_ONCE", 3)
    async with receiver() as there:
        hook = await new_webhook(local, there.url)
        await waiting(local, 11)
        await set_status(local, hook, "DISABLED")
        assert await states(local, hook) == {CANCELLED: 3, WAITING: 8}
        async with working(open_runtime):
            await settled(open_runtime, local.id, state="CANCELLED", number=11)
        assert await states(local, hook) == {CANCELLED: 11}
        assert there.requests == []


async def test_enabling_at_once_cancels_what_was_left(local: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancelling, "AT_ONCE", 3)
    async with receiver() as there:
        hook = await new_webhook(local, there.url)
        await waiting(local, 8)
        await set_status(local, hook, "DISABLED")
        await set_status(local, hook, "ENABLED")
        assert await states(local, hook) == {CANCELLED: 8}


@pytest.mark.parametrize("why", ["gone", "five days"])
async def test_an_endpoint_that_is_given_up_hears_nothing_more(local: Org, open_runtime: Runtime, why: str) -> None:
    async with receiver(GONE if why == "gone" else FAILED) as there:
        hook = await new_webhook(local, there.url)
        await waiting(local, 4)
        await local.rows("update webhook_endpoints set failing_since = now() - interval '6 days'")
        await new_client(local)
        ended = {"FAILED": 1, "CANCELLED": 4} if why == "gone" else {"CANCELLED": 5}
        async with working(open_runtime):
            for state, number in ended.items():
                await settled(open_runtime, local.id, state=state, number=number)
        assert len(there.requests) == 1
        found = await states(local, hook)
        assert found.pop(CANCELLED) == ended["CANCELLED"]
        assert found == ({("FAILED", True, "FAILED", True): 1} if why == "gone" else {})


@pytest.mark.parametrize(("answer", "status"), [(FAILED, "CANCELLED"), (OK, "SUCCEEDED")])
@pytest.mark.parametrize("enabled", [False, True])
async def test_one_that_is_being_sent_is_not_sent_again(
    local: Org, open_runtime: Runtime, answer: bytes, status: str, enabled: bool
) -> None:
    async with tarpit(answer) as (there, release):
        hook = await new_webhook(local, there.url)
        await new_client(local)
        async with working(open_runtime):
            await came(there, 1)
            await set_status(local, hook, "DISABLED")
            release.set()

            async def ended() -> bool:
                return "SENDING" not in {state for state, *_ in await states(local, hook)}

            await eventually(ended)
            if enabled:
                await set_status(local, hook, "ENABLED")
        state = "DONE" if status == "SUCCEEDED" else "CANCELLED"
        assert await states(local, hook) == {(status, True, state, True): 1}
        assert len(there.requests) == 1
        [tried] = await local.rows("select attempts from deliveries")
        assert len(tried["attempts"]) == 1


async def test_what_somebody_works_on_is_not_waited_for(local: Org, open_runtime: Runtime) -> None:
    """A worker that holds a job may be waiting for the endpoint."""
    async with receiver() as there:
        hook = await new_webhook(local, there.url)
        await waiting(local, 3)
        async with open_runtime.bound(local.id) as connection:
            await connection.fetch("select id from jobs where function = 'WEBHOOK_DELIVERY' limit 1 for update")
            await set_status(local, hook, "DISABLED")
            assert await states(local, hook) == {CANCELLED: 2, WAITING: 1}
        await make_due(open_runtime, local.id)
        async with working(open_runtime):
            await settled(open_runtime, local.id, state="CANCELLED", number=3)
        assert there.requests == []
