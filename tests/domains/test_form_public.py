"""The public that submits forms: what it may send, how often, what it is answered, and who it is."""

from typing import Any

import pytest

from models.forms import DATA_LIMIT
from models.typeid import encode, new_uuid
from resolvers import organizations
from resolvers.forms.values import submitted_values
from schema.requests.variables import MAX_VALUES
from tests.support.api import Org
from tests.support.forms import ADA, CLIENT, new_form, nobody, path_of, submitted
from tests.support.refusals import error, problem, unchanged

SUBMIT = "mutation($input: SubmitFormInput!) { submitForm(input: $input) { submission { id } redirectUrl formName } }"
UNKNOWN = ["__proto__", "first_name", "x"]
ENTRIES = "select action, actor_kind, actor_id, source from audit_entries order by id desc"


async def test_an_html_form_is_read_by_the_types_of_its_fields(acme: Org) -> None:
    form = await new_form(acme)
    sent: dict[str, Any] = {"name": " Ada ", "email": "ada@example.com", "age": "20", "likes": "red", "news": "on",
                            "note": "a\r\nb", "_gotcha": ""}  # fmt: skip
    async with nobody(acme) as http:
        answer = await http.post(path_of(form), data=sent)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        several = await http.post(path_of(form), data=ADA | {"likes": ["red", "blue"], "age": "-", "note": ""},
                                headers={"Accept": "application/json"})  # fmt: skip
        assert [part["field"] for part in problem(several, 400, "BAD_INPUT", "body.age")["errors"]]
        parts = [
            (name, (None, text)) for name, text in (*ADA.items(), ("likes", "red"), ("likes", "blue"), ("age", ""))
        ]
        assert (await http.post(path_of(form), files=parts)).status_code == 200
    kept = [each["data"] for each in await submitted(acme, form)]
    assert kept == [
        ADA | {"likes": ["red", "blue"]},
        ADA | {"age": 20, "likes": ["red"], "news": True, "note": "a\nb"},
    ]


@pytest.mark.parametrize(
    ("text", "read"),
    [("1e3", 1000), ("1E+2", 100), (".5", 0.5), ("-.5", -0.5), ("-7", -7), ("2.50", 2.5), ("1e-2", 0.01)]
    + [(text, text) for text in ("٣", "1e999", "1.", "+1", "e3", "0x1", "1_0", "-", "inf", "NaN")],
)  # fmt: skip
async def test_a_number_is_read_as_html_writes_it(acme: Org, text: str, read: float | str) -> None:
    ctx = organizations.command_line(acme.runtime, acme.id)
    field = {"key": "n", "label": "N", "type": "NUMBER", "required": False, "options": [], "min": None, "max": None,
             "pattern": None, "help": None}  # fmt: skip
    if isinstance(read, str):
        _, (problem,) = submitted_values(ctx, {"name": "Form", "fields": [field]}, {"n": text}, "data", encoded=True)
        assert (problem.within, problem.extra["reason"]) == ("n", "WRONG_TYPE")
    else:
        form = {"name": "Form", "fields": [field]}
        assert submitted_values(ctx, form, {"n": text}, "data", encoded=True) == ({"n": read}, [])


@pytest.mark.parametrize("type_", ["CHECKBOX", "CONSENT"])
async def test_a_checkbox_is_read_by_the_value_that_a_page_gives_it(acme: Org, type_: str) -> None:
    fields = [{"key": "ok", "label": "Okay", "type": type_}]
    form, second = await new_form(acme, fields=fields), await new_form(acme, fields=fields)
    read = {"on": True, "true": True, "1": True, "false": False, "0": False, "": None}
    wrong = ["off", "yes", "True", "ON", "2", "01", "null", ["on", "on"], ["0", "1"]]
    as_json = {"Accept": "application/json"}
    async with nobody(acme) as http:
        for text in read:
            assert (await http.post(path_of(form), data={"ok": text}, headers=as_json)).status_code == 201
        async with unchanged(acme):
            # An address submits each form ten times.
            for value in wrong:
                answer = await http.post(path_of(second), data={"ok": value}, headers=as_json)
                (told,) = problem(answer, 400, "BAD_INPUT", "body.ok")["errors"]
                assert (told["code"], told["message"]) == ("WRONG_TYPE", "It must be true or false.")
            given = {"formId": second["publicId"], "data": {"ok": {"on": 1}}, "encoded": True}
            graph = await http.post("/graphql", json={"query": SUBMIT, "variables": {"input": given}})
            assert error(graph, 200, "BAD_INPUT", "input.data.ok")["reason"] == "WRONG_TYPE"
    kept = [each["data"].get("ok") for each in await submitted(acme, form)]
    assert kept == [*reversed(read.values())]


async def test_the_size_is_looked_at_before_anything_else(acme: Org) -> None:
    form = await new_form(acme)
    body = b'{"name":"Ada","email":"ada@example.com","note":"%s"}'
    most = body % (b"x" * (DATA_LIMIT - len(body) + 2))
    assert len(most) == DATA_LIMIT
    json = {"Content-Type": "application/json"}
    async with nobody(acme) as http, unchanged(acme):
        # More than ten: what is too large takes no turn.
        for _ in range(12):
            answer = await http.post(path_of(form), content=most + b" ", headers=json)
            problem(answer, 413, "TOO_LARGE")

        async def chunks() -> Any:
            for _ in range(5):
                yield b"x" * (DATA_LIMIT // 4)

        problem(await http.post(path_of(form), content=chunks(), headers=json), 413, "TOO_LARGE")
        problem(await http.post(path_of(form), content=most, headers=json), 400, "BAD_INPUT", "body.note")
        problem(await http.post(path_of(form), content=b"x", headers={"Content-Type": "text/plain"}), 415,
                "UNSUPPORTED_MEDIA_TYPE")  # fmt: skip
        deep = b'{"name":' + b"[" * 1_000 + b"]" * 1_000 + b"}"
        problem(await http.post(path_of(form), content=deep, headers=json), 400, "BAD_INPUT", "body")
        many = b"&".join([b"a"] * (MAX_VALUES + 1))
        form_type = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        problem(await http.post(path_of(form), content=many, headers=form_type), 400, "BAD_INPUT", "body")


async def test_a_value_in_the_field_that_nobody_sees_is_spam(acme: Org) -> None:
    form = await new_form(acme, onSubmit=CLIENT, redirectUrl="https://example.com/thanks")
    async with nobody(acme) as http:
        answer = await http.post(path_of(form), json={"_gotcha": "x", "email": "robot", "more": [1]})
        assert (answer.status_code, [*answer.json()["data"]]) == (201, ["publicId"])
        html = await http.post(path_of(form), data={"_gotcha": "x", "email": "robot"})
        assert (html.status_code, html.headers["location"]) == (303, "https://example.com/thanks")
        for empty in ("", ["", ""]):
            assert (await http.post(path_of(form), data=ADA | {"_gotcha": empty})).status_code == 303
    assert [each["data"] for each in await submitted(acme, form)] == [ADA, ADA]
    spam = await submitted(acme, form, "?spam=true")
    assert [each["data"] for each in spam] == [
        {"_gotcha": "x", "email": "robot"},
        {"_gotcha": "x", "email": "robot", "more": [1]},
    ]
    assert {each["clientId"] for each in spam} == {None}
    assert (await acme.count("events"), await acme.count("clients")) == (3, 1)
    assert [row["type"] for row in await acme.rows("select type from events order by id")] == [
        "client.created",
        "form.submitted",
        "form.submitted",
    ]


@pytest.mark.parametrize("status", ["DRAFT", "CLOSED"])
async def test_a_form_that_is_not_published_is_as_one_that_does_not_exist(acme: Org, status: str) -> None:
    form = await new_form(acme, status=status)
    answers = []
    async with nobody(acme) as http, unchanged(acme):
        for key in (form["publicId"], encode("form", new_uuid()), "form_x", encode("client", new_uuid()), "%00"):
            answer = await http.post(f"/api/forms/{key}/submit", json=ADA)
            problem(answer, 404, "NOT_FOUND", "path.formPublicId")
            answers.append(answer.json() | {"requestId": ""})
            variables = {"input": {"formId": key, "data": ADA}}
            graph = await http.post("/graphql", json={"query": SUBMIT, "variables": variables})
            error(graph, 200, "NOT_FOUND", "input.formId")
    assert all(answer == answers[0] for answer in answers)


async def test_a_key_counts_for_nothing_where_the_public_submits(acme: Org, other: Org) -> None:
    form = await new_form(acme, onSubmit=CLIENT)
    variables = {"formId": form["publicId"], "data": ADA, "encoded": None}
    headers = {"Idempotency-Key": "one"}
    weak = other.holding(await other.new_key("messages:read"))
    before = await other.rows("select count(*) from idempotency_records")
    answers = [await weak.graphql(SUBMIT, headers, input=variables) for _ in range(2)]
    ids = {answer.json()["data"]["submitForm"]["submission"]["id"] for answer in answers}
    assert (len(ids), "idempotent-replayed" in answers[1].headers) == (2, False)
    assert answers[0].json()["data"]["submitForm"] | {"submission": None} == {
        "submission": None, "redirectUrl": None, "formName": "Contact",
    }  # fmt: skip
    assert await other.rows("select count(*) from idempotency_records") == before
    assert (await other.count("clients"), await acme.count("clients")) == (0, 1)
    assert {row["actor_id"] for row in await acme.rows(ENTRIES) if row["action"] == "submission:create"} == {"public"}


async def test_an_idempotency_key_is_refused_where_it_would_count_for_nothing(acme: Org) -> None:
    form = await new_form(acme, onSubmit=CLIENT)
    async with unchanged(acme), nobody(acme) as http:
        headers = {"Idempotency-Key": "one", "Accept": "application/json"}
        for json, data in ((ADA, None), (None, ADA)):
            answer = await http.post(path_of(form), headers=headers, json=json, data=data)
            details = problem(answer, 400, "BAD_INPUT", "header.Idempotency-Key")
            assert details["errors"][0]["code"] == "NOT_ALLOWED"


async def test_texts_are_trimmed_before_they_are_judged_as_the_schema_says(acme: Org) -> None:
    fields = [{"key": "code", "label": "Code", "type": "TEXT", "required": True, "min": 2}]
    form = await new_form(acme, fields=fields)
    assert "trimmed" in form["jsonSchema"]["description"]
    async with nobody(acme) as http:
        assert (await http.post(path_of(form), json={"code": "AB1\n"})).status_code == 201
        async with unchanged(acme):
            problem(await http.post(path_of(form), json={"code": "   "}), 400, "BAD_INPUT", "body.code")
    assert [each["data"] for each in await submitted(acme, form)] == [{"code": "AB1"}]


async def test_who_it_became_ends_with_the_root_field(acme: Org, other: Org) -> None:
    form = await new_form(acme)
    text = """mutation($a: SubmitFormInput!, $b: CreateClientInput!) {
      submitForm(input: $a) { formName } createClient(input: $b) { client { name } }
      again: submitForm(input: $a) { formName } }"""
    client = {"name": "Bob", "email": "bob@example.com"}
    data = await other.data(text, a={"formId": form["publicId"], "data": ADA}, b=client)
    assert data == {
        "submitForm": {"formName": "Contact"}, "createClient": {"client": {"name": "Bob"}},
        "again": {"formName": "Contact"},
    }  # fmt: skip
    assert (await acme.count("clients"), await other.count("clients")) == (0, 1)
    assert (await acme.count("submissions"), await other.count("submissions")) == (2, 0)
    (entry,) = await other.rows("select actor_kind, source from audit_entries where action = 'client:create'")
    assert tuple(entry) == ("KEY", "GRAPHQL")


async def test_without_a_key_nothing_else_is_answered(acme: Org) -> None:
    form = await new_form(acme)
    given = {"a": {"formId": form["publicId"], "data": ADA}}
    async with nobody(acme) as http, unchanged(acme):
        for text in (
            "mutation($a: SubmitFormInput!) { submitForm(input: $a) { formName } "
            "createClient(input: {name: \"x\", email: \"x@example.com\"}) { client { id } } }",
            "{ forms { nodes { id } } }", "{ submissions { nodes { id } } }",
        ):  # fmt: skip
            answer = await http.post("/graphql", json={"query": text, "variables": given})
            error(answer, 401, "UNAUTHENTICATED")
        key = form["publicId"]
        written = f'mutation {{ submitForm(input: {{formId: "{key}", data: {{}}}}) {{ formName }} }}'
        get = await http.get("/graphql", params={"query": written})
        error(get, 405, "METHOD_NOT_ALLOWED")


async def test_an_address_submits_a_form_so_often(acme: Org) -> None:
    form, second = await new_form(acme), await new_form(acme)
    variables = {"input": {"formId": form["publicId"], "data": ADA}}
    async with nobody(acme) as http:
        for turn in range(10):
            # Both APIs take turns of the same bucket, and what is refused takes one too.
            if turn % 2:
                graph = await http.post("/graphql", json={"query": SUBMIT, "variables": variables})
                assert "errors" not in graph.json()
            else:
                assert (await http.post(path_of(form), json={})).status_code == 400
        async with unchanged(acme):
            answer = await http.post(path_of(form), json=ADA | {"_gotcha": "x"})
            problem(answer, 429, "RATE_LIMITED")
            assert 1 <= int(answer.headers["retry-after"]) <= 6
            # Nothing of its body is read.
            problem(await http.post(path_of(form), content=b"{", headers={"Content-Type": "application/json"}), 429,
                    "RATE_LIMITED")  # fmt: skip
            details = error(
                await http.post("/graphql", json={"query": SUBMIT, "variables": variables}), 429, "RATE_LIMITED"
            )
            assert 1 <= details["retryAfter"] <= 6
        assert (await http.post(path_of(second), json=ADA)).status_code == 201
    assert len(await submitted(acme, form)) == 5
