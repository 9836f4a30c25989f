"""Every wrong input of every domain: both APIs refuse it with the same fields and codes, and nothing happens.

As nothing of it changes anything, all tests share an organization.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.api import Org
from tests.support.cases import Case, Wrong
from tests.support.domains import ALL
from tests.support.furnished import Furnished, completed, document, target
from tests.support.refusals import error, unchanged
from tests.support.routes import BY_NAME, as_body, as_field, case_of, root_of

WRONG = [
    (case, mutation, wrong)
    for case in ALL.values()
    for mutation, inputs in case.wrong.items()
    for wrong in inputs
]  # fmt: skip
KNOWN = {"field", "code", "message"}


def _place(head: str, name: str) -> str:
    """The place of a field as an error names it; "" is the whole."""
    return f"{head}.{name}" if name else head


async def _refused_over_rest(org: Org, case: Case, mutation: str, ids: Mapping[str, str], wrong: Wrong) -> list[Any]:
    """The errors of each route that a mutation has, which must be those of the wrong input."""
    found = []
    for route in BY_NAME.values():
        if case_of(route) is case and root_of(route) == mutation:
            path = route.path.replace("{publicId}", await target(org, case, mutation, ids))
            body = as_body(route, completed(case, mutation, ids, wrong.given))
            answer = await org.http.request(route.method, path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (400, "BAD_INPUT"), answer.text
            parts = answer.json()["errors"]
            places = [(_place("body", as_field(route, name)), code) for name, code in wrong.fields]
            assert sorted((part["field"], part["code"]) for part in parts) == sorted(places)
            extra = {key: value for part in parts for key, value in part.items() if key not in KNOWN}
            assert extra == wrong.extra
            assert not {"allowed", "limit", "minimum", "maximum", "reason"} & set(answer.json())
            found.append(sorted((part["field"], part["code"], part["message"]) for part in parts))
    return found


@pytest.mark.parametrize(("case", "mutation", "wrong"), WRONG, ids=str)
async def test_a_wrong_input_is_refused_alike_by_both(
    furnished: Furnished, case: Case, mutation: str, wrong: Wrong
) -> None:
    acme, ids = furnished
    async with unchanged(acme):
        over_rest = await _refused_over_rest(acme, case, mutation, ids, wrong)
        if wrong.rest:
            assert over_rest
            return
        given = completed(case, mutation, ids, wrong.given)
        if mutation in case.mutations and not case.single:
            given |= {"id": await target(acme, case, mutation, ids)}
        answer = await acme.graphql(document(mutation), input=given)
        error(answer, 200, "BAD_INPUT")
        errors = answer.json()["errors"]
    reported = sorted((each["extensions"]["field"], each["extensions"]["reason"], each["message"]) for each in errors)
    assert [(field, code) for field, code, _ in reported] == sorted(
        (_place("input", name), code) for name, code in wrong.fields
    )


NUMBERS = [
    ("messages", {"orderId": 5, "body": "x"}, "body.orderId"),
    ("orders", {"clientId": 1.5, "serviceId": "service_x"}, "body.clientId"),
    ("orders", {"clientId": "client_x", "serviceId": "service_x", "assigneeIds": ["member_x", 7]},
     "body.assigneeIds.1"),
    ("agent-jobs", {"definitionId": 5}, "body.definitionId"),
]  # fmt: skip


@pytest.mark.parametrize(("plural", "body", "field"), NUMBERS)
async def test_a_number_is_no_id(acme: Org, plural: str, body: dict[str, Any], field: str) -> None:
    async with unchanged(acme):
        answer = await acme.http.post(f"/api/v1/{plural}", json=body)
        errors = {each["field"]: each["code"] for each in answer.json()["errors"]}
        assert (answer.status_code, answer.json()["code"], errors[field]) == (400, "BAD_INPUT", "WRONG_TYPE")
