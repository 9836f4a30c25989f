"""What the routes answer and take is what the OpenAPI document says."""

from copy import deepcopy
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from rest_shim.openapi import document
from rest_shim.routes import Kind
from tests.api_support import Org
from tests.test_parity import BODIES, BY_NAME, WRONG, body_of, furnish, rest_change, subject_of


def _validator(schema: Any) -> Draft202012Validator:
    """A validator of a schema of the document, whose references lead into it; nothing that is not named fits."""
    whole = deepcopy(document())
    for part in whole["components"]["schemas"].values():
        if "required" in part and not part.get("additionalProperties"):
            part.setdefault("additionalProperties", "errors" in part["properties"])
    return Draft202012Validator(
        {**schema, "components": whole["components"]}, format_checker=Draft202012Validator.FORMAT_CHECKER
    )


@pytest.mark.parametrize("name", list(BY_NAME))
async def test_an_answer_and_a_refusal_are_as_documented(acme: Org, name: str) -> None:
    route, ids = BY_NAME[name], await furnish(acme)
    said = document()["paths"][route.path][route.method.lower()]["responses"]
    if route.kind in (Kind.LIST, Kind.GET):
        path = route.path.replace("{publicId}", subject_of(route, ids))
        answer = await acme.http.get(path)
        wrong = await acme.http.get(f"{path}?colour=red")
    else:
        wrong = await acme.http.request(route.method, f"{route.path.replace('{publicId}', 'nobody')}?a=b", json={})
        answer = await rest_change(acme, route, ids, body_of(route, ids, BODIES))
    documented = said[str(answer.status_code)]
    assert set(documented["headers"]) >= {"X-Request-Id", "X-GraphQL-Operation"}
    sent = set(documented["headers"]) - {"Idempotent-Replayed"}
    assert {header for header in sent if header not in answer.headers} == set()
    if route.kind is Kind.DELETE:
        assert "content" not in documented
    else:
        _validator(documented["content"]["application/json"]["schema"]).validate(answer.json())
    refused = said[str(wrong.status_code)]["content"]["application/problem+json"]["schema"]
    _validator(refused).validate(wrong.json())


@pytest.mark.parametrize("name", [name for name in BY_NAME if BY_NAME[name].operation in BODIES])
def test_a_body_is_as_documented(name: str) -> None:
    route = BY_NAME[name]
    ids = {"client": "client_0", "service": "service_0"}
    said = document()["paths"][route.path][route.method.lower()]["requestBody"]["content"]["application/json"]["schema"]
    validator = _validator(said)
    validator.validate(body_of(route, ids, BODIES))
    assert not validator.is_valid(body_of(route, ids, BODIES) | {"colour": "red"})
    # The other wrong bodies break rules that a JSON schema does not tell: what an address is, what trimming leaves.
    if route.operation in ("CreateService", "UpdateService", "CreateOrder", "UpdateOrder"):
        assert not validator.is_valid(body_of(route, ids, WRONG))
