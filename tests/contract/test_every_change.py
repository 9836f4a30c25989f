"""What holds for every change of every domain: its scope, the version that it expects, and a repeat under one key."""

import pytest

from models.resources import EVERYTHING, scopes
from tests.support.api import Org
from tests.support.cases import Case
from tests.support.domains import ALL, CASES
from tests.support.furnished import Furnished, document, furnish, input_for, input_of, written
from tests.support.refusals import error, problem, unchanged
from tests.support.routes import BY_NAME, CASE_OF, CHANGES, body_of, rest_change, root_of, subject_of

MUTATIONS = [(case, name) for case in ALL.values() for name in case.keyed]
VERSIONED = [(case, name) for case, name in MUTATIONS if "expectedVersion" in input_of(name).fields]
VERSIONED_ROUTES = [name for name in CHANGES if (CASE_OF[name], root_of(BY_NAME[name])) in VERSIONED]


@pytest.mark.parametrize(("case", "mutation"), MUTATIONS, ids=str)
async def test_a_change_needs_its_scope(furnished: Furnished, case: Case, mutation: str) -> None:
    acme, ids = furnished
    given = await input_for(acme, case, mutation, ids)
    scope = case.change_scope
    assert scope in scopes()
    others = scopes() - {EVERYTHING, scope}
    for held in ([f"{case.scope}:read"] if f"{case.scope}:read" in others else [min(others)], sorted(others)):
        weak = acme.holding(await acme.new_key(*held))
        async with unchanged(acme), weak.http:
            answer = await weak.graphql(document(mutation), input=given)
            assert error(answer, 403, "FORBIDDEN")["scope"] == scope
            assert "data" not in answer.json()


@pytest.mark.parametrize("case", CASES.values(), ids=str)
async def test_what_is_read_needs_its_scope(furnished: Furnished, case: Case) -> None:
    acme, ids = furnished
    scope = f"{case.scope}:read"
    held = scopes() - {EVERYTHING, scope, f"{case.scope}:write"}
    weak = acme.holding(await acme.new_key(*sorted(held)))
    async with weak.http:
        for field in (f"{case.name}(id: $id)", "node(id: $id)", "nodes(ids: [$id])"):
            answer = await weak.graphql(f"query($id: ID!) {{ {field} {{ id }} }}", id=ids[case.name])
            assert error(answer, 403, "FORBIDDEN")["scope"] == scope, field


@pytest.mark.parametrize(("case", "mutation"), VERSIONED, ids=str)
async def test_a_change_of_another_version_is_refused(acme: Org, case: Case, mutation: str) -> None:
    ids = await furnish(acme, case)
    given = await input_for(acme, case, mutation, ids)
    async with unchanged(acme):
        answer = await acme.graphql(document(mutation), input=given | {"expectedVersion": 7})
        extensions = error(answer, 200, "VERSION_MISMATCH", "input.expectedVersion")
        assert (extensions["status"], extensions["currentVersion"]) == (412, 1)
    await acme.data(document(mutation), input=given | {"expectedVersion": 1})


@pytest.mark.parametrize("name", VERSIONED_ROUTES)
async def test_a_change_of_another_version_is_refused_over_rest(acme: Org, name: str) -> None:
    route, ids = BY_NAME[name], await furnish(acme, CASE_OF[name])
    subject, body = await subject_of(acme, route, ids), body_of(route, ids)
    async with unchanged(acme):
        answer = await rest_change(acme, route, subject, body, {"If-Match": '"7"'})
        assert problem(answer, 412, "VERSION_MISMATCH", "header.If-Match")["currentVersion"] == 1
    assert (await rest_change(acme, route, subject, body, {"If-Match": '"1"'})).is_success


@pytest.mark.parametrize(("case", "mutation"), MUTATIONS, ids=str)
async def test_a_repeat_under_one_key_happens_once(acme: Org, case: Case, mutation: str) -> None:
    ids, headers = await furnish(acme, case), {"Idempotency-Key": "one"}
    given = await input_for(acme, case, mutation, ids)
    first = await acme.graphql(document(mutation), headers, input=given)
    assert "errors" not in first.json(), first.text
    before = await written(acme)
    again = await acme.graphql(document(mutation), headers, input=given)
    assert (again.json()["data"], again.headers["idempotent-replayed"]) == (first.json()["data"], "true")
    assert await written(acme) == before


@pytest.mark.parametrize("name", CHANGES)
async def test_a_repeat_under_one_key_happens_once_over_rest(acme: Org, name: str) -> None:
    route, ids, headers = BY_NAME[name], await furnish(acme, CASE_OF[name]), {"Idempotency-Key": "one"}
    subject, body = await subject_of(acme, route, ids), body_of(route, ids)
    first = await rest_change(acme, route, subject, body, headers)
    assert first.is_success, first.text
    before = await written(acme)
    again = await rest_change(acme, route, subject, body, headers)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (first.status_code, "true")
    if first.content:
        hidden = dict.fromkeys(CASE_OF[name].shown_once.keys() & first.json()["data"].keys())
        assert again.json()["data"] == first.json()["data"] | hidden
    assert await written(acme) == before
