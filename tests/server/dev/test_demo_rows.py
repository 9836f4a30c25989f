"""The rows of the demo: in every state, with what leads there, and none of the future."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from models.members import MemberRole, MemberStatus
from models.orders import OrderStatus
from models.threads import AuthorKind
from models.tickets import TicketStatus, is_breached
from resolvers.changes.numbers import FIRST
from schema.requests.tools import TOOLS
from server.dev import demo_agents
from server.dev.demo import SEED, SIZE
from server.dev.demo_maker import Row
from server.dev.demo_rows import FIXED, Rows, Size, rows_of


async def test_orders_stand_in_every_state_with_what_the_moves_set() -> None:
    rows = rows_of(1, Size(clients=40, orders=600, messages=50))
    assert {order["status"] for order in rows.orders} == set(OrderStatus)
    for order in rows.orders:
        status = order["status"]
        assert order["total"] == order["quantity"] * order["unit_price"]
        assert (order["completed_at"] is not None) == (status is OrderStatus.COMPLETED)
        assert (order["cancelled_reason"] is not None) == (status is OrderStatus.CANCELLED)
        if status in (OrderStatus.PENDING, OrderStatus.SUBMITTED):
            assert order["started_at"] is None
            assert order["due_at"] is None
        elif status is not OrderStatus.CANCELLED:
            assert order["started_at"] is not None
            assert (order["due_at"] is None) == (order["delivery_days"] is None)
        if status is OrderStatus.ON_HOLD:
            assert order["held_at"] is not None
        if status in (OrderStatus.DELIVERED, OrderStatus.REVISION_REQUESTED, OrderStatus.COMPLETED):
            assert order["delivered_at"] is not None
        if status is OrderStatus.REVISION_REQUESTED:
            assert order["revisions"] == 1
    assert {message["author_kind"] for message in rows.messages} == {"STAFF", "CLIENT"}
    assert {(m["author_kind"], m["visibility"]) for m in rows.messages if m["visibility"] == "INTERNAL"} == {
        ("STAFF", "INTERNAL")
    }
    assert rows_of(2, Size(1, 1, 1)).org_id != rows.org_id


def test_the_staff_has_each_role_and_one_member_is_suspended() -> None:
    members = rows_of(SEED, SIZE).members
    assert {member["role"] for member in members} == set(MemberRole)
    suspended = [member["name"] for member in members if member["status"] is MemberStatus.SUSPENDED]
    assert (len(members), len(suspended)) == (4, 1)
    signed = {row["author_name"] for row in rows_of(SEED, SIZE).messages if row["author_kind"] is AuthorKind.STAFF}
    assert signed == {member["name"] for member in members} - {*suspended}


AHEAD = ("due_at", "first_response_due_at", "snoozed_until")


async def test_tickets_stand_in_every_state_with_what_the_replies_set() -> None:
    rows = rows_of(1, Size(clients=40, orders=200, messages=0, tickets=300))
    assert {ticket["status"] for ticket in rows.tickets} == set(TicketStatus)
    said: dict[UUID, list[Row]] = {ticket["id"]: [] for ticket in rows.tickets}
    for reply in rows.replies:
        said[reply["ticket_id"]].append(reply)
    for ticket in rows.tickets:
        public = [reply for reply in said[ticket["id"]] if reply["visibility"] == "PUBLIC"]
        answers = [_created(reply) for reply in public if reply["author_kind"] == "STAFF"]
        assert ticket["first_response_at"] == (answers[0] if answers else None)
        assert (ticket["waiting_since"] is None) == bool(public and public[-1]["author_kind"] == "STAFF")
        assert (ticket["resolved_at"] is not None) == (ticket["status"] in ("RESOLVED", "CLOSED"))
        assert (ticket["snoozed_until"] is not None) == (ticket["status"] == "SNOOZED")
    breached = [ticket for ticket in rows.tickets if is_breached(ticket, FIXED)]
    assert 10 < len(breached) < 200
    assert {(reply["author_kind"], reply["visibility"]) for reply in rows.replies} == {
        ("STAFF", "PUBLIC"), ("CLIENT", "PUBLIC"), ("STAFF", "INTERNAL"),
    }  # fmt: skip
    snoozed = [ticket for ticket in rows.tickets if ticket["status"] == "SNOOZED"]
    assert {(timer["subject_id"], timer["run_at"]) for timer in rows.timers} == {
        (ticket["id"], ticket["snoozed_until"]) for ticket in snoozed
    }


def _created(row: Row) -> datetime:
    return datetime.fromtimestamp((row["id"].int >> 80) / 1000, UTC)


def _tables(rows: Rows) -> list[list[Row]]:
    return [*(rows.clients, rows.services, rows.orders, rows.messages), rows.members, rows.tickets, rows.replies]


@pytest.mark.parametrize("size", [SIZE, Size(clients=1, orders=3, messages=5)], ids=["demo", "small"])
def test_the_newest_rows_are_of_this_week_and_none_of_the_future(size: Size) -> None:
    rows = rows_of(SEED, size, FIXED)
    for table in _tables(rows):
        created = [_created(row) for row in table]
        assert created == sorted(created)
        for row, moment in zip(table, created, strict=True):
            # A date to come is one that something is due at, and no other.
            times = [value for name, value in row.items() if isinstance(value, datetime) and name not in AHEAD]
            assert all(moment <= each <= FIXED for each in times)
    if size is SIZE:
        for table in (rows.clients, rows.orders, rows.messages):
            assert _created(table[-1]) > FIXED - timedelta(days=7)
    clients, orders = ({row["id"]: row for row in table} for table in (rows.clients, rows.orders))
    assert all(_created(order) >= _created(clients[order["client_id"]]) for order in rows.orders)
    assert all(_created(message) >= _created(orders[message["order_id"]]) for message in rows.messages)
    assert [order["number"] for order in rows.orders] == list(range(FIRST, rows.next_number))


def test_another_day_shifts_the_same_rows() -> None:
    size, shift = Size(clients=30, orders=200, messages=300), timedelta(days=300, hours=5)
    here, there = rows_of(7, size, FIXED), rows_of(7, size, FIXED + shift)

    def shifted(value: object) -> object:
        if isinstance(value, datetime):
            return value + shift
        if isinstance(value, UUID):
            return UUID(int=value.int + (shift // timedelta(milliseconds=1) << 80))
        return [shifted(item) for item in value] if isinstance(value, list) else value

    for one, other in zip(_tables(here), _tables(there), strict=True):
        assert [{name: shifted(value) for name, value in row.items()} for row in one] == other
    assert rows_of(7, size, FIXED) == here


def test_its_tools_need_the_scopes_that_it_names() -> None:
    assert {name: TOOLS[name] for name in demo_agents.TOOLS} == demo_agents.TOOLS
