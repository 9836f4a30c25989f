"""What is another organization's is as what is not there, over both APIs: read, listed, filtered, changed, named.

Positions of ids are found in the schema, so that each field and mutation is tried from the day that it is there. As
nothing of it changes anything, all tests share two organizations.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from models.typeid import encode, prefix_of
from models.webhooks import EVENT
from resolvers.database.runtime import Runtime
from tests.support.api import Org, make_org
from tests.support.cases import Case
from tests.support.domains import ALL, CASES
from tests.support.furnished import completed, document, furnish, input_of, right, target
from tests.support.id_positions import AT_ONCE, POSITIONS, IdPosition, asking, missing, placed
from tests.support.live import only_result
from tests.support.refusals import error, problem, unchanged
from tests.support.routes import (
    BY_NAME,
    LISTS,
    OF_ONE,
    as_body,
    as_field,
    body_of,
    case_of,
    required_of,
    rest_change,
    root_of,
    subject_of,
)

# A form of any organization takes submissions.
MUTATIONS = {name: case for case in ALL.values() for name in case.keyed}
OF_MUTATION = {
    name: found for name in MUTATIONS if (found := [each for each in POSITIONS["Mutation"] if each.field == name])
}
SUBSCRIPTIONS = {each.field for each in POSITIONS["Subscription"]}
IN = ("eq", "in")
EXPORT = document("exportAuditLog", "auditExport { id }")


@dataclass
class Pair:
    """Two organizations with the same objects, and the ids of these by name."""

    acme: Org
    other: Org
    mine: dict[str, str]
    theirs: dict[str, str]


@pytest.fixture(scope="module")
async def pair(api: str, api_runtime: Runtime) -> AsyncIterator[Pair]:
    """Two organizations that have an object of every type."""
    acme, other = await make_org(api_runtime, api), await make_org(api_runtime, api)
    yield Pair(acme, other, await _furnished(acme), await _furnished(other))
    await acme.close()
    await other.close()


async def _furnished(org: Org) -> dict[str, str]:
    """The ids of an organization's objects; those of parts are by the mutations that are of them."""
    export = (await org.data(EXPORT, input={}))["exportAuditLog"]["auditExport"]["id"]
    ids = await furnish(org)
    parts = {name: await target(org, case, name, ids) for case in CASES.values() for name in case.inner}
    return ids | parts | {"auditExport": export}


async def _said(pair: Pair, asked: Sequence[tuple[IdPosition, Any]]) -> list[Any]:
    """What is said to each position: its data, and its errors."""
    found: list[Any] = []
    for start in range(0, len(asked), AT_ONCE):
        part = asked[start : start + AT_ONCE]
        text, variables = asking(pair.mine, part)
        answer = (await pair.acme.graphql(text, **variables)).json()
        assert answer.get("data"), answer
        data, errors = answer["data"].get("node", answer["data"]), answer.get("errors", [])
        for number in range(len(part)):
            own = [error for error in errors if f"a{number}" in error["path"]]
            found.append((data[f"a{number}"], [(error["message"], error["extensions"]["code"]) for error in own]))
    return found


def test_every_type_with_a_list_or_a_look_up_is_walked() -> None:
    found = {str(each) for positions in POSITIONS.values() for each in positions}
    assert len(found) > 400
    for case in CASES.values():
        assert f"Query.{case.name}.id" in found
        assert {f"Query.{case.plural}.filter.id.{name}" for name in IN} <= found
    assert {"Query.nodes.ids", "Client.orders.filter.service.id.in", "Mutation.updateTicket.input.assigneeId"} <= found


def test_few_positions_take_ids_of_any_type() -> None:
    found = {str(each) for positions in POSITIONS.values() for each in positions if each.noun is None}
    of_entries = {f"{field}.filter.targetId.{name}" for field in ("Query.auditEntries", "Order.history") for name in IN}
    # Deliveries are no case: those of one endpoint are made by its events.
    of_deliveries = {f"WebhookEndpoint.deliveries.filter.id.{name}" for name in IN}
    # Nor are steps: those of one job are made by its run.
    of_steps = {f"AgentJob.steps.filter.id.{name}" for name in IN}
    of_steps |= {f"Mutation.{verb}AgentJob.input.stepId" for verb in ("answer", "approve", "reject")}
    # Events are no case: any change makes them.
    of_events = {f"Subscription.{field}.after" for field in SUBSCRIPTIONS}
    assert found == {"Query.node.id", "Query.nodes.ids"} | of_entries | of_deliveries | of_steps | of_events


@pytest.mark.parametrize("field", sorted(SUBSCRIPTIONS))
async def test_a_subscription_to_an_id_of_another_organization_is_refused_as_to_none(pair: Pair, field: str) -> None:
    event = (await pair.other.rows("select id from events where org_id = $1 limit 1", pair.other.id))[0]["id"]
    theirs = {**pair.theirs, "event": encode(EVENT.prefix, event)}
    for position in POSITIONS["Subscription"]:
        if position.field == field:
            argument, foreign = position.path[0], theirs[position.noun or "event"]
            shown = "resourceId" if field == "events" else "id"
            text = f"subscription ($id: ID) {{ {field}({argument}: $id) {{ {shown} }} }}"
            headers = {"Accept": "text/event-stream"}
            async with unchanged(pair.acme), unchanged(pair.other):
                said = [
                    only_result(await pair.acme.graphql(text, headers=headers, id=each))["errors"]
                    for each in (foreign, missing(foreign))
                ]
            (one, *_), (two, *_) = said
            assert (one["message"], one["extensions"]["code"]) == (two["message"], two["extensions"]["code"])
            assert one["extensions"]["code"] in ("BAD_INPUT", "NOT_FOUND")


@pytest.mark.parametrize("parent", sorted({*POSITIONS} - {"Mutation", "Subscription"}))
async def test_an_id_of_another_organization_finds_what_no_id_finds(pair: Pair, parent: str) -> None:
    asked = [(each, value) for each in POSITIONS[parent] for value in each.values(pair.theirs)]
    async with unchanged(pair.acme), unchanged(pair.other):
        foreign = await _said(pair, asked)
        nobody = await _said(pair, [(each, missing(value)) for each, value in asked])
    differing = [str(each) for (each, _), one, two in zip(asked, foreign, nobody, strict=True) if one != two]
    assert differing == []
    if parent == "Query":
        # What is found by ids of the organization's own, so that the comparison above says something.
        by_id = [each for each in POSITIONS[parent] if len(each.path) == 1 or each.path[1] == "id"]
        asked = [(each, each.values(pair.mine)[0]) for each in by_id]
        found = await _said(pair, asked)
        nobody = await _said(pair, [(each, missing(value)) for each, value in asked])
        assert [str(each) for each, one, two in zip(by_id, found, nobody, strict=True) if one == two] == []


@pytest.mark.parametrize("mutation", OF_MUTATION)
async def test_an_id_of_another_organization_changes_nothing(pair: Pair, mutation: str) -> None:
    case, type_ = MUTATIONS[mutation], input_of(mutation)
    subject = await target(pair.acme, case, mutation, pair.mine) if "id" in type_.fields else ""
    given = completed(case, mutation, pair.mine, right(case, mutation)) | ({"id": subject} if subject else {})
    routes = [route for route in BY_NAME.values() if root_of(route) == mutation and route.body]
    async with unchanged(pair.acme), unchanged(pair.other):
        for position in OF_MUTATION[mutation]:
            _, *path = position.path
            if path == ["id"]:
                values = [await target(pair.other, case, mutation, pair.theirs)]
            else:
                values = position.values(pair.theirs)
            for foreign in (key for value in values for key in (value if position.many else [value])):
                swapped = next(key for key in pair.mine.values() if prefix_of(key) != prefix_of(foreign))
                for wrong in (foreign, missing(foreign), swapped, "x", "", "\x00"):
                    changed = placed(type_, path, [wrong] if position.many else wrong, given)
                    answer = await pair.acme.graphql(document(mutation), input=changed)
                    if path == ["id"]:
                        error(answer, 200, "NOT_FOUND", "input.id")
                        continue
                    name = ".".join([*path, "0"] if position.many else path)
                    error(answer, 200, "BAD_INPUT", f"input.{name}")
                    for route in routes:
                        body = as_body(route, {key: part for key, part in changed.items() if key != "id"})
                        sent = await rest_change(pair.acme, route, subject, body)
                        problem(sent, 400, "BAD_INPUT", f"body.{as_field(route, name)}")


def _owned(case: Case, ids: dict[str, str]) -> list[str]:
    """The ids of a case's furnished rows."""
    return sorted(key for name, key in ids.items() if name.rstrip("0123456789") == case.name)


@pytest.mark.parametrize("case", CASES.values(), ids=str)
async def test_a_list_is_the_organization_s_also_after_another_s_cursor(pair: Pair, case: Case) -> None:
    owners = [each for each in POSITIONS["Query"] if each.field == case.plural and len(each.path) == 1]

    async def page(org: Org, ids: dict[str, str], after: str | None = None) -> Any:
        given = "".join(f', {each.path[0]}: "{each.values(ids)[0]}"' for each in owners)
        listed = f"{case.plural}(first: 100, after: $after{given})"
        text = f"query($after: String) {{ {listed} {{ nodes {{ id }} totalCount pageInfo {{ startCursor }} }} }}"
        answer = (await org.graphql(text, after=after)).json()
        return (answer["data"] or {}).get(case.plural)

    found, theirs = await page(pair.acme, pair.mine), await page(pair.other, pair.theirs)
    assert sorted(node["id"] for node in found["nodes"]) == _owned(case, pair.mine)
    assert found["totalCount"] == len(_owned(case, pair.mine))
    after = await page(pair.acme, pair.mine, theirs["pageInfo"]["startCursor"])
    assert {node["id"] for node in (after or {}).get("nodes", [])} <= {*_owned(case, pair.mine)}


@pytest.mark.parametrize("name", OF_ONE)
async def test_a_path_to_what_is_not_there_is_a_404(pair: Pair, name: str) -> None:
    route = BY_NAME[name]
    foreign = await subject_of(pair.other, route, pair.theirs)
    swapped = next(key for key in pair.mine.values() if prefix_of(key) != prefix_of(foreign))
    places = (foreign, swapped, missing(foreign), "x", "%00", "%F0%9F%98%80", "x" * 5_000)
    async with unchanged(pair.acme), unchanged(pair.other):
        for wrong in places:
            body = body_of(route, pair.mine) if route.body else {}
            problem(await rest_change(pair.acme, route, wrong, body), 404, "NOT_FOUND", "path.publicId")


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_over_rest_is_the_organization_s(pair: Pair, name: str) -> None:
    case, path = case_of(BY_NAME[name]), BY_NAME[name].path
    required = required_of(BY_NAME[name], pair.mine)
    answer = (await pair.acme.http.get(path, params={**required, "limit": 100})).json()
    assert sorted(row["publicId"] for row in answer["data"]) == _owned(case, pair.mine)
    nobody = {each: missing(key) for each, key in pair.theirs.items()}
    for each in case.filters:
        if "{" in each.value:
            answers = [
                await pair.acme.http.get(path, params=required | {each.parameter: each.value.format(**ids)})
                for ids in (pair.theirs, nobody)
            ]
            assert [answer.status_code for answer in answers] == [200, 200], each
            assert [answer.json()["data"] for answer in answers] == [[], []], each
