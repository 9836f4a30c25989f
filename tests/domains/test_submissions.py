"""Submissions: what the public may send without a key, what follows from it, and what it never learns."""

import asyncio
from typing import Any

import pytest

from models.typeid import decode, encode, new_uuid
from resolvers.forms.json_schema import MAX_PROBLEMS
from schema.operations import OPERATIONS
from tests.support.api import Org, new_client
from tests.support.forms import ADA, CLIENT, FIELDS, new_form, nobody, path_of, submitted
from tests.support.furnished import masked
from tests.support.refusals import error, problem, unchanged

SUBMIT = "mutation($input: SubmitFormInput!) { submitForm(input: $input) { submission { id } redirectUrl formName } }"
UNKNOWN = ["__proto__", "first_name", "x"]
ENTRIES = "select action, actor_kind, actor_id, source from audit_entries order by id desc"


async def test_json_is_answered_with_the_id_and_nothing_else(acme: Org) -> None:
    form = await new_form(acme, redirectUrl="https://example.com/thanks")
    async with nobody(acme) as http:
        answer = await http.post(path_of(form), json=ADA | {"age": 20.5, "likes": ["red"], "news": False, "note": None})
    (kept,) = await submitted(acme, form)
    assert (answer.status_code, answer.json()) == (201, {"data": {"publicId": kept["publicId"]}})
    assert answer.headers["x-graphql-operation"] == "SubmitForm"
    assert not {"etag", "location", "ratelimit"} & {*answer.headers}
    assert kept["data"] == ADA | {"age": 20.5, "likes": ["red"], "news": False}
    assert (kept["formId"], kept["formVersion"], kept["spam"], kept["clientId"]) == (form["publicId"], 1, False, None)
    assert kept["submittedAt"] == kept["createdAt"]
    assert tuple((await acme.rows(ENTRIES))[0]) == ("submission:create", "PUBLIC", "public", "PUBLIC")
    (event,) = await acme.rows("select type, resource_id from events")
    assert (event["type"], event["resource_id"]) == ("form.submitted", decode("submission", kept["publicId"]))


async def test_a_route_is_its_operation(acme: Org, other: Org) -> None:
    forms = [await new_form(org, onSubmit=CLIENT) for org in (acme, other)]
    async with nobody(acme) as http:
        rest = await http.post(path_of(forms[0]), json=ADA)
        asked = {"query": OPERATIONS["SubmitForm"].text, "operationName": "SubmitForm",
                 "variables": {"input": {"formId": forms[1]["publicId"], "data": ADA}}}  # fmt: skip
        graph = (await http.post("/graphql", json=asked)).json()["data"]["submitForm"]
    assert masked(rest.json()["data"]) == masked(graph["submission"])
    for table, columns in (("submissions", "*"), ("clients", "*"), ("events", "type, data, resource_version")):
        sql = f"select {columns} from {table} order by id"
        found = [[masked(dict(row)) for row in await org.rows(sql)] for org in (acme, other)]
        assert found[0] == found[1], table
    shown = [(await org.http.get(f"/api/v1/forms/{form['publicId']}/submissions")).json()["data"]
             for org, form in zip((acme, other), forms, strict=True)]  # fmt: skip
    assert masked(shown[0]) == masked(shown[1])


@pytest.mark.parametrize(
    ("sent", "fields"),
    [
        ({}, ["email REQUIRED", "name REQUIRED"]),
        (ADA | {"name": "", "email": "x"}, ["email INVALID_FORMAT", "name TOO_SHORT"]),
        (ADA | {"name": "a\x00"}, ["name INVALID_FORMAT"]),
        (ADA | {"name": "a\x07", "note": "\x1b[31m"}, ["name INVALID_FORMAT", "note INVALID_FORMAT"]),
        (ADA | {"age": 17, "likes": ["green"]}, ["age OUT_OF_RANGE", "likes.0 NOT_ONE_OF"]),
        (ADA | {"age": "20", "news": "on", "likes": "red"}, ["age WRONG_TYPE", "likes WRONG_TYPE", "news WRONG_TYPE"]),
        (ADA | {"x": 1, "__proto__": {}, "first_name": ""}, [f"{name} UNKNOWN_FIELD" for name in UNKNOWN]),
        (ADA | {"name": {"$ref": "http://127.0.0.1/x"}}, ["name WRONG_TYPE"]),
        (ADA | {"name": None}, ["name REQUIRED"]),
        (ADA | {"age": 17.9, "likes": ["red", "red"]}, ["age OUT_OF_RANGE", "likes INVALID"]),
        (ADA | {"age": 99.6, "likes": ["red", "x"]}, ["age OUT_OF_RANGE", "likes.1 NOT_ONE_OF"]),
        (ADA | {"name": "x" * 201, "news": 1}, ["name TOO_LONG", "news WRONG_TYPE"]),
    ],
)  # fmt: skip
async def test_a_submission_that_does_not_fit_names_each_field(
    acme: Org, sent: dict[str, Any], fields: list[str]
) -> None:
    form = await new_form(acme, onSubmit=CLIENT)
    async with nobody(acme) as http, unchanged(acme):
        answer = await http.post(path_of(form), json=sent)
        graph = await http.post("/graphql", json={"query": SUBMIT, "variables": {
            "input": {"formId": form["publicId"], "data": sent}}})  # fmt: skip
    details = [
        f"{each['field'].removeprefix('body').removeprefix('.')} {each['code']}" for each in answer.json()["errors"]
    ]
    assert (answer.status_code, sorted(details)) == (400, fields)
    asked = [each["extensions"] for each in graph.json()["errors"]]
    assert sorted(
        f"{each['field'].removeprefix('input.data').removeprefix('.')} {each['reason']}" for each in asked
    ) == (fields)


async def test_a_submission_tells_so_many_problems(acme: Org) -> None:
    form = await new_form(acme)
    async with nobody(acme) as http, unchanged(acme):
        answer = await http.post(path_of(form), json={f"x{number}": 1 for number in range(MAX_PROBLEMS + 1)})
    assert answer.status_code == 400
    assert len({each["field"] for each in answer.json()["errors"]}) == MAX_PROBLEMS


async def test_a_submission_needs_the_consent_that_its_form_requires(acme: Org) -> None:
    terms = {"key": "terms", "label": "Terms", "type": "CONSENT", "required": True}
    form = await new_form(acme, fields=[*FIELDS, terms])
    as_json = {"Accept": "application/json"}
    async with nobody(acme) as http:
        async with unchanged(acme):
            for answer, code in (
                (await http.post(path_of(form), json=ADA | {"terms": False}), "REQUIRED"),
                (await http.post(path_of(form), data=ADA | {"terms": "false"}, headers=as_json), "REQUIRED"),
                (await http.post(path_of(form), data=ADA | {"terms": ""}, headers=as_json), "REQUIRED"),
                (await http.post(path_of(form), json=ADA | {"terms": "true"}), "WRONG_TYPE"),
            ):
                assert problem(answer, 400, "BAD_INPUT", "body.terms")["errors"][0]["code"] == code
            twice = await http.post(path_of(form), data=ADA | {"terms": "on", "likes": ["red", "red"]}, headers=as_json)
            assert problem(twice, 400, "BAD_INPUT", "body.likes")["errors"][0]["code"] == "INVALID"
        assert (await http.post(path_of(form), data=ADA | {"terms": "on"}, headers=as_json)).status_code == 201
    assert [each["data"] for each in await submitted(acme, form)] == [ADA | {"terms": True}]


async def test_html_is_text_like_any_other(acme: Org) -> None:
    form = await new_form(acme, onSubmit=CLIENT)
    sent = ADA | {"name": "<img src=x onerror=alert(1)>", "note": "#set page() 'or 1=1-- \u202e"}
    async with nobody(acme) as http:
        assert (await http.post(path_of(form), json=sent)).status_code == 201
    (kept,) = await submitted(acme, form)
    assert kept["data"] == sent
    assert (await acme.rows("select name from clients"))[0]["name"] == sent["name"]


async def test_submissions_are_listed_by_their_form(acme: Org, other: Org) -> None:
    form, second = await new_form(acme), await new_form(acme)
    async with nobody(acme) as http:
        for each in (form, form, second):
            assert (await http.post(path_of(each), json=ADA)).status_code == 201
    path = f"/api/v1/forms/{form['publicId']}/submissions"
    first = (await acme.http.get(f"{path}?limit=1&sort=createdAt")).json()
    assert (len(first["data"]), first["pagination"]["hasMore"]) == (1, True)
    cursor = first["pagination"]["nextCursor"]
    rest = (await acme.http.get(f"{path}?cursor={cursor}&sort=createdAt")).json()
    assert (len(rest["data"]), rest["pagination"]["hasMore"]) == (1, False)
    total = (await acme.http.get(f"{path}?page=1&limit=1")).json()["pagination"]
    assert (total["total"], total["totalPages"]) == (2, 2)
    one = first["data"][0]["publicId"]
    for query, found in (
        (f"ids={one}", 1), ("createdAfter=2100-01-01T00:00:00Z", 0), ("createdBefore=2100-01-01T00:00:00Z", 2),
        (f"clientId={encode('client', new_uuid())}", 0), ("spam=false", 2), ("spam=true", 0),
    ):  # fmt: skip
        assert len(await submitted(acme, form, f"?{query}")) == found, query
    problem(await acme.http.get(f"{path}?spam=1"), 400, "BAD_INPUT", "query.spam")
    problem(await acme.http.get(f"{path}?colour=red"), 400, "BAD_INPUT", "query.colour")
    problem(await other.http.get(path), 404, "NOT_FOUND", "path.publicId")
    text = "query($f: SubmissionFilter) { submissions(filter: $f) { totalCount nodes { form { name } } } }"
    for filter_, found in (
        ({"formId": {"eq": second["publicId"]}}, 1), ({"form": {"name": {"eq": "contact"}}}, 3),
        ({"spam": {"eq": True}}, 0), ({"not": {"spam": {"eq": True}}}, 3), ({"client": {"name": {"eq": "x"}}}, 0),
    ):  # fmt: skip
        page = (await acme.data(text, f=filter_))["submissions"]
        assert (page["totalCount"], len(page["nodes"])) == (found, found), filter_


async def test_a_submission_creates_a_client(acme: Org) -> None:
    form = await new_form(acme, onSubmit=CLIENT)
    async with nobody(acme) as http:
        assert (await http.post(path_of(form), json=ADA)).status_code == 201
    (kept,) = await submitted(acme, form)
    client = (await acme.http.get(f"/api/v1/clients/{kept['clientId']}")).json()["data"]
    assert (client["name"], client["email"], client["status"], client["source"]) == (
        "Ada", "ada@example.com", "LEAD", "Contact",
    )  # fmt: skip
    assert [row["action"] for row in await acme.rows(ENTRIES)][:2] == ["submission:create", "client:create"]
    text = "query($id: ID!) { submission(id: $id) { client { name } } }"
    assert await acme.data(text, id=kept["publicId"]) == {"submission": {"client": {"name": "Ada"}}}
    weak = acme.holding(await acme.new_key("forms:read"))
    assert error(await weak.graphql(text, id=kept["publicId"]), 403, "FORBIDDEN")["scope"] == "clients:read"


async def test_a_client_with_the_address_stays_as_it_is_with_the_same_answer(acme: Org) -> None:
    form = await new_form(acme, onSubmit=CLIENT)
    client = await new_client(acme, name="Countess", email="ADA@example.com", status="ARCHIVED")
    async with nobody(acme) as http:
        known = await http.post(path_of(form), json=ADA)
        fresh = await http.post(path_of(form), json=ADA | {"email": "new@example.com"})
    assert masked(known.json()) == masked(fresh.json())
    assert (known.status_code, {*known.headers}) == (fresh.status_code, {*fresh.headers})
    assert (await acme.http.get(f"/api/v1/clients/{client['publicId']}")).json()["data"] == client
    assert (await submitted(acme, form))[1]["clientId"] == client["publicId"]
    # What has a submission is kept.
    assert (await acme.http.delete(f"/api/v1/clients/{client['publicId']}")).status_code == 204
    assert (await acme.http.get(f"/api/v1/clients/{client['publicId']}")).json()["data"]["status"] == "ARCHIVED"


async def test_no_client_without_an_address_and_its_name_without_one_is_the_address(acme: Org) -> None:
    fields = [FIELDS[1] | {"required": False}, FIELDS[0] | {"required": False}]
    form = await new_form(acme, fields=fields, onSubmit=CLIENT)
    async with nobody(acme) as http:
        assert (await http.post(path_of(form), json={"name": "Ada"})).status_code == 201
        long = f"{'x' * 60}@{'d' * 60}.{'e' * 60}.{'f' * 20}.com"
        assert (await http.post(path_of(form), json={"email": long})).status_code == 201
    rows = await acme.rows("select name, email from clients")
    assert [tuple(row) for row in rows] == [(long[:200], long)]
    assert [each["clientId"] is None for each in await submitted(acme, form)] == [False, True]


async def test_of_two_submissions_at_once_one_creates_the_client_and_both_are_kept(acme: Org) -> None:
    form = await new_form(acme, onSubmit=CLIENT | {"createTicket": True})
    async with nobody(acme) as http:
        answers = await asyncio.gather(*(http.post(path_of(form), json=ADA) for _ in range(8)))
    assert [answer.status_code for answer in answers] == [201] * 8
    assert await acme.count("clients") == 1
    kept = await submitted(acme, form)
    assert (len({each["clientId"] for each in kept}), len({each["ticketId"] for each in kept})) == (1, 8)
    assert len(await acme.rows("select distinct client_id from tickets")) == 1
    assert len(await acme.rows("select id from events where type = 'client.created'")) == 1


async def test_statements_of_a_submission(acme: Org) -> None:
    form = await new_form(acme, onSubmit=CLIENT)
    async with nobody(acme) as http:
        for sent, statements in ((ADA, 7), (ADA, 5), ({"_gotcha": "x"}, 4), ({}, 3)):
            answer = await http.post(path_of(form), json=sent)
            assert answer.headers["server-timing"] == f'sql;desc="{statements}"', sent


async def test_endpoints_hear_of_what_is_not_spam(acme: Org) -> None:
    hook = {"url": "https://93.184.216.34/hook", "events": ["form.submitted"]}
    assert (await acme.http.post("/api/v1/webhooks", json=hook)).status_code == 201
    form = await new_form(acme)
    async with nobody(acme) as http:
        for sent in (ADA, ADA | {"_gotcha": "x"}):
            assert (await http.post(path_of(form), json=sent)).status_code == 201
    assert [row["event_type"] for row in await acme.rows("select event_type from deliveries")] == ["form.submitted"]
