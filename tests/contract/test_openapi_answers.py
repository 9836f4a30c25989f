"""What the routes answer and take is what the OpenAPI document says."""

from typing import Any

import pytest

from rest_shim.route import Shows
from tests.support.api import Org
from tests.support.domains import CASES
from tests.support.furnished import completed, furnish
from tests.support.openapi import openapi, validator
from tests.support.routes import (
    BY_NAME,
    CASE_OF,
    CHANGES,
    KEYED,
    as_body,
    body_of,
    required_of,
    rest_change,
    root_of,
    subject_of,
)


@pytest.mark.parametrize("name", KEYED)
async def test_an_answer_and_a_refusal_are_as_documented(acme: Org, name: str) -> None:
    route, ids = BY_NAME[name], await furnish(acme, CASE_OF[name])
    said = openapi()["paths"][route.path][route.method.lower()]["responses"]
    if route.method == "GET":
        path = route.path.replace("{publicId}", await subject_of(acme, route, ids))
        required = required_of(route, ids)
        answer = await acme.http.get(path, params=required)
        wrong = await acme.http.get(path, params={**required, "colour": "red"})
    else:
        wrong = await acme.http.request(route.method, f"{route.path.replace('{publicId}', 'nobody')}?a=b", json={})
        answer = await rest_change(acme, route, await subject_of(acme, route, ids), body_of(route, ids))
    documented = said[str(answer.status_code)]
    assert set(documented["headers"]) >= {"X-Request-Id", "X-GraphQL-Operation"}
    sent = set(documented["headers"]) - {"Dry-Run", "Idempotent-Replayed"}
    assert {header for header in sent if header not in answer.headers} == set()
    if route.shows is Shows.NOTHING:
        assert "content" not in documented
    else:
        validator(documented["content"]["application/json"]["schema"]).validate(answer.json())
    refused = said[str(wrong.status_code)]["content"]["application/problem+json"]["schema"]
    validator(refused).validate(wrong.json())


# What these say of a value a JSON schema says too; other rules it cannot tell, such as what trimming leaves.
CHECKED_REASONS = {"UNKNOWN_FIELD", "WRONG_TYPE", "NOT_ONE_OF", "OUT_OF_RANGE"}


# What is out of range only together with other values, which no schema of a body says.
SUMS = {("lines", "OUT_OF_RANGE"), ("discount", "OUT_OF_RANGE")}


@pytest.mark.parametrize("name", [name for name in CHANGES if BY_NAME[name].body])
def test_a_body_is_as_documented(name: str) -> None:
    route, case = BY_NAME[name], CASE_OF[name]
    ids = {each: f"{each}_0" for each in CASES}
    said = openapi()["paths"][route.path][route.method.lower()]["requestBody"]["content"]["application/json"]["schema"]
    judge = validator(said)
    judge.validate(body_of(route, ids))
    assert not judge.is_valid(body_of(route, ids) | {"colour": "red"})
    for wrong in case.wrong[root_of(route)]:
        if any(code in CHECKED_REASONS and (name, code) not in SUMS for name, code in wrong.fields):
            assert not judge.is_valid(as_body(route, completed(case, root_of(route), ids, wrong.given))), wrong


def _differs(answer: Any, body: Any, where: str) -> list[str]:
    """Where a value of an answer's type is none of a body's, as a typed client sees both: bounds of values aside."""
    schemas = openapi()["components"]["schemas"]
    shapes = []
    for schema in (answer, body):
        parts = schema.get("anyOf", [schema])
        named = [schemas[part["$ref"].rpartition("/")[2]] if "$ref" in part else part for part in parts]
        typed = [(part["type"] if isinstance(part["type"], list) else [part["type"]], part) for part in named]
        shapes.append({type_: part for types, part in typed for type_ in types})
    found = [f"{where}: {type_}" for type_ in shapes[0].keys() - shapes[1].keys()]
    for type_ in shapes[0].keys() & shapes[1].keys():
        given, taken = shapes[0][type_], shapes[1][type_]
        if type_ == "string" and "enum" in taken:
            found += [f"{where}: {value}" for value in set(given.get("enum", ["any"])) - set(taken["enum"])]
        if type_ == "array":
            found += _differs(given["items"], taken["items"], f"{where}.items")
        if type_ == "object":
            mapped, into = (part.get("additionalProperties", True) for part in (given, taken))
            assert isinstance(into, bool) or "properties" not in taken, where
            if isinstance(into, dict):
                found += [f"{where}: any"] if isinstance(mapped, bool) else _differs(mapped, into, f"{where}.*")
    return found


@pytest.mark.parametrize("name", [name for name in KEYED if BY_NAME[name].body])
def test_what_was_read_can_be_sent_back_as_its_type(name: str) -> None:
    route = BY_NAME[name]
    schemas = openapi()["components"]["schemas"]
    shown = schemas[CASE_OF[name].type]
    body = schemas[f"{route.operation}Body"]
    shared = shown["properties"].keys() & body["properties"].keys()
    assert shared
    assert shared >= {"metadata", "tags", "events"} & CASE_OF[name].shape.keys()
    parts = ((field, shown["properties"][field], body["properties"][field]) for field in sorted(shared))
    assert [each for field, answer, taken in parts for each in _differs(answer, taken, field)] == []
