"""Replies: what a public one moves whatever its door, and what no reply moves."""

from typing import Any

import pytest

from models.threads import AuthorKind
from models.tickets import TicketStatus
from tests.support.api import Org
from tests.support.refusals import error, problem, unchanged
from tests.support.tickets import PATH, REPLY, UPDATE, ahead, events, new_ticket, put, read, reply, standing

S = TicketStatus


async def by_rest(org: Org, key: str, kind: str) -> None:
    await put(org, key, reply={"body": "Hello", "authorKind": kind})


async def by_update(org: Org, key: str, kind: str) -> None:
    await org.data(UPDATE, input={"id": key, "reply": {"body": "Hello", "authorKind": kind}})


async def by_graph(org: Org, key: str, kind: str) -> None:
    await reply(org, key, kind)


# Where a reply of each side leaves a ticket that stands somewhere.
MOVED = {
    "CLIENT": {S.PENDING: S.OPEN, S.SNOOZED: S.OPEN, S.RESOLVED: S.OPEN},
    "STAFF": {S.OPEN: S.PENDING, S.SNOOZED: S.PENDING},
}


@pytest.mark.parametrize("door", [by_rest, by_update, by_graph])
@pytest.mark.parametrize("kind", MOVED)
@pytest.mark.parametrize("origin", [status for status in S if status is not S.CLOSED])
async def test_a_public_reply_moves_a_ticket_whatever_its_door(
    acme: Org, origin: TicketStatus, kind: str, door: Any
) -> None:
    key = await standing(acme, origin)
    before = await read(acme, key)
    await door(acme, key, kind)
    after = await read(acme, key)
    (row,) = await acme.rows("select author_kind, visibility from replies")
    assert tuple(row.values()) == (kind, "PUBLIC")
    assert (after["status"], after["version"]) == (MOVED[kind].get(origin, origin), before["version"] + 1)
    assert (after["snoozedUntil"], after["resolvedAt"] is not None) == (None, after["status"] == S.RESOLVED)
    listed = "query($id: ID!) { replies(ticketId: $id) { nodes { createdAt } } }"
    said = (await acme.data(listed, id=key))["replies"]["nodes"][0]["createdAt"]
    answered = {"waitingSince": None, "firstResponseAt": said}
    assert {name: after[name] for name in answered} == (
        answered if kind == "STAFF" else {"waitingSince": before["waitingSince"], "firstResponseAt": None}
    )
    assert (await events(acme))[-2:] == ["ticket.replied", "ticket.updated"]


async def test_the_clock_of_a_conversation(acme: Org) -> None:
    key = (await new_ticket(acme))["publicId"]
    first = (await reply(acme, key, "STAFF"))["createdAt"]
    await reply(acme, key, "STAFF")
    answered = await read(acme, key)
    assert (answered["firstResponseAt"], answered["waitingSince"], answered["status"]) == (first, None, "PENDING")
    asked = (await reply(acme, key, "CLIENT"))["createdAt"]
    await reply(acme, key, "CLIENT")
    waiting = await read(acme, key)
    assert (waiting["firstResponseAt"], waiting["waitingSince"], waiting["status"]) == (first, asked, "OPEN")
    await put(acme, key, reply={"body": "Done."}, status="RESOLVED")
    done = await read(acme, key)
    assert (done["status"], done["waitingSince"], done["resolvedAt"] is not None) == ("RESOLVED", None, True)
    again = (await reply(acme, key, "CLIENT"))["createdAt"]
    opened = await read(acme, key)
    assert (opened["status"], opened["waitingSince"], opened["resolvedAt"]) == ("OPEN", again, None)


async def test_what_was_read_is_sent_back_with_a_reply(acme: Org) -> None:
    key = (await new_ticket(acme))["publicId"]
    whole = await read(acme, key)
    after = await put(acme, key, **whole, reply={"body": "Soon."})
    assert (after["status"], after["version"]) == ("PENDING", 2)
    snoozed = await put(acme, key, status="SNOOZED", snoozedUntil=ahead(hours=2))
    kept = await put(acme, key, **snoozed, reply={"body": "Psst", "visibility": "INTERNAL"})
    assert kept == snoozed


async def test_an_internal_reply_moves_nothing(acme: Org) -> None:
    for status in (S.OPEN, S.PENDING, S.SNOOZED, S.RESOLVED):
        for kind in ("STAFF", "CLIENT"):
            key = await standing(acme, status)
            before, so_far = await read(acme, key), await events(acme)
            await reply(acme, key, kind, "INTERNAL")
            assert await read(acme, key) == before
            assert await events(acme) == [*so_far, "ticket.replied"]


async def test_a_closed_ticket_takes_no_reply(acme: Org) -> None:
    key = await standing(acme, S.CLOSED)
    async with unchanged(acme):
        for visibility in ("PUBLIC", "INTERNAL"):
            said = {"body": "Hello", "visibility": visibility}
            answer = await acme.http.put(f"{PATH}/{key}", json={"subject": "x", "reply": said})
            assert problem(answer, 409, "CONFLICT", "body.reply")["reason"] == "TICKET_CLOSED"
            details = error(
                await acme.graphql(REPLY, input={"ticketId": key} | said), 200, "CONFLICT", "input.ticketId"
            )
            assert (details["reason"], details["status"]) == ("TICKET_CLOSED", 409)
    assert (await put(acme, key, subject="Done"))["subject"] == "Done"


@pytest.mark.parametrize("kind", [kind for kind in AuthorKind if kind not in ("STAFF", "CLIENT")])
async def test_nobody_writes_as_an_agent_or_the_system(acme: Org, kind: AuthorKind) -> None:
    key = (await new_ticket(acme))["publicId"]
    async with unchanged(acme):
        answer = await acme.http.put(f"{PATH}/{key}", json={"reply": {"body": "x", "authorKind": kind}})
        problem(answer, 400, "BAD_INPUT", "body.reply.authorKind")
        given = {"ticketId": key, "body": "x", "authorKind": kind}
        error(await acme.graphql(REPLY, input=given), 200, "BAD_INPUT", "input.authorKind")


async def test_a_reply_of_a_refused_change_is_not_there(acme: Org) -> None:
    key = (await new_ticket(acme))["publicId"]
    async with unchanged(acme):
        answer = await acme.http.put(f"{PATH}/{key}", json={"reply": {"body": "x"}, "status": "CLOSED"})
        problem(answer, 409, "INVALID_TRANSITION", "body.status")
        stale = await acme.http.put(f"{PATH}/{key}", json={"reply": {"body": "x"}}, headers={"If-Match": '"7"'})
        problem(stale, 412, "VERSION_MISMATCH", "header.If-Match")
