"""No request that the OpenAPI document allows is refused for what it is, and every answer is as documented.

Requests are made up by Schemathesis; ``make fuzz`` sends many more of them.
"""

import os
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx
import pytest
import schemathesis
from schemathesis import GenerationMode, checks
from schemathesis.core import NOT_SET
from schemathesis.core.failures import FailureGroup

from models.names import camel
from resolvers.downloads import DOWNLOADS
from rest_shim.openapi import document
from rest_shim.openapi_system import SYSTEM
from rest_shim.route import Route, Shows
from tests.support.api import Org
from tests.support.domains import ALL
from tests.support.furnished import furnish
from tests.support.made_up import made_up
from tests.support.routes import BY_NAME, KEYED, case_of, subject_of
from tests.support.tallies import Tally, none_failed, tally

# How many are made up for each route, as many right ones as wrong ones.
REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "4"))
FUZZED = "FUZZ_REQUESTS" in os.environ
# How long a text of a pattern is made up at most; by ``make fuzz`` as long as the document allows.
LONGEST = 500
TURNS = 5
# What depends on what the database holds, and no document can say.
STATE = {404, 409, 412, 422}
BY_STATE = {"NOT_FOUND", "NOT_ALLOWED", "INVALID_CURSOR"}
# Where the document is as near as a schema comes: an address is judged, what a letter is, is said for ASCII alone, an
# order that is CANCELLED already needs no reason to be, a service that is RECURRING already keeps an interval, the
# present moves, with what is near it, time zones and languages come and go, sums have bounds, what a form's field needs
# depends on its type, a report's parameters on its kind, a pattern on an engine, and no schema knows a PNG.
NEAR = {
    ("body.url", "INVALID_FORMAT"),
    ("query.search", "INVALID_FORMAT"),
    ("body.statusReason", "REQUIRED"),
    ("body.interval", "REQUIRED"),
    ("body.timezone", "INVALID_FORMAT"),
    ("body.parameters.timezone", "INVALID_FORMAT"),
    ("body.organization.language", "INVALID_FORMAT"),
    ("body.expiresAt", "INVALID"),
    ("body.snoozedUntil", "INVALID"),
    ("body.snoozedUntil", "OUT_OF_RANGE"),
    ("body.discount", "OUT_OF_RANGE"),
    ("body.organization.logo", "INVALID_FORMAT"),
    ("body.lines", "OUT_OF_RANGE"),
    ("body.lines.quantity", "OUT_OF_RANGE"),
    ("body.fields.options", "REQUIRED"),
    ("body.fields.pattern", "INVALID_FORMAT"),
    ("body.onSubmit.emailField", "REQUIRED"),
    ("body.parameters.from", "REQUIRED"),
    ("body.parameters.to", "REQUIRED"),
}
# Objects of any shape, whose texts have no U+0000: said in words alone, however deep they are.
FREE = ("body.input.", "body.formData.", "body.inputSchema.", "body.outputSchema.")
_INDEX = re.compile(r"\.\d+")
CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


@cache
def _schema() -> Any:
    """The document as Schemathesis reads it."""
    # The key is the client's: none is made up.
    api = document() | {"security": []}
    for methods in api["paths"].values():
        for operation in methods.values():
            operation["security"] = []
    return schemathesis.openapi.from_dict(_shorter(api))


def _shorter(part: Any) -> Any:
    """A part of the document with shorter texts where they have a pattern: one of 20,000 takes seconds to be read."""
    if isinstance(part, list):
        return [_shorter(each) for each in part]
    if not isinstance(part, dict):
        return part
    most = {"maxLength": min(part["maxLength"], LONGEST)} if {"maxLength", "pattern"} <= part.keys() else {}
    return {name: _shorter(each) for name, each in part.items()} | ({} if FUZZED else most)


async def _aimed(org: Org, case: Any, route: Route, ids: dict[str, str]) -> None:
    """Let a request be of objects that are there."""
    if "{publicId}" in route.path:
        case.path_parameters = {"publicId": await subject_of(org, route, ids)}
    if route.shows is Shows.PAGE and isinstance(case.query, dict):
        # One that is made up is nobody's.
        case.query.pop("cursor", None)
    if case.headers is not None:
        # Nor has any object a version that is made up.
        case.headers.pop("If-Match", None)
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
        within = part["field"].startswith(FREE) and "U+0000" in part["message"]
        if part["code"] not in BY_STATE and found not in NEAR and not within:
            yield found


async def _held(org: Org, case: Any, found: Tally, *, allowed: bool) -> bool:
    """Send a request, and hold its answer to the document; whether it was accepted."""
    answer, sent = await _answer(org, case)
    found.statuses[answer.status_code] += 1
    try:
        case.validate_response(answer, checks=CHECKS)
        assert answer.status_code < 500, answer.text
        if allowed and answer.status_code >= 300 and answer.status_code not in {304, *STATE}:
            assert (answer.status_code, list(_refused(answer))) == (400, []), answer.text
    except (FailureGroup, AssertionError) as failure:
        found.failed(sent, failure)
    return answer.is_success


@pytest.mark.parametrize("name", list(BY_NAME))
async def test_a_route_answers_as_documented_and_refuses_nothing_that_is_allowed(acme: Org, name: str) -> None:
    route, found = BY_NAME[name], tally(name)
    ids = await furnish(acme, case_of(route))
    operation = _schema()[route.path][route.method]
    # What the public may submit depends on the form.
    right, keyed, accepted, turn = operation.as_strategy(generation_mode=GenerationMode.POSITIVE), name in KEYED, 0, 0
    # Of a few it may happen that none fits what the database holds.
    while not turn or (keyed and not accepted and turn < TURNS):
        for number, case in enumerate(made_up(right, REQUESTS, turn=turn)):
            if number % 3:
                await _aimed(acme, case, route, ids)
            accepted += await _held(acme, case, found, allowed=keyed)
        turn += 1
    for case in made_up(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE), REQUESTS):
        if case.body is NOT_SET or case.media_type == "application/json":
            await _aimed(acme, case, route, ids)
            await _held(acme, case, found, allowed=False)
    none_failed([found])
    assert accepted or not keyed


@pytest.mark.parametrize("path", [*DOWNLOADS, *SYSTEM])
async def test_what_is_no_operation_answers_as_documented(acme: Org, path: str) -> None:
    found, shown = tally(f"GET {path}"), camel(DOWNLOADS[path].resource.singular) if path in DOWNLOADS else ""
    ids = await furnish(acme, ALL[shown]) if shown in ALL else {}
    # Those of the system take nothing, so that nothing is forbidden.
    for mode in [GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if path in DOWNLOADS else [])]:
        for number, case in enumerate(made_up(_schema()[path]["GET"].as_strategy(generation_mode=mode), REQUESTS)):
            if number % 3 and path in DOWNLOADS:
                case.path_parameters = {"publicId": ids.get(shown, "x")}
            await _held(acme, case, found, allowed=False)
    none_failed([found])
