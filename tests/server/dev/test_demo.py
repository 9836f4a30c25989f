"""The demo: the same rows everywhere, once, and shown by the graph."""

import asyncio
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from models.members import MemberRole, MemberStatus
from models.orders import OrderStatus
from models.threads import AuthorKind
from models.tickets import TicketStatus, is_breached
from resolvers import organizations
from resolvers.changes.numbers import FIRST, reserve_number
from resolvers.database.runtime import Runtime
from server.dev.demo import INVOICES, KEYS, SEED, SIZE, SLUG, SUBSCRIPTIONS, seed, seed_demo
from server.dev.demo_maker import Row
from server.dev.demo_rows import FIXED, Rows, Size, rows_of
from server.settings import KEY_FILE, Settings
from server.wiring import running
from tests.support.api import serving, settings_of
from tests.support.servers import Backends

TABLES = (
    *("members", "clients", "services", "orders", "messages", "tickets", "replies", "forms", "form_versions"),
    *("submissions", "subscriptions", "subscription_periods", "subscription_changes", "invoices", "invoice_lines"),
    *("invoice_payments", "search_words", "tag_uses", "counters", "agent_definitions", "agent_definition_versions"),
    *("agent_jobs", "agent_steps", "assignments"),
)
COUNTED = ("organizations", *TABLES, "api_keys", "audit_entries")


async def counts(runtime: Runtime) -> dict[str, int]:
    """How many rows of each table the demo has."""
    org_id = await organizations.find(runtime, SLUG)
    assert org_id is not None
    async with runtime.bound(org_id) as connection:
        return {name: await connection.fetchval(f"select count(*) from {name}") for name in COUNTED}


async def digests(runtime: Runtime) -> dict[str, str]:
    """A digest of each table's whole rows, without the ID of the key that queued a job: a key's is random."""
    org_id = await organizations.find(runtime, SLUG)
    assert org_id is not None
    async with runtime.bound(org_id) as connection:
        sql = """select md5(string_agg(row::text, '' order by row::text collate "C"))
                 from (select to_jsonb(t) - 'created_by_key' as row from {} t) rows"""
        return {name: await connection.fetchval(sql.format(name)) for name in TABLES}


def quiet(line: str) -> None:
    """Hears nothing."""


@pytest.fixture
def settings(own_backends: Backends, tmp_path: Path) -> Settings:
    """Settings of an empty database and an empty data folder."""
    return settings_of(own_backends, counterfoil_data=tmp_path)


async def test_the_demo_is_whole_and_a_second_seed_changes_nothing(settings: Settings) -> None:
    said: list[str] = []
    await asyncio.to_thread(seed_demo, settings, said.append)
    assert said[0] == "== Loading the demo organization (demo)"
    assert [line.split(maxsplit=1)[1] for line in said[1:]] == [
        *("members", "clients", "forms", "form versions", "services", "orders", "messages", "tickets", "replies"),
        *("timers", "submissions", "search words", "tags", "assignments", "subscriptions", "periods"),
        *("changes of revenue", "timers of subscriptions", "invoices", "invoice lines", "payments"),
        *("words of invoices", "agent definitions", "words of agents", "versions of agents", "agent jobs"),
        *("agent steps", "runs of agents", "timers of agents"),
    ]  # fmt: skip
    key = settings.counterfoil_data / KEY_FILE
    raw = key.read_text(encoding="utf-8")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    async with running(settings, max_size=2) as runtime:
        before, rows = await counts(runtime), await digests(runtime)
        expected = {"organizations": 1, "clients": 500, "services": 12, "orders": 3_000, "messages": 6_000}
        expected |= {"subscriptions": SUBSCRIPTIONS, "forms": 3, "submissions": 100}
        assert {name: before[name] for name in expected} == expected
        assert before["tickets"] == 400
        assert (before["agent_definitions"], before["agent_jobs"], before["agent_steps"]) == (4, 6, 5)
        # Those of orders and tickets, and that of the invoices of each of the last years.
        assert before["counters"] in (3, 4)
        org_id = await organizations.find(runtime, SLUG)
        assert org_id is not None
        async with runtime.bound(org_id) as connection:
            billed = await connection.fetchval("select count(*) from subscription_periods where state = 'BILLED'")
            assert before["invoices"] == INVOICES + billed > INVOICES
            for table in ("clients", "orders", "messages", "invoices"):
                newest = await connection.fetchval(f"select max(updated_at) from {table}")
                assert datetime.now(UTC) - timedelta(days=7) < newest <= datetime.now(UTC)
        # That of the agents, and the one that is kept in the file.
        assert before["api_keys"] == 2 + len(KEYS)
        again: list[str] = []
        await asyncio.to_thread(seed_demo, settings, again.append)
        assert again == []
        assert await counts(runtime) == before
        assert await digests(runtime) == rows
        assert await reserve_number(runtime, org_id, "order") == FIRST + 3_000
        assert await reserve_number(runtime, org_id, "ticket") == FIRST + 400
    assert key.read_text(encoding="utf-8") == raw


async def test_a_key_that_no_longer_works_is_replaced(settings: Settings) -> None:
    key = settings.counterfoil_data / KEY_FILE
    key.write_text("sk_live_of_another_database\n", encoding="utf-8")
    await asyncio.to_thread(seed_demo, settings, quiet)
    async with serving(settings) as base, httpx.AsyncClient(base_url=base) as http:
        headers = {"Authorization": f"Bearer {key.read_text(encoding='utf-8').strip()}"}
        answer = await http.get("/api/v1/clients", params={"limit": 1}, headers=headers)
        assert answer.status_code == 200, answer.text


async def test_two_databases_get_the_same_rows(
    settings: Settings, servers: Backends, template: str, tmp_path: Path
) -> None:
    with servers.empty_database(template=template) as elsewhere:
        found = []
        for each in (settings, settings_of(elsewhere, counterfoil_data=tmp_path)):
            async with running(each, max_size=2) as runtime:
                await seed(runtime, quiet, FIXED)
                found.append(await digests(runtime))
        assert found[0] == found[1]
        assert all(found[0].values())


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


async def test_the_graph_finds_what_was_seeded(settings: Settings) -> None:
    await asyncio.to_thread(seed_demo, settings, quiet)
    client = rows_of(SEED, SIZE).clients[7]
    query = """query($email: String!) {
        clients(filter: {search: $email}) { nodes { name email tags } }
        orders(filter: {number: {eq: 1008}}) { nodes { number } totalCount }
    }"""
    key = (settings.counterfoil_data / KEY_FILE).read_text(encoding="utf-8").strip()
    async with serving(settings) as base, httpx.AsyncClient(base_url=base) as http:
        body = {"query": query, "variables": {"email": client["email"]}}
        answer = (await http.post("/graphql", json=body, headers={"Authorization": f"Bearer {key}"})).json()
    assert answer["data"]["clients"]["nodes"] == [{name: client[name] for name in ("name", "email", "tags")}]
    assert answer["data"]["orders"] == {"nodes": [{"number": 1008}], "totalCount": 1}
