"""No request that the OpenAPI document allows is refused for what it is, and every answer is as documented.

Requests are written by Schemathesis. ``make rest-requests`` writes many more of them.
"""

import os
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode, checks
from schemathesis.core import NOT_SET

from rest_shim.openapi import document
from rest_shim.routes import Route, Shows
from tests.support.api import Org
from tests.support.furnished import furnish
from tests.support.routes import BY_NAME, KEYED, case_of, subject_of

# Requests of each route; and which ones.
EXAMPLES = int(os.environ.get("REST_REQUESTS", "8"))
SEED = int(os.environ.get("REST_SEED", "1"))
# What depends on what the database holds, and no document can say.
STATE = {404, 409, 412, 422}
BY_STATE = {"NOT_FOUND", "NOT_ALLOWED", "INVALID_CURSOR"}
# Where the document is as near as a schema comes: an address is judged, what a letter is, is said for ASCII alone, an
# order that is CANCELLED already needs no reason to be, and the present moves, with what is near it; sums have bounds,
# and what a form's field needs depends on its type, a pattern on an engine.
NEAR = {
    ("body.url", "INVALID_FORMAT"),
    ("query.search", "INVALID_FORMAT"),
    ("body.statusReason", "REQUIRED"),
    ("body.expiresAt", "INVALID"),
    ("body.snoozedUntil", "INVALID"),
    ("body.snoozedUntil", "OUT_OF_RANGE"),
    ("body.discount", "OUT_OF_RANGE"),
    ("body.lines", "OUT_OF_RANGE"),
    ("body.lines.quantity", "OUT_OF_RANGE"),
    ("body.fields.options", "REQUIRED"),
    ("body.fields.pattern", "INVALID_FORMAT"),
    ("body.onSubmit.emailField", "REQUIRED"),
}
_INDEX = re.compile(r"\.\d+")
CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


def _cases(route: Route, mode: GenerationMode, number: int) -> list[Any]:
    """Requests of a route that the document allows, or that it does not."""
    # The key is the client's: none is made up.
    api = document() | {"security": []}
    for methods in api["paths"].values():
        for operation in methods.values():
            operation["security"] = []
    schema: Any = schemathesis.openapi.from_dict(api)
    found: list[Any] = []

    @seed(SEED)
    @settings(
        max_examples=number, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=[*HealthCheck]
    )
    @given(schema[route.path][route.method].as_strategy(generation_mode=mode))
    def collect(case: Any) -> None:
        found.append(case)

    collect()
    return found


async def _aimed(org: Org, case: Any, route: Route, ids: dict[str, str]) -> None:
    """Let a request be of objects that are there."""
    if "{publicId}" in route.path:
        case.path_parameters = {"publicId": await subject_of(org, route, ids)}
    if route.shows is Shows.PAGE and isinstance(case.query, dict):
        # One that is made up is nobody's.
        case.query.pop("cursor", None)
    if isinstance(case.body, dict):
        case.body |= {name: ids[other] for name, other in case_of(route).references.items() if name in case.body}


# What httpx says of itself, by which an answer is decoded, and how it frames a request. Hypothesis may make up any of
# these names: it tries the words that stand in the modules that happen to be loaded.
_CLIENT = {"user-agent", "accept-encoding", "connection", "accept", "content-length", "host", "transfer-encoding"}


async def _answer(org: Org, case: Any) -> tuple[httpx.Response, Any]:
    sent = case.as_transport_kwargs(base_url=str(org.http.base_url).rstrip("/"))
    if isinstance(sent.get("data"), (bytes, str)):
        sent["content"] = sent.pop("data")
    sent = {name: sent[name] for name in ("method", "url", "headers", "params", "json", "content") if name in sent}
    sent["headers"] = {name: value for name, value in sent["headers"].items() if name.lower() not in _CLIENT}
    answer = await org.http.request(**sent)
    return answer, sent


def _refused(answer: httpx.Response) -> Iterator[tuple[str, str]]:
    """The values of a request that are refused for what they are."""
    for part in answer.json()["errors"]:
        found = (_INDEX.sub("", part["field"]), part["code"])
        if part["code"] not in BY_STATE and found not in NEAR:
            yield found


# What the public may submit depends on the form.
@pytest.mark.parametrize("name", KEYED)
async def test_what_the_document_allows_is_not_refused(acme: Org, name: str) -> None:
    route, ids = BY_NAME[name], await furnish(acme)
    accepted = 0
    for number, case in enumerate(_cases(route, GenerationMode.POSITIVE, EXAMPLES)):
        if number % 3:
            await _aimed(acme, case, route, ids)
        answer, sent = await _answer(acme, case)
        case.validate_response(answer, checks=CHECKS)
        accepted += answer.is_success
        if answer.status_code >= 300 and answer.status_code not in {304, *STATE}:
            assert (answer.status_code, list(_refused(answer))) == (400, []), (sent, answer.text)
    assert accepted


@pytest.mark.parametrize("name", list(BY_NAME))
async def test_what_the_document_forbids_is_answered_as_documented(acme: Org, name: str) -> None:
    route, ids = BY_NAME[name], await furnish(acme)
    for case in _cases(route, GenerationMode.NEGATIVE, EXAMPLES):
        if case.body is not NOT_SET and case.media_type != "application/json":
            continue
        await _aimed(acme, case, route, ids)
        answer, sent = await _answer(acme, case)
        assert answer.status_code < 500, (sent, answer.text)
