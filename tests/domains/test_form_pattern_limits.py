"""Patterns of forms: how much of them a form may have, and what holding values against them costs."""

from typing import Any

import httpx
import pytest

from models.forms import DATA_LIMIT, MAX_PATTERNS
from resolvers.forms.json_schema import problems_of
from resolvers.forms.matching import MAX_WORK, WORK_OF_PATTERN, WORK_OF_UNIT, work_bound, work_of
from tests.support.api import Org, new_order, new_service, serving, settings_of
from tests.support.forms import NEW, new_form, path_of
from tests.support.refusals import error, problem, unchanged
from tests.support.servers import Backends

# Each is in as many states as its number says after every character.
GREEDY = ["[ab]*(?:a?){734}[ab]{734}c", "[ab]*a[ab]{1812}", "[ab]*[ab]{1812}[ab]*a", "[ab]*a[ab]{300}"]
UPDATE = "mutation($input: UpdateFormInput!) { updateForm(input: $input) { form { version } } }"
ANSWER = "mutation($i: UpdateOrderInput!) { updateOrder(input: $i) { order { id } } }"
# Half of what a form may have, for its longest text.
HEAVY = "[ab]*a[ab]{52}"


def _area(pattern: str | None, **given: Any) -> dict[str, Any]:
    return {"key": "f", "label": "F", "type": "TEXTAREA", "pattern": pattern} | given


@pytest.mark.parametrize("pattern", GREEDY)
async def test_a_pattern_that_would_freeze_the_process_is_refused(acme: Org, pattern: str) -> None:
    async with unchanged(acme):
        answer = await acme.http.post("/api/v1/forms", json=NEW | {"fields": [_area(pattern)]})
        problem(answer, 400, "BAD_INPUT", "body.fields.0.pattern")


async def test_the_patterns_of_a_form_are_bounded_together(acme: Org) -> None:
    fields = [_area(HEAVY, key=f"f{number}") for number in range(4)]
    async with unchanged(acme):
        answer = await acme.http.post("/api/v1/forms", json=NEW | {"fields": fields})
        details = problem(answer, 400, "BAD_INPUT", "body.fields.3.pattern")["errors"][0]
    assert (details["code"], "a smaller max" in details["message"]) == ("TOO_LONG", True)
    form = await new_form(acme, fields=fields[:3])
    async with unchanged(acme):
        given = {"id": form["publicId"], "fields": fields}
        error(await acme.graphql(UPDATE, input=given), 200, "BAD_INPUT", "input.fields.3.pattern")
    # What a field may have counts, not what its type may.
    await new_form(acme, fields=[each | {"max": 5_000} for each in fields])


def test_what_a_pattern_is_grows_with_its_size_and_with_the_text() -> None:
    small, heavy = (_area(pattern, max=None) for pattern in ("[0-9]{5}", HEAVY))
    assert work_bound(small) < work_bound(heavy) <= MAX_WORK
    assert work_of([heavy], {"f": "a" * 100}) * 200 == work_bound(heavy)
    assert work_of([heavy], {"f": "a" * DATA_LIMIT}) == work_bound(heavy)
    assert work_of([heavy, _area(None, max=None)], {}) == work_of([_area(None, max=None)], {"f": "a"}) == 0


def test_what_is_too_long_is_held_against_no_pattern() -> None:
    field = {**NEW["fields"][0], "options": [], "min": None, "max": None, "help": None, "pattern": "a*b"}
    (problem_,) = problems_of("x", [field], {"name": "a" * 200 + "b"}, "data")
    assert problem_.message == "It must have at most 200 characters."
    assert problem_.extra == {"reason": "TOO_LONG", "limit": 200, "label": "Name"}


async def test_what_patterns_take_is_charged_to_who_asked_for_it(acme: Org, backends: Backends) -> None:
    form = await new_form(acme, fields=[_area(HEAVY)])
    service = await new_service(acme, intakeFormId=form["publicId"])
    order = await new_order(acme, service=service["publicId"])
    text = "b" * 15_000
    given = {"query": ANSWER, "variables": {"i": {"id": order["publicId"], "formData": {"f": text}}}}
    small = {"rate_bucket": 500, "rate_refill": 1, "anonymous_bucket": 150, "anonymous_refill": 1}
    async with serving(settings_of(backends, **small)) as base, httpx.AsyncClient(base_url=base) as http:
        key = {"Authorization": f"Bearer {acme.key}"}
        before = await _left(http, key)
        error(await http.post("/graphql", json=given, headers=key), 200, "BAD_INPUT", "input.formData.f")
        assert before - await _left(http, key) >= 15_000 * 4_096 // WORK_OF_UNIT
        # Without a key the second one finds nothing left: it was charged to the address, not to the organization.
        problem(await http.post(path_of(form), json={"f": text}), 400, "BAD_INPUT", "body.f")
        async with unchanged(acme):
            problem(await http.post(path_of(form), json={"f": text}), 429, "RATE_LIMITED")
        assert await _left(http, key) > 300


@pytest.mark.parametrize("method", ["create", "update", "check"])
async def test_judging_patterns_is_charged_to_who_sets_them(acme: Org, backends: Backends, method: str) -> None:
    form = await new_form(acme)
    fields = [_area(f"{method}{number}(", key=f"f{number}") for number in range(MAX_PATTERNS)]
    given = NEW | {"fields": fields} | ({"name": ""} if method == "check" else {})
    small = {"rate_bucket": 1_000, "rate_refill": 1}
    async with serving(settings_of(backends, **small)) as base, httpx.AsyncClient(base_url=base) as http:
        key = {"Authorization": f"Bearer {acme.key}"}
        before = await _left(http, key)
        async with unchanged(acme):
            if method == "update":
                asked = {"query": UPDATE, "variables": {"input": {"id": form["publicId"], "fields": fields}}}
                answer = await http.post("/graphql", json=asked, headers=key)
            else:
                answer = await http.post("/api/v1/forms", json=given, headers=key)
        assert len(answer.json()["errors"]) == MAX_PATTERNS + (method == "check"), answer.text
        assert before - await _left(http, key) >= MAX_PATTERNS * WORK_OF_PATTERN // WORK_OF_UNIT


async def _left(http: httpx.AsyncClient, key: dict[str, str]) -> int:
    answer = await http.post("/graphql", json={"query": "{ health { status } }"}, headers=key)
    left: int = answer.json()["extensions"]["cost"]["remaining"]
    return left
