"""The audit log as it is listed: who changed what, of each object, and what of it was erased or sealed."""

from typing import Any

import pytest
import sqlalchemy as sa

from models.audit import AUDIT
from models.base import UNLOGGED
from models.jobs import JOB
from models.typeid import decode, encode
from models.webhooks import DELIVERY
from resolvers import organizations
from resolvers.audit.entries import logged_columns
from resolvers.audit.erase import erase
from resolvers.audit.seals import seal
from resolvers.collections.collection import COLLECTIONS
from tests.support.api import Org, new_client, new_order
from tests.support.refusals import error, problem

PATH = "/api/v1/audit-logs"
FIELDS = "id action actor { kind id name } targetId changes requestId source occurredAt sequence seal"
LIST = f"query($filter: AuditEntryFilter) {{ auditEntries(filter: $filter) {{ totalCount nodes {{ {FIELDS} }} }} }}"
ONE = f"""query($id: ID!) {{
  auditEntry(id: $id) {{ {FIELDS} }} node(id: $id) {{ ... on AuditEntry {{ {FIELDS} }} }} }}"""
HISTORY = """query($first: Int!) { orders(orderBy: [{field: NUMBER}]) {
  nodes { id history(first: $first) { totalCount nodes { action targetId changes sequence } } } } }"""


async def listed(org: Org, **params: Any) -> list[dict[str, Any]]:
    """The entries of the log over REST, newest first."""
    answer = await org.http.get(PATH, params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


async def sealed(org: Org) -> int:
    """Seal what there is, as a worker does; how many entries there were."""
    ctx = organizations.command_line(org.runtime, org.id)
    async with ctx.transaction():
        return await seal(ctx)


async def test_an_entry_says_who_changed_what_and_when(acme: Org) -> None:
    client = await new_client(acme, name="Ada", company=None)
    path = f"/api/v1/clients/{client['publicId']}"
    await acme.http.put(path, json={"name": "Ada L.", "tags": ["vip"]}, headers={"X-Request-Id": "mine-1"})
    assert (await acme.http.delete(path)).status_code == 204
    viewer = (await acme.data("{ viewer { key { id name } } }"))["viewer"]["key"]
    deleted, updated, created = await listed(acme, targetId=client["publicId"])
    assert [entry["action"] for entry in (created, updated, deleted)] == [
        "client:create", "client:update", "client:delete"
    ]  # fmt: skip
    assert updated == {
        "publicId": updated["publicId"], "action": "client:update", "actor": {"kind": "KEY"} | viewer,
        "targetId": client["publicId"], "changes": {"name": ["Ada", "Ada L."], "tags": [[], ["vip"]]},
        "requestId": "mine-1", "source": "REST", "occurredAt": updated["occurredAt"], "sequence": None, "seal": None,
    }  # fmt: skip
    assert created["occurredAt"] <= updated["occurredAt"] <= deleted["occurredAt"]
    assert (created["changes"]["name"], created["changes"]["company"]) == ([None, "Ada"], [None, None])
    assert deleted["changes"]["name"] == ["Ada L.", None]
    found = await acme.data(ONE, id=updated["publicId"])
    assert found["auditEntry"] == found["node"] == {"id": updated.pop("publicId")} | updated


async def test_an_entry_is_numbered_and_sealed_later(acme: Org) -> None:
    await new_client(acme)
    assert {(entry["sequence"], entry["seal"]) for entry in await listed(acme)} == {(None, None)}
    number = await sealed(acme)
    young = (await new_client(acme))["publicId"]
    entries = await listed(acme)
    assert (entries[0]["targetId"], entries[0]["sequence"]) == (young, None)
    assert [entry["sequence"] for entry in entries[1:]] == [*range(number, 0, -1)]
    kept = {row["sequence"]: row["seal"].hex() for row in await acme.rows("select sequence, seal from audit_seals")}
    assert {entry["sequence"]: entry["seal"] for entry in entries[1:]} == kept


async def test_what_was_erased_is_null(acme: Org) -> None:
    client = await new_client(acme)
    ctx = organizations.command_line(acme.runtime, acme.id)
    target = decode("client", client["publicId"])
    assert target is not None
    async with ctx.transaction():
        assert await erase(ctx, target) == 1
    (created,) = await listed(acme, targetId=client["publicId"])
    assert (created["action"], created["changes"]) == ("client:create", None)
    (erased,) = await listed(acme, action="audit:erase")
    assert (erased["targetId"], erased["changes"], erased["actor"]["kind"]) == (created["publicId"], {}, "CLI")
    assert await listed(acme, targetId=created["publicId"]) == [erased]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({"action": {"startsWith": "client:"}}, ["client:update", "client:create"]),
        ({"action": {"startsWith": "CLIENT:C"}}, ["client:create"]),
        ({"action": {"in": ["client:create", "apikey:create"]}}, ["client:create", "apikey:create"]),
        ({"actorId": {"eq": "cli"}}, ["apikey:create", "organization:create"]),
        ({"source": {"notIn": ["REST", "GRAPHQL"]}}, ["apikey:create", "organization:create"]),
        ({"source": {"eq": "GRAPHQL"}}, ["client:update"]),
        ({"targetId": {"in": ["x", "client_x", "audit_00000000000000000000000000"]}}, []),
        ({"not": {"source": {"eq": "REST"}}, "action": {"startsWith": "c"}}, ["client:update"]),
    ],
)
async def test_filters(acme: Org, condition: Any, found: list[str]) -> None:
    client = await new_client(acme)
    text = "mutation($i: UpdateClientInput!) { updateClient(input: $i) { client { id } } }"
    await acme.data(text, i={"id": client["publicId"], "name": "B"})
    page = (await acme.data(LIST, filter=condition))["auditEntries"]
    assert ([node["action"] for node in page["nodes"]], page["totalCount"]) == (found, len(found))


async def test_a_time_that_is_shown_finds_its_entry(acme: Org) -> None:
    await new_client(acme)
    for entry in await listed(acme):
        page = (await acme.data(LIST, filter={"occurredAt": {"eq": entry["occurredAt"]}}))["auditEntries"]
        assert entry["publicId"] in [node["id"] for node in page["nodes"]]


async def test_pages_walk_the_whole_log_once(acme: Org) -> None:
    for _ in range(5):
        await new_client(acme)
    whole = [entry["publicId"] for entry in await listed(acme)]
    walked: list[str] = []
    cursor: str | None = None
    while cursor is not None or not walked:
        answer = (await acme.http.get(PATH, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        walked += [entry["publicId"] for entry in answer["data"]]
        cursor = answer["pagination"]["nextCursor"]
    assert walked == whole == sorted(whole, reverse=True)


async def test_an_order_has_its_history(acme: Org) -> None:
    keys = [(await new_order(acme))["publicId"] for _ in range(3)]
    for key in keys[:2]:
        await acme.http.put(f"/api/v1/orders/{key}", json={"status": "SUBMITTED"})
    await sealed(acme)
    nodes = (await acme.data(HISTORY, first=10))["orders"]["nodes"]
    assert [node["id"] for node in nodes] == keys
    for node, actions in zip(nodes, [["order:transition", "order:create"]] * 2 + [["order:create"]], strict=True):
        history = node["history"]
        assert [entry["action"] for entry in history["nodes"]] == actions
        assert {entry["targetId"] for entry in history["nodes"]} == {node["id"]}
        assert (history["totalCount"], None in [entry["sequence"] for entry in history["nodes"]]) == (
            len(actions),
            False,
        )
    assert nodes[0]["history"]["nodes"][0]["changes"] == {"status": ["PENDING", "SUBMITTED"]}
    assert [len(node["history"]["nodes"]) for node in (await acme.data(HISTORY, first=1))["orders"]["nodes"]] == [1] * 3


async def test_a_history_takes_the_same_statements_for_many_orders(acme: Org) -> None:
    counts = []
    for number in (1, 4):
        for _ in range(number):
            await new_order(acme)
        answer = await acme.graphql(HISTORY, first=5)
        counts.append(answer.headers["server-timing"])
    assert counts[0] == counts[1]


async def test_changes_have_the_ids_and_times_of_the_api(acme: Org) -> None:
    order = await new_order(acme)
    path, due = f"/api/v1/orders/{order['publicId']}", "2027-06-01T00:00:00.000Z"
    assert (await acme.http.put(path, json={"dueAt": due})).status_code == 200
    updated, created = await listed(acme, targetId=order["publicId"])
    assert updated["changes"] == {"dueAt": [order["dueAt"], due]}
    for name in ("clientId", "serviceId"):
        assert created["changes"][name] == [None, order[name]]


def test_each_column_that_refers_to_an_object_says_of_which_kind() -> None:
    for collection in COLLECTIONS.values():
        # Nobody changes the first two, and of the third the state alone is logged.
        if collection.resource not in (AUDIT, DELIVERY, JOB):
            logged = [column for column in collection.table.c if column.name not in UNLOGGED]
            kinds = {column.name: getattr(column.type, "item_type", column.type) for column in logged}
            names = {name for name, kind in kinds.items() if isinstance(kind, sa.Uuid)}
            referring = {name for name, (_, prefix) in logged_columns(collection.table).items() if prefix is not None}
            assert names == referring, collection.resource.singular


async def test_the_log_needs_its_scope(acme: Org) -> None:
    order = (await new_order(acme))["publicId"]
    weak = acme.holding(await acme.new_key("orders:write", "clients:write", "settings:write"))
    reader = acme.holding(await acme.new_key("audit:read"))
    async with weak.http, reader.http:
        problem(await weak.http.get(PATH), 403, "FORBIDDEN")
        text = "query($id: ID!) { order(id: $id) { history { totalCount } } }"
        assert error(await weak.graphql(text, id=order), 403, "FORBIDDEN")["scope"] == "audit:read"
        assert error(await reader.graphql(text, id=order), 403, "FORBIDDEN")["scope"] == "orders:read"
        # It shows the changes of every object, whatever else the key may read.
        (entry,) = await listed(reader, targetId=order)
        assert entry["changes"]["status"] == [None, "PENDING"]


async def test_another_organization_s_entries_are_not_there(acme: Org, other: Org) -> None:
    client = await new_client(other)
    (theirs,) = await listed(other, targetId=client["publicId"])
    assert await listed(acme, targetId=client["publicId"]) == []
    assert await listed(acme, ids=theirs["publicId"]) == []
    assert {entry["targetId"] for entry in await listed(acme)} & {client["publicId"]} == set()
    organization = encode("org", acme.id)
    assert [entry["action"] for entry in await listed(acme, targetId=organization)] == ["organization:create"]


async def test_a_target_of_any_type_and_nothing_else(acme: Org) -> None:
    for wrong in ("x", "client", "client_!", "", "cli"):
        problem(await acme.http.get(PATH, params={"targetId": wrong}), 400, "BAD_INPUT", "query.targetId")
    assert await listed(acme, targetId="nothing_00000000000000000000000000") == []


async def test_an_action_or_an_actor_that_cannot_be_is_refused(acme: Org) -> None:
    for wrong in ("nope", "client:nope", "client:create,nope", "client:", ""):
        answer = await acme.http.get(PATH, params={"action": wrong})
        (told,) = problem(answer, 400, "BAD_INPUT", "query.action")["errors"]
        assert told["code"] == "NOT_ONE_OF"
        assert {"client:create", "audit:erase"} <= set(told["allowed"])
    for wrong in ("nope", "apikey", "apikey_!", "cli,public", ""):
        answer = await acme.http.get(PATH, params={"actorId": wrong})
        (told,) = problem(answer, 400, "BAD_INPUT", "query.actorId")["errors"]
        assert told["code"] == "INVALID_FORMAT"
    for nobody in ("public", "order_00000000000000000000000000"):
        assert await listed(acme, actorId=nobody) == []
    assert await listed(acme, action="CLIENT:CREATE") == await listed(acme, action="client:create")
    # In the graph a condition on a text may match nothing, as one on an id may.
    for condition in ({"action": {"eq": "nope"}}, {"actorId": {"eq": "nope"}}):
        assert (await acme.data(LIST, filter=condition))["auditEntries"]["nodes"] == []


async def test_every_action_that_was_ever_written_can_be_asked_for(acme: Org) -> None:
    await new_order(acme)
    for entry in await listed(acme):
        asked = {"action": entry["action"], "actorId": entry["actor"]["id"], "ids": entry["publicId"]}
        assert await listed(acme, **asked) == [entry]
