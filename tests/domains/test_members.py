"""Members: the organization's staff, of whom one active owner always stays."""

import asyncio
from typing import Any

import pytest

from tests.support.api import Org
from tests.support.refusals import error, unchanged

CREATE = """mutation($input: CreateMemberInput!) {
  createMember(input: $input) { member { id name email role status timezone version } } }"""
UPDATE = """mutation($input: UpdateMemberInput!) {
  updateMember(input: $input) { member { name email role status timezone version } } }"""
LIST = """query($filter: MemberFilter, $orderBy: [MemberOrder!]) {
  members(filter: $filter, orderBy: $orderBy) { totalCount nodes { name } } }"""


async def new(org: Org, name: str, **given: str) -> str:
    """The id of a new member."""
    member = await org.data(CREATE, input={"name": name, "email": f"{name}@example.com"} | given)
    found: str = member["createMember"]["member"]["id"]
    return found


async def test_a_member_is_created_and_changed(acme: Org) -> None:
    await acme.rows("update organizations set timezone = 'Europe/Vienna'")
    given = {"name": " Mia ", "email": "Mia@Example.com", "role": None, "status": None, "timezone": None}
    made = (await acme.data(CREATE, input=given))["createMember"]["member"]
    key = made.pop("id")
    assert made == {
        "name": "Mia", "email": "Mia@Example.com", "role": "STAFF", "status": "ACTIVE", "timezone": "Europe/Vienna",
        "version": 1,
    }  # fmt: skip
    given = {"role": "ADMIN", "timezone": "Asia/Tokyo"}
    for _ in range(2):
        changed = (await acme.data(UPDATE, input=given | {"id": key}))["updateMember"]["member"]
        assert changed == made | given | {"version": 2}
    entries = await acme.rows("select e.action, c.changes from audit_entries e join audit_changes c"
                              " on c.entry_id = e.id where e.action like 'member:%' order by e.id")  # fmt: skip
    assert [row["action"] for row in entries] == ["member:create", "member:update"]
    assert entries[1]["changes"] == '{"role":["STAFF","ADMIN"],"timezone":["Europe/Vienna","Asia/Tokyo"]}'
    assert await acme.count("events") == 0


async def test_an_email_is_one_member_s_without_case(acme: Org, other: Org) -> None:
    await new(acme, "ada")
    bob = await new(acme, "bob")
    async with unchanged(acme):
        for text, given in ((CREATE, {"name": "Ada"}), (UPDATE, {"id": bob, "name": "Ada"})):
            answer = await acme.graphql(text, input=given | {"email": "ADA@example.com"})
            extensions = error(answer, 200, "CONFLICT", "input.email")
            assert (extensions["status"], extensions["reason"]) == (409, "EMAIL_TAKEN")
    await new(other, "ada")


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ({"search": "AD lov"}, ["Ada Lovelace"]),
        ({"search": "bob@x"}, ["Bob"]),
        ({"role": {"eq": "OWNER"}}, ["Ada Lovelace"]),
        ({"role": {"notIn": ["OWNER"]}}, ["Bob"]),
        ({"status": {"in": ["SUSPENDED"]}}, ["Bob"]),
        ({"name": {"startsWith": "a"}}, ["Ada Lovelace"]),
        ({"email": {"eq": "BOB@x.example"}}, ["Bob"]),
        ({"createdAt": {"gt": "2100-01-01T00:00:00Z"}}, []),
        ({"updatedAt": {"lt": "2100-01-01T00:00:00Z"}}, ["Ada Lovelace", "Bob"]),
    ],
)
async def test_filters_and_orders_find_what_they_say(acme: Org, filter_: dict[str, Any], found: list[str]) -> None:
    await new(acme, "Bob", email="bob@x.example", status="SUSPENDED")
    await new(acme, "Ada Lovelace", email="ada@x.example", role="OWNER")
    for name, names in (("NAME", found), ("CREATED_AT", found[::-1]), ("UPDATED_AT", found[::-1])):
        page = (await acme.data(LIST, filter=filter_, orderBy=[{"field": name}]))["members"]
        assert page == {"totalCount": len(names), "nodes": [{"name": each} for each in names]}


@pytest.mark.parametrize(
    ("given", "field"),
    [({"status": "SUSPENDED"}, "status"), ({"role": "ADMIN"}, "role"), ({"role": "STAFF", "status": "ACTIVE"}, "role")],
)
async def test_the_last_active_owner_stays_one(acme: Org, given: dict[str, str], field: str) -> None:
    owner = await new(acme, "ada", role="OWNER")
    await new(acme, "bob", role="OWNER", status="SUSPENDED")
    await new(acme, "eve", role="ADMIN")
    async with unchanged(acme):
        answer = await acme.graphql(UPDATE, input=given | {"id": owner, "name": "Other"})
        extensions = error(answer, 200, "CONFLICT", f"input.{field}")
        assert (extensions["status"], extensions["reason"]) == (409, "LAST_OWNER")
        assert answer.json()["data"] == {"updateMember": None}
    await acme.data(UPDATE, input={"id": owner, "name": "Other", "role": "OWNER", "status": "ACTIVE"})
    await new(acme, "joe", role="OWNER")
    changed = (await acme.data(UPDATE, input=given | {"id": owner}))["updateMember"]["member"]
    assert changed.items() >= given.items()


async def test_the_owners_are_locked_only_by_a_change_that_could_end_one(acme: Org) -> None:
    key = await new(acme, "ada")
    for given, statements in (({"name": "Ada"}, 2), ({"role": "OWNER", "status": "ACTIVE"}, 2), ({"name": "Ada"}, 1)):
        answer = await acme.graphql(UPDATE, input=given | {"id": key})
        assert answer.headers["Server-Timing"] == f'sql;desc="{statements}"'
    await new(acme, "bob", role="OWNER")
    answer = await acme.graphql(UPDATE, input={"id": key, "role": "STAFF"})
    assert answer.headers["Server-Timing"] == 'sql;desc="3"'


async def test_one_of_two_changes_that_would_end_the_last_two_owners_is_refused(acme: Org) -> None:
    owners = [await new(acme, name, role="OWNER") for name in ("ada", "bob")]
    async with acme.runtime.bound(acme.id) as connection:
        # Both wait, so that neither has seen what the other does.
        await connection.fetch("select id from members for update")
        both = [
            asyncio.create_task(acme.graphql(UPDATE, input={"id": key} | given))
            for key, given in zip(owners[::-1], ({"role": "STAFF"}, {"status": "SUSPENDED"}), strict=True)
        ]
        waiting = "select count(*) from pg_locks where not granted"
        while await connection.fetchval(waiting) < 2:  # noqa: ASYNC110 - another server's state has no event
            await asyncio.sleep(0.01)
    answers = [await each for each in both]
    (refused,) = [answer for answer in answers if "errors" in answer.json()]
    extensions = error(refused, 200, "CONFLICT")
    assert (extensions["status"], extensions["reason"]) == (409, "LAST_OWNER")
    versions = {tuple(row) for row in await acme.rows("select version, role, status from members")}
    assert (1, "OWNER", "ACTIVE") in versions
    assert len(versions) == 2
    assert len(await acme.rows("select id from audit_entries where action = 'member:update'")) == 1
