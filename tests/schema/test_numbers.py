"""Numbers: a value is read and written in one way, whichever way it comes and whatever stands beside it."""

import pytest

from tests.support.api import Org
from tests.support.forms import FIELDS, new_form
from tests.support.refusals import error, problem, unchanged

MOST = 2**53 - 1
SETTINGS = "mutation($input: UpdateOrgSettingsInput!) { updateOrgSettings(input: $input) { orgSettings { version } } }"
LITERAL = """mutation {{ createService(input: {{name: "Logo", price: 1, currency: "EUR", taxRate: {}}}) {{
  service {{ taxRate }} }} }}"""
VARIABLE = "mutation($input: CreateServiceInput!) { createService(input: $input) { service { taxRate } } }"
INPUT = '{{"name": "Logo", "price": 1, "currency": "EUR", "taxRate": {}}}'
JSON = {"Content-Type": "application/json"}


def variable(number: str) -> str:
    """The body of a request in which a rate is a variable, as it is written."""
    return f'{{"query": "{VARIABLE}", "variables": {{"input": {INPUT.format(number)}}}}}'


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("10", "10"), ("10.0", "10"), ("1e1", "10"), ("1E+1", "10"), ("0.25e2", "25"), ("100e-1", "10"),
        ("1.50000", "1.5"), ("5e-4", "0.0005"), ("0e99", "0"), ("-0.0", "0"),
    ],
)  # fmt: skip
async def test_a_decimal_is_one_number_however_it_is_written(acme: Org, number: str, shown: str) -> None:
    assert (await acme.data(LITERAL.format(number)))["createService"]["service"]["taxRate"] == shown
    answer = await acme.http.post("/graphql", content=variable(number), headers=JSON)
    assert answer.json()["data"]["createService"]["service"]["taxRate"] == shown
    answer = await acme.http.post("/api/v1/services", content=INPUT.format(number), headers=JSON)
    assert (answer.status_code, answer.json()["data"]["taxRate"]) == (201, shown)


@pytest.mark.parametrize(
    "number", ["1e13", "1e-5", "0.00001", "1234567890123", '"1e1"', '"1.50000"', "1e300", "1e-300"]
)
async def test_a_decimal_that_is_none_is_refused_however_it_is_written(acme: Org, number: str) -> None:
    async with unchanged(acme):
        errors = [
            error(await acme.graphql(LITERAL.format(number)), 200, "GRAPHQL_VALIDATION_FAILED", "input.taxRate"),
            error(
                await acme.http.post("/graphql", content=variable(number), headers=JSON),
                200, "BAD_INPUT", "input.taxRate",
            ),
        ]  # fmt: skip
        assert {each["reason"] for each in errors} == {"INVALID_FORMAT"}
        answer = await acme.http.post("/api/v1/services", content=INPUT.format(number), headers=JSON)
        (only,) = problem(answer, 400, "BAD_INPUT", "body.taxRate")["errors"]
        assert only["code"] == "INVALID_FORMAT"


@pytest.mark.parametrize("number", ["1e999999999", "1e-999999999", "9" * 400])
async def test_a_literal_beyond_every_bound_is_refused(acme: Org, number: str) -> None:
    async with unchanged(acme):
        error(await acme.graphql(LITERAL.format(number)), 200, "GRAPHQL_VALIDATION_FAILED", "input.taxRate")


@pytest.mark.parametrize(("bound", "code"), [(2 * MOST, "maximum"), (-2 * MOST, "minimum")])
async def test_the_bounds_of_a_number_are_whole_where_they_are(acme: Org, bound: int, code: str) -> None:
    fields = [{"key": "age", "label": "Age", "type": "NUMBER", "max": bound}]
    answer = await acme.http.post("/api/v1/forms", json={"name": "Contact", "fields": fields})
    (only,) = problem(answer, 400, "BAD_INPUT", "body.fields.0.max")["errors"]
    limit = MOST if bound > 0 else -MOST
    assert only["message"] == f"It must be at {'most' if bound > 0 else 'least'} {limit}."
    assert only[code] == limit
    assert f'"{code}":{limit}' + "," in answer.text.replace("}", ",")


async def test_a_float_is_written_alike_alone_and_beside_introspection(acme: Org) -> None:
    form = await new_form(acme, fields=[FIELDS[2] | {"min": 100, "max": 100.5}])
    asked = f'a: form(id: "{form["publicId"]}") {{ fields {{ min max }} }}'
    for text in (f"{{ {asked} }}", f"{{ {asked} __schema {{ queryType {{ name }} }} }}"):
        assert '{"min":100.0,"max":100.5}' in (await acme.graphql(text)).text


@pytest.mark.parametrize("number", ["1e400", "9" * 400, "1e30"], ids=["1e400", "400 digits", "1e30"])
@pytest.mark.parametrize("sign", ["", "-"])
async def test_a_number_beyond_a_double_is_held_to_the_bounds_of_its_setting(acme: Org, sign: str, number: str) -> None:
    names = (
        "invoices.dueDays", "agents.approvalHours", "agents.monthlyBudget", "invoices.taxRate",
        "invoices.requireAddress", "organization.name", "colour",
    )  # fmt: skip
    values = ", ".join(f'"{name}": {sign}{number}' for name in names)
    values = f'{{{values}, "agents.prices": {{"test": {{"input": {sign}{number}, "output": 1}}}}}}'
    ends = {
        "invoices.dueDays": (0, 3_650), "agents.approvalHours": (1, 8_760), "agents.monthlyBudget": (0, MOST),
        "agents.prices.test.input": (0, MOST),
    }  # fmt: skip
    wrong: dict[str, tuple[str, int | None]] = {
        "invoices.taxRate": ("INVALID_FORMAT", None), "invoices.requireAddress": ("WRONG_TYPE", None),
        "organization.name": ("WRONG_TYPE", None), "colour": ("UNKNOWN_FIELD", None),
    }  # fmt: skip
    wrong |= {name: ("OUT_OF_RANGE", least if sign else most) for name, (least, most) in ends.items()}
    bound = "minimum" if sign else "maximum"
    async with unchanged(acme):
        answer = await acme.http.put("/api/v1/org-settings", content=values, headers=JSON)
        found = {each["field"]: (each["code"], each.get(bound)) for each in answer.json()["errors"]}
        assert found == {f"body.{name}": each for name, each in wrong.items()}
        body = f'{{"query": "{SETTINGS}", "variables": {{"input": {{"values": {values}}}}}}}'
        answer = await acme.http.post("/graphql", content=body, headers=JSON)
        said = [each["extensions"] for each in answer.json()["errors"]]
        assert {each["field"]: (each["reason"], each.get(bound)) for each in said} == {
            f"input.values.{name}": each for name, each in wrong.items()
        }
