"""The members that orders are assigned to: who may be, who stays, and what the audit log keeps of it."""

from typing import Any

from tests.support.api import Org, new_order
from tests.support.refusals import problem, unchanged

MEMBER = "mutation($input: CreateMemberInput!) { createMember(input: $input) { member { id } } }"
SUSPEND = "mutation($id: ID!) { updateMember(input: {id: $id, status: SUSPENDED}) { member { id } } }"
READ = "query($id: ID!) { order(id: $id) { assigneeIds assignees { id name } version } }"
FOUND = "query($f: OrderFilter) { orders(filter: $f) { totalCount nodes { id } } }"
LOGGED = """query($id: ID!) { order(id: $id) { history { nodes { action changes } } } }"""


async def _member(org: Org, name: str) -> str:
    given = {"name": name, "email": f"{name}@example.com"}
    found: str = (await org.data(MEMBER, input=given))["createMember"]["member"]["id"]
    return found


async def test_an_order_is_assigned_to_members_each_once_in_their_order(acme: Org) -> None:
    mia, noah = await _member(acme, "mia"), await _member(acme, "noah")
    made = await new_order(acme, assigneeIds=[noah, mia, noah])
    assert made["assigneeIds"] == [noah, mia]
    found = (await acme.data(READ, id=made["publicId"]))["order"]
    assert [each["name"] for each in found["assignees"]] == ["noah", "mia"]
    path = f"/api/v1/orders/{made['publicId']}"
    async with unchanged(acme):
        assert (await acme.http.put(path, json={"assigneeIds": [noah, mia]})).json()["data"] == made
    changed = (await acme.http.put(path, json={"assigneeIds": [mia]})).json()["data"]
    assert (changed["assigneeIds"], changed["version"]) == ([mia], 2)
    last = (await acme.rows("select changes from audit_changes order by entry_id desc limit 1"))[0]["changes"]
    assert '"assigneeIds"' in last
    emptied = (await acme.http.put(path, json={"assigneeIds": []})).json()["data"]
    assert (emptied["assigneeIds"], emptied["version"]) == ([], 3)
    plain = await new_order(acme)
    assert plain["assigneeIds"] == []


async def test_a_suspended_member_is_not_assigned_and_stays(acme: Org) -> None:
    mia, noah = await _member(acme, "mia"), await _member(acme, "noah")
    made = await new_order(acme, assigneeIds=[mia])
    for member in (mia, noah):
        await acme.data(SUSPEND, id=member)
    path = f"/api/v1/orders/{made['publicId']}"
    async with unchanged(acme):
        details = problem(
            await acme.http.put(path, json={"assigneeIds": [mia, noah]}), 400, "BAD_INPUT", "body.assigneeIds.1"
        )
        assert details["errors"][0]["code"] == "NOT_ALLOWED"
        body = {"clientId": made["clientId"], "serviceId": made["serviceId"], "assigneeIds": [mia]}
        details = problem(await acme.http.post("/api/v1/orders", json=body), 400, "BAD_INPUT", "body.assigneeIds.0")
        assert details["errors"][0]["code"] == "NOT_ALLOWED"
    whole: dict[str, Any] = made | {"notes": "New"}
    kept = (await acme.http.put(path, json=whole)).json()["data"]
    assert (kept["assigneeIds"], kept["notes"]) == ([mia], "New")


async def test_assignees_need_the_scope_of_members_and_their_ids_do_not(acme: Org) -> None:
    mia = await _member(acme, "mia")
    made = await new_order(acme, assigneeIds=[mia])
    weak = acme.holding(await acme.new_key("orders:read"))
    assert await weak.refused(READ, id=made["publicId"]) == [("FORBIDDEN", None)]
    assert (await weak.http.get(f"/api/v1/orders/{made['publicId']}")).json()["data"]["assigneeIds"] == [mia]


async def test_orders_are_found_by_their_assignees(acme: Org, other: Org) -> None:
    mia, noah, foreign = await _member(acme, "mia"), await _member(acme, "noah"), await _member(other, "mia")
    both = await new_order(acme, assigneeIds=[mia, noah])
    one = await new_order(acme, assigneeIds=[noah])
    await new_order(acme)
    both_id, one_id = both["publicId"], one["publicId"]

    async def found(**condition: Any) -> list[str]:
        page = (await acme.data(FOUND, f={"assigneeIds": condition}))["orders"]
        assert page["totalCount"] == len(page["nodes"])
        return [node["id"] for node in page["nodes"]]

    assert (await found(has=mia), await found(has=noah)) == ([both_id], [one_id, both_id])
    assert await found(hasAny=[mia, foreign]) == [both_id]
    assert (await found(has=foreign), await found(has="x"), await found(hasAny=[])) == ([], [], [])
    await acme.http.put(f"/api/v1/orders/{both_id}", json={"assigneeIds": [mia]})
    assert await found(has=noah) == [one_id]
    assert (await acme.http.delete(f"/api/v1/orders/{one_id}")).status_code == 204
    assert (await found(has=noah), await acme.count("assignments")) == ([], 1)
