"""The order's state machine: every pair of states, what a move does, and what blocks it."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from models.machines import Guard
from models.orders import MACHINE, OrderStatus
from schema.declaration.moments import shown_moment
from tests.support.api import Org, new_order, new_service
from tests.support.orders import ROADS, standing, transition
from tests.support.refusals import TRANSITION, error, problem, unchanged

S = OrderStatus
PAIRS = list(itertools.product(OrderStatus, OrderStatus))
READ = """query($id: ID!) { order(id: $id) { status version startedAt dueAt heldAt heldSeconds deliveredAt completedAt
  cancelledAt cancelledReason revisions
  availableTransitions { to allowed requires blockedBy { code message limit until } } } }"""


async def read(org: Org, key: str) -> Any:
    return (await org.data(READ, id=key))["order"]


async def audited(org: Org) -> list[str]:
    """The actions of the audit log from its first order on."""
    found = [row["action"] for row in await org.rows("select action from audit_entries order by id")]
    return [action for action in found if action.startswith("order:")]


def test_the_table_has_every_move_once() -> None:
    assert len({(each.origin, each.target) for each in MACHINE.transitions}) == len(MACHINE.transitions) == 15
    assert set(ROADS) == set(OrderStatus)


@pytest.mark.parametrize(("origin", "target"), PAIRS, ids=lambda status: status.value)
async def test_every_pair_of_states(acme: Org, origin: OrderStatus, target: OrderStatus) -> None:
    key = await standing(acme, origin)
    before = await read(acme, key)
    assert before["status"] == origin
    legal = MACHINE.between(origin, target)
    if origin is target:
        async with unchanged(acme):
            assert (await transition(acme, key, target))["version"] == before["version"]
    elif legal is None:
        async with unchanged(acme):
            extensions = error(
                await acme.graphql(TRANSITION, input={"id": key, "to": target, "reason": "x"}), 200,
                "INVALID_TRANSITION", "input.to",
            )  # fmt: skip
            assert (extensions["status"], extensions["allowed"]) == (
                409,
                [each.target for each in MACHINE.transitions if each.origin is origin],
            )
    else:
        actions = await audited(acme)
        assert await transition(acme, key, target) == {"id": key, "status": target, "version": before["version"] + 1}
        assert await audited(acme) == [*actions, "order:transition"]
        events = [row["type"] for row in await acme.rows("select type from events order by id")]
        assert events[-1] == "order.status_changed"
    listed = [
        (each["to"], each["allowed"], each["requires"], each["blockedBy"])
        for each in (await read(acme, key))["availableTransitions"]
    ]
    stands = target if legal is not None else origin
    assert listed == [
        (each.target, True, ["REASON"] if each.target is S.CANCELLED else [], None)
        for each in MACHINE.transitions
        if each.origin is stands
    ]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_a_life_with_every_effect(acme: Org) -> None:
    service = await new_service(acme, deliveryDays=5)
    key = (await new_order(acme, service=service["publicId"]))["publicId"]
    await transition(acme, key, S.SUBMITTED)
    await transition(acme, key, S.IN_PROGRESS)
    started = await read(acme, key)
    assert _time(started["dueAt"]) - _time(started["startedAt"]) == timedelta(days=5)
    await transition(acme, key, S.ON_HOLD)
    held = _time((await read(acme, key))["heldAt"])
    assert await acme.rows("update orders set held_at = held_at - interval '2 days 3 hours' returning id")
    await transition(acme, key, S.IN_PROGRESS)
    resumed = await read(acme, key)
    moved = _time(resumed["dueAt"]) - _time(started["dueAt"])
    moment = (await acme.rows("select updated_at from orders"))[0]["updated_at"]
    least = timedelta(days=2, hours=3)
    assert least <= moved <= moment - held + least
    assert (resumed["heldAt"], resumed["startedAt"]) == (None, started["startedAt"])
    assert resumed["heldSeconds"] == int(moved.total_seconds()) >= least.total_seconds()
    await transition(acme, key, S.DELIVERED)
    first = (await read(acme, key))["deliveredAt"]
    await transition(acme, key, S.REVISION_REQUESTED)
    await transition(acme, key, S.IN_PROGRESS)
    again = await read(acme, key)
    assert (again["revisions"], again["dueAt"], again["startedAt"]) == (1, resumed["dueAt"], started["startedAt"])
    await transition(acme, key, S.DELIVERED)
    await transition(acme, key, S.COMPLETED)
    done = await read(acme, key)
    assert done["completedAt"] is not None
    assert done["deliveredAt"] >= first
    await transition(acme, key, S.IN_PROGRESS)
    reopened = await read(acme, key)
    assert (reopened["completedAt"], reopened["deliveredAt"]) == (None, done["deliveredAt"])
    assert reopened["cancelledAt"] is None
    await transition(acme, key, S.ON_HOLD)
    assert await acme.rows("update orders set held_at = held_at - interval '1 hour' returning id")
    await transition(acme, key, S.CANCELLED, reason="  Enough  ")
    ended = await read(acme, key)
    assert (ended["cancelledReason"], ended["heldAt"]) == ("Enough", None)
    (row,) = await acme.rows("select updated_at, cancelled_at from orders")
    assert row["cancelled_at"] <= row["updated_at"]
    assert ended["cancelledAt"] == shown_moment(row["cancelled_at"])
    # An order that is cancelled while it is on hold was on hold until then.
    assert ended["heldSeconds"] >= resumed["heldSeconds"] + 3_600


async def test_the_revision_limit_blocks(acme: Org) -> None:
    await acme.set_setting("orders.revisionLimit", 1)
    key = await standing(acme, S.REVISION_REQUESTED)
    for to in (S.IN_PROGRESS, S.DELIVERED):
        await transition(acme, key, to)
    blocked = {each["to"]: each for each in (await read(acme, key))["availableTransitions"]}[S.REVISION_REQUESTED]
    found = blocked["blockedBy"]
    assert (blocked["allowed"], blocked["requires"], found["code"]) == (False, [], Guard.REVISION_LIMIT)
    assert (found["limit"], found["until"]) == (1, None)
    async with unchanged(acme):
        extensions = error(
            await acme.graphql(TRANSITION, input={"id": key, "to": S.REVISION_REQUESTED}), 200, "INVALID_TRANSITION"
        )
        assert (extensions["blockedBy"], extensions["allowed"]) == ("REVISION_LIMIT", ["COMPLETED", "CANCELLED"])
        assert (extensions["limit"], "until" in extensions) == (1, False)


@pytest.mark.parametrize(("days", "ago", "allowed"), [(None, 29, True), (None, 31, False), (0, 0, False), (3, 2, True)])
async def test_the_reopen_window_blocks(acme: Org, days: int | None, ago: int, allowed: bool) -> None:
    if days is not None:
        await acme.set_setting("orders.reopenDays", days)
    key = await standing(acme, S.COMPLETED)
    completed = datetime.now(UTC) - timedelta(days=ago, seconds=1)
    assert await acme.rows("update orders set completed_at = $1 returning id", completed)
    (listed,) = (await read(acme, key))["availableTransitions"]
    assert (listed["to"], listed["allowed"]) == (S.IN_PROGRESS, allowed)
    answer = await acme.graphql(TRANSITION, input={"id": key, "to": S.IN_PROGRESS})
    if allowed:
        assert answer.json()["data"]["transitionOrder"]["order"]["status"] == S.IN_PROGRESS
    else:
        extensions = error(answer, 200, "INVALID_TRANSITION")
        assert (extensions["blockedBy"], extensions["allowed"]) == ("REOPEN_WINDOW", [])
        window = 30 if days is None else days
        (kept,) = await acme.rows("select completed_at from orders")
        until = shown_moment(kept["completed_at"] + timedelta(days=window))
        assert (listed["blockedBy"]["limit"], listed["blockedBy"]["until"]) == (window, until)
        assert (extensions["limit"], extensions["until"]) == (window, until)


async def test_an_update_changes_fields_then_moves(acme: Org) -> None:
    key = (await new_order(acme))["publicId"]
    actions = await audited(acme)
    body = {"quantity": 3, "notes": "Three", "status": "CANCELLED", "statusReason": "Too many"}
    answer = await acme.http.put(f"/api/v1/orders/{key}", json=body)
    found = answer.json()["data"]
    assert (answer.status_code, found["version"], found["quantity"], found["total"]) == (200, 2, 3, 45_000)
    assert (found["status"], found["cancelledReason"], found["notes"]) == ("CANCELLED", "Too many", "Three")
    assert await audited(acme) == [*actions, "order:update", "order:transition"]
    changes = [orjson.loads(row["changes"]) for row in await acme.rows(_CHANGES)]
    assert sorted(changes[-2]) == ["notes", "quantity", "total"]
    assert sorted(changes[-1]) == ["cancelledAt", "cancelledReason", "status"]
    events = [row["type"] for row in await acme.rows("select type from events order by id")]
    assert events[-2:] == ["order.updated", "order.status_changed"]


_CHANGES = "select changes from audit_changes order by entry_id"
DUE = "2027-06-01T00:00:00.000Z"


@pytest.mark.parametrize("origin", [S.SUBMITTED, S.ON_HOLD])
async def test_a_due_time_that_is_sent_with_a_move_is_kept(acme: Org, origin: OrderStatus) -> None:
    key = await standing(acme, origin)
    actions = await audited(acme)
    found = await acme.http.put(f"/api/v1/orders/{key}", json={"dueAt": DUE, "status": "IN_PROGRESS"})
    assert (found.status_code, found.json()["data"]["dueAt"]) == (200, DUE)
    assert await audited(acme) == [*actions, "order:update", "order:transition"]
    update, transition = (orjson.loads(row["changes"]) for row in (await acme.rows(_CHANGES))[-2:])
    assert (sorted(update), update["dueAt"][1][:10]) == (["dueAt"], DUE[:10])
    assert "dueAt" not in transition


async def test_an_order_whose_hold_moved_its_due_time_far_can_be_sent_back(acme: Org) -> None:
    key = await standing(acme, S.ON_HOLD)
    late = {"dueAt": "9000-12-31T23:59:59.999Z"}
    assert (await acme.http.put(f"/api/v1/orders/{key}", json=late)).status_code == 200
    moved = (await acme.http.put(f"/api/v1/orders/{key}", json={"status": "IN_PROGRESS"})).json()["data"]
    assert moved["dueAt"].startswith("9001-")
    again = await acme.http.put(f"/api/v1/orders/{key}", json=moved)
    assert (again.status_code, again.json()["data"]) == (200, moved)


@pytest.mark.parametrize("status", [status for status in S if status not in (S.PENDING, S.CANCELLED)])
async def test_an_order_at_work_is_not_deleted(acme: Org, status: OrderStatus) -> None:
    key = await standing(acme, status)
    async with unchanged(acme):
        refused = problem(await acme.http.delete(f"/api/v1/orders/{key}"), 409, "CONFLICT", "path.publicId")
        assert refused["reason"] == "NOT_DELETABLE"


async def test_quantity_is_fixed_once_work_has_started(acme: Org) -> None:
    key = await standing(acme, S.IN_PROGRESS)
    async with unchanged(acme):
        answer = await acme.http.put(f"/api/v1/orders/{key}", json={"quantity": 2, "status": "DELIVERED"})
        assert problem(answer, 409, "CONFLICT", "body.quantity")["reason"] == "WORK_STARTED"
        same = await acme.http.put(f"/api/v1/orders/{key}", json={"quantity": 1, "status": "IN_PROGRESS"})
        assert (same.status_code, same.json()["data"]["status"]) == (200, "IN_PROGRESS")
