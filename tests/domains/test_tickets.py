"""Tickets: every pair of states, when the first response is due, and what a ticket refers to."""

import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest

from models.tickets import MACHINE, TicketPriority, TicketStatus
from tests.support.api import Org, new_client, new_order
from tests.support.refusals import problem, unchanged
from tests.support.tickets import PATH, ROADS, ahead, events, new_ticket, put, read, reply, standing, transition_to

S = TicketStatus
PAIRS = list(itertools.product(S, S))
BREACHED = "query($id: ID!) { ticket(id: $id) { breached } }"
NEW_MEMBER = "mutation($input: CreateMemberInput!) { createMember(input: $input) { member { id } } }"


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def actions(org: Org) -> list[str]:
    """The actions of its audit entries, oldest first."""
    return [row["action"] for row in await org.rows("select action from audit_entries order by id")]


async def member(org: Org, **given: Any) -> str:
    """The id of a new member."""
    values = {"name": "Mia", "email": "mia@example.com"} | given
    key: str = (await org.data(NEW_MEMBER, input=values))["createMember"]["member"]["id"]
    return key


def test_the_table_has_every_move_once() -> None:
    assert len({(each.origin, each.target) for each in MACHINE.transitions}) == len(MACHINE.transitions) == 15
    assert set(ROADS) == set(S)
    assert MACHINE.leaving(S.CLOSED) == []


@pytest.mark.parametrize(("origin", "target"), PAIRS, ids=lambda status: status.value)
async def test_every_pair_of_states(acme: Org, origin: TicketStatus, target: TicketStatus) -> None:
    key = await standing(acme, origin)
    before = await read(acme, key)
    assert before["status"] == origin
    legal = MACHINE.between(origin, target)
    if origin is target:
        async with unchanged(acme):
            assert await put(acme, key, **before) == before
            assert await put(acme, key, status=target) == before
    elif legal is None:
        async with unchanged(acme):
            answer = await acme.http.put(f"{PATH}/{key}", json=transition_to(target))
            details = problem(answer, 409, "INVALID_TRANSITION", "body.status")
            assert details["allowed"] == [each.target for each in MACHINE.leaving(origin)]
    else:
        after = await put(acme, key, **transition_to(target))
        assert (after["status"], after["version"]) == (target, before["version"] + 1)
        assert (after["snoozedUntil"] is not None) == (target is S.SNOOZED)
        assert (after["resolvedAt"] is not None) == (target in (S.RESOLVED, S.CLOSED))
        assert (after["waitingSince"], after["firstResponseAt"]) == (before["createdAt"], None)
        assert (await actions(acme))[-1] == "ticket:transition"
        assert (await events(acme))[-1] == "ticket.updated"
    query = "query($id: ID!) { ticket(id: $id) { availableTransitions { to allowed requires blockedBy { code } } } }"
    listed = (await acme.data(query, id=key))["ticket"]["availableTransitions"]
    stands = origin if legal is None else target
    assert listed == [
        {"to": to.target, "allowed": True, "requires": [*to.requires], "blockedBy": None}
        for to in MACHINE.leaving(stands)
    ]


async def test_a_new_ticket_waits_from_its_creation(acme: Org) -> None:
    hours = {"URGENT": 1, "HIGH": 4, "NORMAL": 24, "LOW": 72}
    for priority in TicketPriority:
        made = await new_ticket(acme, priority=priority)
        assert made["waitingSince"] == made["createdAt"]
        assert _time(made["firstResponseDueAt"]) - _time(made["createdAt"]) == timedelta(hours=hours[priority])
        assert (made["status"], made["firstResponseAt"], made["resolvedAt"]) == ("OPEN", None, None)
    assert (await events(acme))[-1] == "ticket.created"
    numbers = [row["number"] for row in await acme.rows("select number from tickets order by id")]
    assert numbers == sorted({*numbers})


async def test_the_first_response_is_due_by_the_setting_and_follows_the_priority(acme: Org) -> None:
    await acme.set_setting("tickets.firstResponse.high", 7)
    made = await new_ticket(acme, priority="HIGH")
    created = _time(made["createdAt"])
    assert _time(made["firstResponseDueAt"]) - created == timedelta(hours=7)
    raised = await put(acme, made["publicId"], priority="URGENT")
    assert _time(raised["firstResponseDueAt"]) - created == timedelta(hours=1)
    await reply(acme, made["publicId"])
    answered = await put(acme, made["publicId"], priority="LOW")
    assert (answered["priority"], answered["firstResponseDueAt"]) == ("LOW", raised["firstResponseDueAt"])


async def test_a_snooze_needs_a_time_that_is_ahead(acme: Org) -> None:
    key = (await new_ticket(acme))["publicId"]
    for given, code in (
        ({}, "REQUIRED"),
        ({"snoozedUntil": None}, "REQUIRED"),
        ({"snoozedUntil": ahead(seconds=-1)}, "INVALID"),
        ({"snoozedUntil": ahead(days=366, hours=1)}, "OUT_OF_RANGE"),
    ):
        async with unchanged(acme):
            answer = await acme.http.put(f"{PATH}/{key}", json={"status": "SNOOZED"} | given)
            details = problem(answer, 400, "BAD_INPUT", "body.snoozedUntil")
            assert details["errors"][0]["code"] == code
    async with unchanged(acme):
        answer = await acme.http.put(f"{PATH}/{key}", json={"snoozedUntil": ahead(hours=1)})
        assert problem(answer, 400, "BAD_INPUT", "body.snoozedUntil")["errors"][0]["code"] == "NOT_ALLOWED"
    until = ahead(days=365)
    assert (await put(acme, key, status="SNOOZED", snoozedUntil=until))["snoozedUntil"] == until
    async with unchanged(acme):
        cleared = await acme.http.put(f"{PATH}/{key}", json={"snoozedUntil": None})
        assert problem(cleared, 400, "BAD_INPUT", "body.snoozedUntil")["errors"][0]["code"] == "REQUIRED"
    moved = await put(acme, key, snoozedUntil=ahead(days=2))
    assert (moved["status"], moved["version"]) == ("SNOOZED", 3)
    sql = "select run_at from jobs where org_id = $1 and function = 'TICKET_WAKE' order by run_at desc"
    assert [row["run_at"] for row in await acme.rows(sql, acme.id)] == [_time(until), _time(moved["snoozedUntil"])]


async def test_a_breach_is_seen_and_found(acme: Org) -> None:
    late, answered_late, in_time, waiting = [(await new_ticket(acme))["publicId"] for _ in range(4)]
    await reply(acme, answered_late)
    await reply(acme, in_time)
    numbers = {key: (await read(acme, key))["number"] for key in (late, answered_late)}
    sql = "update tickets set first_response_due_at = $2 where number = $1"
    (row,) = await acme.rows("select first_response_at as at from tickets where number = $1", numbers[answered_late])
    await acme.rows(sql, numbers[answered_late], row["at"] - timedelta(milliseconds=1))
    await acme.rows(sql, numbers[late], row["at"] - timedelta(minutes=1))
    wanted = {late: True, answered_late: True, in_time: False, waiting: False}
    for key, breached in wanted.items():
        assert (await acme.data(BREACHED, id=key))["ticket"]["breached"] is breached
    for breached in (True, False):
        found = await acme.http.get(PATH, params={"breached": str(breached).lower(), "page": 1})
        keys = {ticket["publicId"] for ticket in found.json()["data"]}
        assert keys == {key for key, each in wanted.items() if each is breached}
        assert found.json()["pagination"]["total"] == 2
        assert all("breached" not in ticket for ticket in found.json()["data"])
    query = "query($f: TicketFilter) { tickets(filter: $f) { totalCount } }"
    assert (await acme.data(query, f={"not": {"breached": {"eq": True}}}))["tickets"]["totalCount"] == 2


async def test_a_ticket_of_an_order_is_its_client_s(acme: Org) -> None:
    order, other = await new_order(acme), await new_client(acme)
    made = await new_ticket(acme, orderId=order["publicId"])
    assert (made["orderId"], made["clientId"]) == (order["publicId"], order["clientId"])
    wrong = {"subject": "x", "orderId": order["publicId"], "clientId": other["publicId"]}
    async with unchanged(acme):
        answer = await acme.http.post(PATH, json=wrong)
        assert problem(answer, 400, "BAD_INPUT", "body.orderId")["errors"][0]["code"] == "NOT_ALLOWED"
        answer = await acme.http.put(f"{PATH}/{made['publicId']}", json={"clientId": other["publicId"]})
        assert problem(answer, 400, "BAD_INPUT", "body.clientId")["errors"][0]["code"] == "NOT_ALLOWED"
    moved = await put(acme, made["publicId"], clientId=other["publicId"], orderId=None)
    assert (moved["orderId"], moved["clientId"]) == (None, other["publicId"])
    alone = await put(acme, made["publicId"], clientId=None)
    again = await put(acme, alone["publicId"], orderId=order["publicId"])
    assert (again["orderId"], again["clientId"]) == (order["publicId"], order["clientId"])


async def test_an_assignee_is_an_active_member(acme: Org) -> None:
    mia, noah = await member(acme), await member(acme, email="noah@example.com", status="SUSPENDED")
    made = await new_ticket(acme, assigneeId=mia)
    async with unchanged(acme):
        for answer, field in (
            (await acme.http.post(PATH, json={"subject": "x", "assigneeId": noah}), "body.assigneeId"),
            (await acme.http.put(f"{PATH}/{made['publicId']}", json={"assigneeId": noah}), "body.assigneeId"),
        ):
            assert problem(answer, 400, "BAD_INPUT", field)["errors"][0]["code"] == "NOT_ALLOWED"
    suspend = "mutation($input: UpdateMemberInput!) { updateMember(input: $input) { member { id } } }"
    await acme.data(suspend, input={"id": mia, "status": "SUSPENDED"})
    kept = await put(acme, made["publicId"], **await read(acme, made["publicId"]) | {"subject": "New"})
    assert (kept["assigneeId"], kept["subject"]) == (mia, "New")
    nested = "query($f: TicketFilter) { tickets(filter: $f) { nodes { assignee { id } } totalCount } }"
    for condition, count in (
        ({"assignee": {"email": {"eq": "mia@example.com"}}}, 1),
        ({"assigneeId": {"isNull": True}}, 0),
        ({"assigneeId": {"isNull": False}}, 1),
        ({"not": {"clientId": {"isNull": True}}}, 0),
    ):
        assert (await acme.data(nested, f=condition))["tickets"]["totalCount"] == count, condition
    freed = await put(acme, made["publicId"], assigneeId=None)
    assert freed["assigneeId"] is None
    assert (await acme.data(nested, f={"assigneeId": {"isNull": True}}))["tickets"]["totalCount"] == 1


async def test_what_has_tickets_is_kept(acme: Org) -> None:
    order, client = await new_order(acme), await new_client(acme)
    await new_ticket(acme, orderId=order["publicId"])
    await new_ticket(acme, clientId=client["publicId"])
    async with unchanged(acme):
        answer = await acme.http.delete(f"/api/v1/orders/{order['publicId']}")
        assert problem(answer, 409, "CONFLICT", "path.publicId")["reason"] == "HAS_TICKETS"
    assert (await acme.http.delete(f"/api/v1/clients/{client['publicId']}")).status_code == 204
    kept = (await acme.http.get(f"/api/v1/clients/{client['publicId']}")).json()["data"]
    assert kept["status"] == "ARCHIVED"
    nested = "query($id: ID!) { client(id: $id) { tickets { totalCount nodes { client { id } } } } }"
    found = (await acme.data(nested, id=client["publicId"]))["client"]["tickets"]
    assert found == {"totalCount": 1, "nodes": [{"client": {"id": client["publicId"]}}]}
    of_order = "query($id: ID!) { order(id: $id) { tickets { totalCount nodes { order { id } } } } }"
    found = (await acme.data(of_order, id=order["publicId"]))["order"]["tickets"]
    assert found == {"totalCount": 1, "nodes": [{"order": {"id": order["publicId"]}}]}


async def test_a_ticket_is_not_deleted(acme: Org) -> None:
    key = (await new_ticket(acme))["publicId"]
    async with unchanged(acme):
        answer = await acme.http.delete(f"{PATH}/{key}")
        problem(answer, 405, "METHOD_NOT_ALLOWED")
        assert answer.headers["allow"] == "GET, PUT, PATCH, HEAD, OPTIONS"
