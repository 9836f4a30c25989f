"""Numbers and characters that nothing holds: each is refused where it stands, by the bounds of its field."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, get_named_type, is_list_type, is_non_null_type

from schema.declaration.ranges import bounds_of
from tests.support.api import Org, new_client, new_order, new_service
from tests.support.forms import ADA, new_form, nobody, path_of
from tests.support.furnished import document, input_of
from tests.support.refusals import problem, unchanged
from tests.support.routes import BY_NAME, CHANGES, root_of

JSON = {"Content-Type": "application/json"}
WHOLE = ("Int", "MinorUnits", "MicroUnits")
# JSON texts of numbers beyond every field, a type, and a double.
HUGE = ("100000000000000000", "1e30", "1e400")
LARGEST = 1.7976931348623157e308


def _ranges(adapter: Any) -> dict[str, Any]:
    said = adapter.json_schema()
    return next((part for part in said.get("anyOf", [said]) if "minimum" in part or "maximum" in part), {})


def _numbers(type_: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each whole number of an input, with the bounds of its field."""
    for name, field in type_.fields.items():
        inner = field.type.of_type if is_non_null_type(field.type) else field.type
        if isinstance(get_named_type(inner), GraphQLInputObjectType):
            yield from _numbers(get_named_type(inner), f"{path}.{name}{'.0' if is_list_type(inner) else ''}")
        elif is_list_type(inner):
            continue
        elif get_named_type(inner).name in WHOLE:
            adapter = bounds_of(type_, field)
            if adapter is not None:
                yield f"{path}.{name}", _ranges(adapter)


MUTATIONS = sorted({root_of(BY_NAME[name]) for name in CHANGES})
NUMBERS = [(mutation, path, bounds) for mutation in MUTATIONS for path, bounds in _numbers(input_of(mutation), "input")]


def _nested(path: str, text: str, *, literal: bool = False) -> str:
    for name in reversed(path.split(".")[1:]):
        key = name if literal else f'"{name}"'
        text = f"[{text}]" if name == "0" else f"{{{key}: {text}}}"
    return text


@pytest.mark.parametrize(("mutation", "path", "bounds"), NUMBERS)
async def test_a_number_is_held_to_the_range_of_its_field(
    acme: Org, mutation: str, path: str, bounds: dict[str, Any]
) -> None:
    for sign, bound in (("", "maximum"), ("-", "minimum")):
        for number in HUGE:
            if bound not in bounds:
                continue
            # A literal of an Int has no exponent.
            given = f'{{"query": "{document(mutation)}", "variables": {{"input": {_nested(path, sign + number)}}}}}'
            text = f"mutation {{ {mutation}(input: {_nested(path, sign + number, literal=True)}) {{ __typename }} }}"
            answers = [await acme.http.post("/graphql", content=given, headers=JSON)]
            answers += [await acme.graphql(text)] if number.isdigit() else []
            for answer in answers:
                parts = [each["extensions"] for each in answer.json()["errors"]]
                [wrong] = [part for part in parts if part.get("field") == path]
                assert (wrong["reason"], wrong.get(bound)) == ("OUT_OF_RANGE", bounds[bound]), (number, wrong)
                assert wrong["status"] == 400


@pytest.mark.parametrize("number", ["1e400", "-1e400", "9" * 400])
async def test_a_number_beyond_a_double_is_named_over_rest(acme: Org, number: str) -> None:
    service = await new_service(acme)
    client = await new_client(acme)
    sign = number[0] == "-"
    amount = {"minimum": 0} if sign else {"maximum": 2**53 - 1}
    double = {"minimum": -LARGEST, "maximum": LARGEST}
    line = f'[{{"description": "x", "unitPrice": 1}}, {{"description": "x", "unitPrice": {number}}}]'
    bodies: list[tuple[str, str, dict[str, Any]]] = [
        ("services", f'{{"name": "x", "price": {number}}}', {"body.price": amount}),
        ("invoices", f'{{"clientId": "{client["publicId"]}", "lines": {line}}}', {"body.lines.1.unitPrice": amount}),
        (
            "orders",
            f'{{"serviceId": "{service["publicId"]}", "formData": {{"a": [1, {{"b": {number}}}]}}}}',
            {"body.formData.a.1.b": double},
        ),
        (
            "clients",
            f'{{"name": "x", "email": "a@b.example", "metadata": {{"a": {number}}}}}',
            {"body.metadata.a": double},
        ),
    ]
    async with unchanged(acme):
        for plural, body, expected in bodies:
            answer = await acme.http.post(f"/api/v1/{plural}", content=body, headers=JSON)
            assert answer.status_code == 400, answer.text
            found = {each["field"]: each for each in answer.json()["errors"]}
            for field, bounds in expected.items():
                assert found[field]["code"] == "OUT_OF_RANGE"
                assert {name: found[field].get(name) for name in bounds} == bounds


async def test_what_a_submission_cannot_hold_is_named_by_its_field(acme: Org) -> None:
    form = await new_form(acme)
    cases = [
        ('"note": "a\\u0000b"', "body.note", "INVALID_FORMAT"),
        ('"note": 1e400', "body.note", "OUT_OF_RANGE"),
        ('"age": -1e400', "body.age", "OUT_OF_RANGE"),
        ('"likes": ["red", "\\u0000"]', "body.likes.1", "INVALID_FORMAT"),
        ('"a\\u0000": "x"', "body", "INVALID_FORMAT"),
    ]
    async with nobody(acme) as http, unchanged(acme):
        for member, field, code in cases:
            body = f'{{"name": "Ada", "email": "ada@example.com", {member}}}'
            answer = await http.post(path_of(form), content=body, headers=JSON)
            assert answer.status_code == 400
            assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [(field, code)], member
        answer = await http.post(path_of(form), data=ADA | {"note": "\0"}, headers={"Accept": "application/json"})
        assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [("body.note", "INVALID_FORMAT")]


async def test_a_value_within_json_is_named_in_either_api(acme: Org) -> None:
    order = await new_order(acme)
    path = f"/api/v1/orders/{order['publicId']}"
    change = "mutation($input: UpdateOrderInput!) { updateOrder(input: $input) { order { id } } }"
    async with unchanged(acme):
        for text, code in (('"\\u0000"', "INVALID_FORMAT"), ("1e400", "OUT_OF_RANGE")):
            body = f'{{"formData": {{"x": null, "a": {{"b": [1, {text}]}}}}}}'
            answer = await acme.http.put(path, content=body, headers=JSON)
            assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [
                ("body.formData.a.b.1", code)
            ]
            given = f'{{"id": "{order["publicId"]}", "formData": {{"x": null, "a": {{"b": [1, {text}]}}}}}}'
            sent = f'{{"query": "{change}", "variables": {{"input": {given}}}}}'
            literal = f'{{id: "{order["publicId"]}", formData: {{x: null, a: {{b: [1, {text}]}}}}}}'
            inline = f"mutation {{ updateOrder(input: {literal}) {{ order {{ id }} }} }}"
            for each in (await acme.http.post("/graphql", content=sent, headers=JSON), await acme.graphql(inline)):
                [wrong] = [part["extensions"] for part in each.json()["errors"]]
                assert (wrong["reason"], wrong["field"]) == (code, "input.formData.a.b.1")


async def test_a_number_beyond_a_double_is_refused_wherever_it_may_be(acme: Org) -> None:
    query = "query($first: Int, $id: ID) { orders(first: $first) { totalCount } node(id: $id) { id } }"
    for name in ("first", "id"):
        body = f'{{"query": "{query.replace("$id: ID", "$id: ID!")}", "variables": {{"id": "x", "{name}": 1e400}}}}'
        answer = await acme.http.post("/graphql", content=body, headers=JSON)
        [wrong] = [part["extensions"] for part in answer.json()["errors"]]
        assert (wrong["code"], wrong["field"]) == ("BAD_INPUT", name)
    asked = {"query": query.replace("$id: ID", "$id: ID!"), "variables": '{"id": "x", "first": 1e400}'}
    [wrong] = [part["extensions"] for part in (await acme.http.get("/graphql", params=asked)).json()["errors"]]
    assert (wrong["code"], wrong["field"]) == ("BAD_INPUT", "first")
    # What is no JSON for another reason too is refused as a whole, and so is a text that takes long to read again.
    long = '{"a": 1e400, "b": "' + "x" * 65_536 + '"}'
    for content in ('{"a": 1e400,}', '{"a": 1e400, "b": "\\ud800"}', '{"a": 1e400, "b": NaN}', long):
        answer = await acme.http.post("/api/v1/orders", content=content, headers=JSON)
        detail = problem(answer, 400, "BAD_INPUT", "body")["detail"]
        assert detail == "The number at line 1, column 7 is out of range."
    answer = await acme.http.post("/api/v1/orders", content="[" * 9_000 + "1e400", headers=JSON)
    assert problem(answer, 400, "BAD_INPUT", "body")["detail"].startswith("The body is not JSON")
    # What is ignored stays so.
    number = (await new_order(acme))["publicId"]
    answer = await acme.http.put(f"/api/v1/orders/{number}", content='{"notes": "n", "total": 1e400}', headers=JSON)
    assert answer.status_code == 200, answer.text
