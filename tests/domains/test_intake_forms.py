"""Intake forms of services: orders answer them, in the version that they had, before they are submitted."""

from typing import Any

import orjson

from models.forms import DATA_LIMIT
from models.machines import Guard
from tests.support.api import Org, new_order, new_service
from tests.support.forms import ADA, FIELDS, new_form, nobody, path_of
from tests.support.refusals import TRANSITION, error, problem, unchanged

JSON = {"Content-Type": "application/json"}
TRANSITIONS = (
    "query($id: ID!) { order(id: $id) { availableTransitions { to allowed blockedBy { code message limit } } } }"
)
UPDATE = "mutation($i: UpdateFormInput!) { updateForm(input: $i) { form { version } } }"
ANSWERED = "query($id: ID!) { order(id: $id) { form { id version } formVersion formFields { key } } }"
CREATE = """mutation($i: CreateOrderInput!) { createOrder(input: $i) { order { id formId
  availableTransitions { to allowed } } } }"""
FREE = [{"to": "SUBMITTED", "allowed": True}, {"to": "CANCELLED", "allowed": True}]


async def _asked(org: Org) -> tuple[dict[str, Any], dict[str, Any]]:
    """A form, and a service that has it."""
    form = await new_form(org, status="DRAFT")
    return form, await new_service(org, intakeFormId=form["publicId"])


async def _put(org: Org, order: dict[str, Any], **given: Any) -> dict[str, Any]:
    answer = await org.http.put(f"/api/v1/orders/{order['publicId']}", json=given)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


async def _blocked(org: Org, order: dict[str, Any]) -> list[str | None]:
    """What blocks each transition of an order."""
    transitions = (await org.data(TRANSITIONS, id=order["publicId"]))["order"]["availableTransitions"]
    return [each["blockedBy"] and each["blockedBy"]["code"] for each in transitions]


async def test_an_order_is_submitted_with_the_form_filled_in(acme: Org) -> None:
    form, service = await _asked(acme)
    assert service["intakeFormId"] == form["publicId"]
    order = await new_order(acme, service=service["publicId"])
    assert (order["formData"], order["formId"], order["formVersion"]) == (None, None, None)
    (submit, cancel) = (await acme.data(TRANSITIONS, id=order["publicId"]))["order"]["availableTransitions"]
    blocked = {"code": "NO_FORM_DATA", "message": Guard.NO_FORM_DATA.meaning, "limit": None}
    assert (submit["allowed"], submit["blockedBy"], cancel["allowed"]) == (False, blocked, True)
    async with unchanged(acme):
        details = error(
            await acme.graphql(TRANSITION, input={"id": order["publicId"], "to": "SUBMITTED"}), 200,
            "INVALID_TRANSITION", "input.to",
        )  # fmt: skip
        assert (details["status"], details["blockedBy"], details["allowed"]) == (409, "NO_FORM_DATA", ["CANCELLED"])
        answer = await acme.http.put(f"/api/v1/orders/{order['publicId']}", json={"status": "SUBMITTED", "notes": "x"})
        problem(answer, 409, "INVALID_TRANSITION", "body.status")
    done = await _put(acme, order, formData=ADA | {"name": " Ada "}, status="SUBMITTED")
    assert (done["status"], done["formData"], done["formId"], done["formVersion"]) == (
        "SUBMITTED", ADA, form["publicId"], 1,
    )  # fmt: skip


async def test_a_new_order_may_have_its_answers(acme: Org) -> None:
    form, service = await _asked(acme)
    client = (await new_order(acme))["clientId"]
    given = {"clientId": client, "serviceId": service["publicId"], "formData": ADA}
    made = (await acme.data(CREATE, i=given))["createOrder"]["order"]
    assert (made["formId"], made["availableTransitions"]) == (form["publicId"], FREE)


async def test_answers_that_do_not_fit_name_each_field(acme: Org) -> None:
    _, service = await _asked(acme)
    order = await new_order(acme, service=service["publicId"])
    sent = {"email": "x", "age": 5, "colour": "red"}
    wrong = [f"formData.{name}" for name in ("age", "colour", "email", "name")]
    given = {"clientId": order["clientId"], "serviceId": service["publicId"], "formData": sent}
    async with unchanged(acme):
        for answer in (
            await acme.http.post("/api/v1/orders", json=given),
            await acme.http.put(f"/api/v1/orders/{order['publicId']}", json={"formData": sent, "status": "SUBMITTED"}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (400, "BAD_INPUT")
            assert sorted(each["field"] for each in answer.json()["errors"]) == [f"body.{name}" for name in wrong]
        details = (await acme.graphql(CREATE, i=given)).json()["errors"]
        assert sorted(each["extensions"]["field"] for each in details) == [f"input.{name}" for name in wrong]


async def test_an_order_takes_as_much_as_a_submission_of_its_form(acme: Org) -> None:
    fields = [{"key": f"f{number}", "label": "F", "type": "TEXTAREA"} for number in range(4)]
    form = await new_form(acme, fields=fields)
    service = await new_service(acme, intakeFormId=form["publicId"])
    order = await new_order(acme, service=service["publicId"])
    data = {f"f{number}": "x" * 20_000 for number in range(3)} | {"f3": ""}
    data["f3"] = "x" * (DATA_LIMIT - len(orjson.dumps(data)))
    async with nobody(acme) as http:
        assert (await http.post(path_of(form), content=orjson.dumps(data), headers=JSON)).status_code == 201
    assert (await _put(acme, order, formData=data, status="SUBMITTED"))["formData"] == data
    data["f3"] += "x"
    given = {"clientId": order["clientId"], "serviceId": service["publicId"], "formData": data}
    async with unchanged(acme):
        for answer in (
            await acme.http.post("/api/v1/orders", json=given),
            await acme.http.put(f"/api/v1/orders/{order['publicId']}", json={"formData": data}),
        ):
            (details,) = problem(answer, 400, "BAD_INPUT", "body.formData")["errors"]
            assert (details["code"], details["limit"]) == ("TOO_LONG", DATA_LIMIT)
        details = error(await acme.graphql(CREATE, i=given), 200, "BAD_INPUT", "input.formData")
        assert (details["reason"], details["limit"]) == ("TOO_LONG", DATA_LIMIT)


async def test_answers_stay_with_the_version_that_they_were_given_to(acme: Org) -> None:
    form, service = await _asked(acme)
    order = await new_order(acme, service=service["publicId"], formData=ADA)
    await acme.data(UPDATE, i={"id": form["publicId"], "fields": FIELDS[:2]})
    answered = (await acme.data(ANSWERED, id=order["publicId"]))["order"]
    assert answered["form"] == {"id": form["publicId"], "version": 2}
    assert (answered["formVersion"], len(answered["formFields"])) == (1, len(FIELDS))
    # What was read is sent back.
    async with unchanged(acme):
        assert await _put(acme, order, **order) == order
    changed = await _put(acme, order, formData=ADA | {"name": "Grace"})
    assert (changed["formVersion"], await _blocked(acme, order)) == (2, [None, None])


async def test_a_service_without_a_form_takes_any_object(acme: Org) -> None:
    order = await new_order(acme, formData={"a": [1]})
    assert (order["formData"], order["formId"], order["formVersion"]) == ({"a": [1]}, None, None)
    assert (await acme.data(ANSWERED, id=order["publicId"]))["order"] == {
        "form": None, "formVersion": None, "formFields": None,
    }  # fmt: skip
    assert (await _put(acme, order, status="SUBMITTED", formData=None))["formData"] is None


async def test_what_was_submitted_keeps_its_answers(acme: Org) -> None:
    _, service = await _asked(acme)
    order = await new_order(acme, service=service["publicId"], formData=ADA)
    assert (await _put(acme, order, formData=None))["formId"] is None
    assert await _blocked(acme, order) == ["NO_FORM_DATA", None]
    await _put(acme, order, formData=ADA, status="SUBMITTED")
    async with unchanged(acme):
        answer = await acme.http.put(f"/api/v1/orders/{order['publicId']}", json={"formData": None})
        assert problem(answer, 400, "BAD_INPUT", "body.formData")["errors"][0]["code"] == "REQUIRED"
    assert (await _put(acme, order, formData=ADA | {"name": "Grace"}))["formData"]["name"] == "Grace"


async def test_the_form_that_the_service_has_now_counts(acme: Org, other: Org) -> None:
    _, service = await _asked(acme)
    path = f"/api/v1/services/{service['publicId']}"
    order = await new_order(acme, service=service["publicId"], formData=ADA)
    second, foreign = await new_form(acme, name="Brief"), await new_form(other)
    async with unchanged(acme):
        answer = await acme.http.put(path, json={"intakeFormId": foreign["publicId"]})
        problem(answer, 400, "BAD_INPUT", "body.intakeFormId")
    for given, blocked in ((second["publicId"], "NO_FORM_DATA"), (None, None)):
        changed = (await acme.http.put(path, json={"intakeFormId": given})).json()["data"]
        assert (changed["intakeFormId"], await _blocked(acme, order)) == (given, [blocked, None])
    text = "query($f: ServiceFilter) { services(filter: $f) { nodes { intakeForm { name } } } }"
    await acme.http.put(path, json={"intakeFormId": second["publicId"]})
    for filter_ in ({"intakeFormId": {"eq": second["publicId"]}}, {"intakeForm": {"name": {"eq": "brief"}}}):
        assert (await acme.data(text, f=filter_))["services"]["nodes"] == [{"intakeForm": {"name": "Brief"}}]


async def test_orders_are_found_by_the_form_that_they_answer(acme: Org) -> None:
    form, service = await _asked(acme)
    answered = (await new_order(acme, service=service["publicId"], formData=ADA))["publicId"]
    empty = (await new_order(acme, service=service["publicId"]))["publicId"]
    text = "query($f: OrderFilter) { orders(filter: $f) { totalCount nodes { id } } }"
    for filter_, found in (
        ({"formId": {"eq": form["publicId"]}}, answered),
        ({"form": {"name": {"eq": form["name"]}}}, answered),
        ({"formId": {"isNull": True}}, empty),
        ({"not": {"form": {"status": {"eq": form["status"]}}}}, empty),
    ):
        assert (await acme.data(text, f=filter_))["orders"] == {"totalCount": 1, "nodes": [{"id": found}]}, filter_
