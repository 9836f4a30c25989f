"""Agents that wait for a person: what is asked, what follows from a decision, and that it is done once."""

from datetime import timedelta

from models.agent_jobs import AGENT_JOB
from models.typeid import decode, new_uuid
from resolvers.agent_jobs import decisions
from resolvers.jobs.claims import context_of
from tests.support.agency import Agency
from tests.support.chat import calls, chatting, says
from tests.support.jobs import one, rows


def _update(client: str, company: str = "Acme") -> tuple[str, dict[str, object]]:
    return "UpdateClient", {"input": {"id": client, "company": company}}


async def _company(agency: Agency) -> str | None:
    found: str | None = (
        await one(agency.runtime, agency.org, "select company from clients where org_id = $1", agency.org)
    )["company"]
    return found


async def test_what_is_approved_is_what_was_shown_and_is_done_once(agency: Agency) -> None:
    client = await agency.client()
    job = await agency.queued("UpdateClient", approval=True)
    async with chatting(calls(_update(client)), says("Done.")) as chat:
        row = await agency.worked(job, chat.base_url)
        assert (row["status"], await _company(agency), len(chat.asked)) == ("AWAITING_APPROVAL", None, 1)
        step = (await agency.steps(job))[-1]
        assert (step["kind"], step["operation"], step["input"]) == ("APPROVAL", *_update(client))
        assert step["changes"] == [{"target": client, "field": "company", "before": None, "after": "Acme"}]
        assert step["events"] == ["client.updated"]
        assert step["expires_at"] - step["started_at"] == timedelta(hours=72)
        await agency.decide("Approve", job)
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], row["attempt"], await _company(agency)) == ("SUCCEEDED", 1, "Acme")
    assert [step["kind"] for step in await agency.steps(job)] == ["MODEL", "APPROVAL", "TOOL", "MODEL"]
    assert (len(chat.asked), '"company":"Acme"' in chat.told()[0]) == (2, True)
    assert await agency.events() == ["queued", "started", "awaiting_approval", "queued", "started", "succeeded"]


async def test_what_is_rejected_is_not_done_and_the_reason_is_told(agency: Agency) -> None:
    client = await agency.client()
    job = await agency.queued("UpdateClient", approval=True)
    async with chatting(calls(_update(client)), says("Well.")) as chat:
        await agency.worked(job, chat.base_url)
        await agency.decide("Reject", job, reason="Not theirs.")
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], await _company(agency)) == ("SUCCEEDED", None)
    assert chat.told() == ['{"rejected":true,"reason":"Not theirs."}']


async def test_an_approval_that_expires_is_a_rejection(agency: Agency) -> None:
    client = await agency.client()
    job = await agency.queued("UpdateClient", approval=True)
    async with chatting(calls(_update(client)), says("Well.")) as chat:
        await agency.worked(job, chat.base_url)
        late = "update agent_steps set expires_at = now() - interval '1 hour' where org_id = $1 and kind = 'APPROVAL'"
        await rows(agency.runtime, agency.org, late, agency.org)
        ctx = context_of(agency.runtime, agency.org, new_uuid())
        async with ctx.transaction():
            key = decode(AGENT_JOB.prefix, job)
            assert key is not None
            await decisions.expire(ctx, key)
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], await _company(agency)) == ("SUCCEEDED", None)
    assert chat.told() == ['{"rejected":true,"reason":"APPROVAL_EXPIRED"}']


async def test_it_asks_again_when_what_it_would_change_has_changed(agency: Agency) -> None:
    client = await agency.client()
    job = await agency.queued("UpdateClient", approval=True)
    async with chatting(calls(_update(client)), says("Done.")) as chat:
        await agency.worked(job, chat.base_url)
        await agency.data("UpdateClient", id=client, company="Other")
        await agency.decide("Approve", job)
        row = await agency.worked(job, chat.base_url)
        assert (row["status"], await _company(agency), len(chat.asked)) == ("AWAITING_APPROVAL", "Other", 1)
        step = (await agency.steps(job))[-1]
        assert step["changes"] == [{"target": client, "field": "company", "before": "Other", "after": "Acme"}]
        first = (await agency.steps(job))[1]
        assert (first["decision"], first["superseded_by"]) == ("SUPERSEDED", step["id"])
        await agency.decide("Approve", job)
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], await _company(agency)) == ("SUCCEEDED", "Acme")


async def test_calls_on_one_object_take_an_approval_each(agency: Agency) -> None:
    client = await agency.client()
    job = await agency.queued("UpdateClient", approval=True)
    asked = calls(_update(client), _update(client, "Other"), ("UpdateClient", {"input": {"id": client, "name": "Bo"}}))
    async with chatting(asked, says("Done.")) as chat:
        await agency.worked(job, chat.base_url)
        for _ in range(3):
            await agency.decide("Approve", job)
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], await _company(agency)) == ("SUCCEEDED", "Other")
    assert [step["kind"] for step in await agency.steps(job)] == ["MODEL", *["APPROVAL"] * 3, *["TOOL"] * 3, "MODEL"]


async def test_of_calls_on_one_object_one_is_rejected_and_another_changed_meanwhile(agency: Agency) -> None:
    client, other = await agency.client(), await agency.client("Bo")
    job = await agency.queued("UpdateClient", approval=True)
    asked = calls(_update(client), _update(client, "Second"), _update(other), _update(other, "Last"))
    async with chatting(asked, says("Done.")) as chat:
        await agency.worked(job, chat.base_url)
        await agency.decide("Reject", job, reason="No.")
        for _ in range(3):
            await agency.decide("Approve", job)
        await agency.data("UpdateClient", id=other, company="Theirs")
        row = await agency.worked(job, chat.base_url)
        # Both calls on what somebody else has changed ask again, and the one on the other object is done.
        assert row["status"] == "AWAITING_APPROVAL"
        decisions = [step["decision"] for step in await agency.steps(job) if step["kind"] == "APPROVAL"]
        assert decisions == ["REJECTED", "APPROVED", "SUPERSEDED", "SUPERSEDED", None, None]
        for _ in range(2):
            await agency.decide("Approve", job)
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], [each.count('"company":"') for each in chat.told()]) == ("SUCCEEDED", [0, 1, 1, 1])


async def test_an_export_is_approved_once(agency: Agency) -> None:
    job = await agency.queued("ExportAuditLog", approval=True)
    async with chatting(calls(("ExportAuditLog", {"input": {}})), says("Done.")) as chat:
        await agency.worked(job, chat.base_url)
        await agency.decide("Approve", job)
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], await agency.count("audit_exports")) == ("SUCCEEDED", 1)


async def test_numbers_times_and_new_ids_are_not_what_is_approved(agency: Agency) -> None:
    order = await agency.order()
    job = await agency.queued("CreateOrder", approval=True)
    given = {"input": {"clientId": order["clientId"], "serviceId": order["serviceId"]}}
    async with chatting(calls(("CreateOrder", given)), says("Done.")) as chat:
        await agency.worked(job, chat.base_url)
        await agency.data("CreateOrder", **given["input"])
        await agency.decide("Approve", job)
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], await agency.count("orders")) == ("SUCCEEDED", 3)


async def test_what_would_be_refused_needs_no_approval(agency: Agency) -> None:
    job = await agency.queued("UpdateClient", approval=True)
    async with chatting(calls(_update("client_1")), says("No.")) as chat:
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], '"code":"NOT_FOUND"' in chat.told()[0]) == ("SUCCEEDED", True)


async def test_a_question_is_answered(agency: Agency) -> None:
    job = await agency.queued()
    async with chatting(calls(("ask_person", {"question": "Which color?"})), says("Blue it is.")) as chat:
        row = await agency.worked(job, chat.base_url)
        assert row["status"] == "AWAITING_INPUT"
        assert (await agency.steps(job))[-1]["question"] == "Which color?"
        await agency.decide("Answer", job, answer="Blue")
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], chat.told()) == ("SUCCEEDED", ["Blue"])


async def test_one_answer_may_do_ask_and_wait_for_several(agency: Agency) -> None:
    client = await agency.client()
    job = await agency.queued("UpdateClient", approval=True, tools=[
        {"operation": "CreateClient"}, {"operation": "UpdateClient", "requiresApproval": True}])  # fmt: skip
    new = ("CreateClient", {"input": {"name": "Bob", "email": "bob@example.com"}})
    asks = calls(new, _update(client), ("ask_person", {"question": "Which color?"}))
    async with chatting(asks, says("Done.")) as chat:
        row = await agency.worked(job, chat.base_url)
        assert (row["status"], await agency.count("clients")) == ("AWAITING_APPROVAL", 2)
        await agency.decide("Approve", job)
        assert (await agency.row(job))["status"] == "AWAITING_INPUT"
        await agency.decide("Answer", job, answer="Blue")
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], await agency.count("clients"), len(chat.asked)) == ("SUCCEEDED", 2, 2)
    told = chat.told()
    assert ["Bob" in told[0], "Acme" in told[1], told[2]] == [True, True, "Blue"]


async def test_what_cannot_be_shown_whole_is_not_asked_for(agency: Agency) -> None:
    client = await agency.client()
    job = await agency.queued("CreateInvoice", approval=True)
    lines = [{"description": f"{n} {'x' * 95}", "quantity": 1, "unitPrice": n} for n in range(1_000)]
    given = {"input": {"clientId": client, "lines": lines}}
    async with chatting(calls(("CreateInvoice", given)), says("No.")) as chat:
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], await agency.count("invoices")) == ("SUCCEEDED", 0)
    assert [step["kind"] for step in await agency.steps(job)] == ["MODEL", "TOOL", "MODEL"]
    (told,) = chat.told()
    assert ("It is too large to be approved" in told, '"code":"TOO_COMPLEX"' in told) == (True, True)
