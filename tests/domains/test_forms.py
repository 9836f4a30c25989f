"""Forms: versions that are kept, a status that moves, and the JSON Schema of their fields."""

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator

from resolvers.forms.json_schema import MAX_DEPTH, is_too_deep, problems_of
from resolvers.forms.matching import validator_of
from tests.support.api import Org
from tests.support.forms import ADA, FIELDS, NEW, new_form, nobody, path_of, submitted
from tests.support.refusals import error, problem, unchanged

UPDATE = """mutation($input: UpdateFormInput!) { updateForm(input: $input) { form {
  name status version fields { key } onSubmit { createClient nameField emailField } } } }"""
TRANSITION = "mutation($input: TransitionFormInput!) { transitionForm(input: $input) { form { status version } } }"
VERSIONS = "select version, name, jsonb_array_length(fields) as fields from form_versions order by version"


async def test_a_form_leads_to_a_url(acme: Org) -> None:
    for url, status in (("HTTPS://Example.com/a#b", 201), ("https://a/\ufeffb", 400)):
        assert (await acme.http.post("/api/v1/forms", json=NEW | {"redirectUrl": url})).status_code == status


async def test_a_form_is_created_with_all_that_its_fields_have(acme: Org) -> None:
    fields = [*FIELDS[:2], FIELDS[2] | {"help": "  "}, *FIELDS[3:]]
    form = await new_form(acme, name=" Contact ", status=None, fields=fields)
    assert form["fields"][2] == {
        "key": "age", "label": "Age", "type": "NUMBER", "required": False, "options": [], "min": 18, "max": 99.5,
        "pattern": None, "help": None,
    }  # fmt: skip
    assert (form["name"], form["status"], form["redirectUrl"], form["version"]) == ("Contact", "DRAFT", None, 1)
    assert form["onSubmit"] == {"createClient": False, "createTicket": False, "nameField": None, "emailField": None}
    Draft202012Validator.check_schema(form["jsonSchema"])
    assert form["jsonSchema"]["required"] == ["name", "email"]
    assert [tuple(row) for row in await acme.rows(VERSIONS)] == [(1, "Contact", 6)]
    assert await acme.count("events") == 0


async def test_each_change_keeps_a_version_and_a_submission_stays_with_its_own(acme: Org) -> None:
    form = await new_form(acme)
    async with nobody(acme) as http:
        assert (await http.post(path_of(form), json=ADA)).status_code == 201
        given = {"id": form["publicId"], "name": "Contact us", "fields": FIELDS[:2]}
        for _ in range(2):
            changed = (await acme.data(UPDATE, input=given))["updateForm"]["form"]
            assert (changed["name"], changed["version"]) == ("Contact us", 2)
        assert (await http.post(path_of(form), json=ADA | {"age": 20})).status_code == 400
        assert (await http.post(path_of(form), json=ADA)).status_code == 201
    assert [tuple(row) for row in await acme.rows(VERSIONS)] == [(1, "Contact", 6), (2, "Contact us", 2)]
    assert [each["formVersion"] for each in await submitted(acme, form)] == [2, 1]
    text = "query($id: ID!) { form(id: $id) { submissions { nodes { fields { key } form { version } } } } }"
    nodes = (await acme.data(text, id=form["publicId"]))["form"]["submissions"]["nodes"]
    assert [(len(each["fields"]), each["form"]["version"]) for each in nodes] == [(2, 2), (6, 2)]
    entries = await acme.rows("select action from audit_entries where action like 'form:%' order by id")
    assert [row["action"] for row in entries] == ["form:create", "form:update"]


async def test_a_form_moves_as_its_machine_says(acme: Org) -> None:
    form = await new_form(acme, status="DRAFT")
    key = form["publicId"]
    async with unchanged(acme):
        details = error(
            await acme.graphql(TRANSITION, input={"id": key, "to": "CLOSED"}), 200, "INVALID_TRANSITION", "input.to"
        )
        assert (details["status"], details["allowed"]) == (409, ["PUBLISHED"])
        same = (await acme.data(TRANSITION, input={"id": key, "to": "DRAFT"}))["transitionForm"]["form"]
        assert same == {"status": "DRAFT", "version": 1}
    for version, status in enumerate(("PUBLISHED", "CLOSED", "PUBLISHED"), 2):
        moved = (await acme.data(TRANSITION, input={"id": key, "to": status}))["transitionForm"]["form"]
        assert moved == {"status": status, "version": version}
    async with unchanged(acme):
        answer = await acme.graphql(UPDATE, input={"id": key, "name": "x", "status": "DRAFT"})
        error(answer, 200, "INVALID_TRANSITION", "input.status")
    assert (await acme.count("form_versions"), await acme.count("events")) == (4, 0)


async def test_the_actions_of_a_form_change_by_themselves(acme: Org) -> None:
    form = await new_form(acme, onSubmit={"createClient": True, "emailField": "email"})
    key = form["publicId"]
    given: dict[str, Any] = {"id": key, "onSubmit": {"nameField": "name"}}
    changed = (await acme.data(UPDATE, input=given))["updateForm"]["form"]
    assert changed["onSubmit"] == {"createClient": True, "nameField": "name", "emailField": "email"}
    cleared = {"id": key, "onSubmit": {"nameField": None, "createClient": False}}
    changed = (await acme.data(UPDATE, input=cleared))["updateForm"]["form"]
    assert changed["onSubmit"] == {"createClient": False, "nameField": None, "emailField": "email"}
    async with unchanged(acme):
        # A field that an action needs cannot go.
        answer = await acme.graphql(UPDATE, input={"id": key, "fields": FIELDS[:1]})
        error(answer, 200, "BAD_INPUT", "input.onSubmit.emailField")


async def test_every_problem_of_the_fields_is_told_at_once(acme: Org) -> None:
    fields = [FIELDS[0], FIELDS[0] | {"pattern": "("}, {"key": "c", "label": "C", "type": "SELECT"}]
    async with unchanged(acme):
        answer = await acme.http.post("/api/v1/forms", json=NEW | {"fields": fields})
    assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [
        ("body.fields.1.pattern", "INVALID_FORMAT"),
        ("body.fields.2.options", "REQUIRED"),
        ("body.fields.1.key", "NOT_ALLOWED"),
    ]


# Whoever fetches a reference is noted.
@pytest.fixture
def fetched() -> Iterator[tuple[str, list[str]]]:
    """A server's address, and the paths that were asked of it."""
    asked: list[str] = []

    class Noting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Noting) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join(timeout=10)


@pytest.mark.parametrize("keyword", ["$ref", "$dynamicRef"])
def test_a_validator_reads_no_network_and_no_disk(fetched: tuple[str, list[str]], tmp_path: Path, keyword: str) -> None:
    base, asked = fetched
    file = tmp_path / "any.json"
    file.write_text("{}", encoding="utf-8")
    for place in (f"{base}/any.json", file.as_uri(), str(file), "any.json"):
        for schema in ({keyword: place}, {"properties": {"a": {keyword: f"{place}#/a"}}}):
            with pytest.raises(ValueError, match="etriev"):
                validator_of(schema)
    assert validator_of({"$schema": f"{base}/meta.json", "type": "object"}).is_valid({})
    assert asked == []
    # The library does so where it is not told otherwise: the server would have noted it.
    assert jsonschema_rs.Draft202012Validator({"$ref": f"{base}/any.json"}).is_valid({})
    assert asked == ["/any.json"]


def test_a_pattern_takes_no_longer_than_its_text() -> None:
    # With backtracking each of these would take longer than the age of the universe.
    for pattern in ("(a+)+", "(a|a)*", "(.*.*.*)*x", "^(([a-z])+.)+[A-Z]([a-z])+"):
        validator = validator_of({"pattern": f"^(?:{pattern})$"})
        assert not validator.is_valid("a" * 20_000 + "!")
    for pattern in ("(?=a)a", "(?!a)", "(?<=a)b", r"(a)\1", r"[\u0000-\u{10FFFF}]{100000}", "((a{100}){100}){100}"):
        with pytest.raises(ValueError, match="value"):
            validator_of({"pattern": pattern})


def test_what_is_nested_too_deep_is_refused_before_it_is_validated() -> None:
    value: Any = "x"
    for _ in range(MAX_DEPTH):
        value = [value]
    assert not is_too_deep(value)
    assert is_too_deep([value])
    for _ in range(100_000):
        value = [value]
    (problem,) = problems_of("x", [], {"a": value}, "data")
    assert (problem.field, problem.extra) == ("data", {"reason": "TOO_LONG", "limit": MAX_DEPTH})
    while isinstance(value, list):
        # Python would recurse to free it.
        value = value[0]


async def test_forms_are_found_by_name_and_status(acme: Org) -> None:
    for name, status in (("Zebra", "DRAFT"), ("Apple pie", "PUBLISHED")):
        await new_form(acme, name=name, status=status)
    text = "query($f: FormFilter, $o: [FormOrder!]) { forms(filter: $f, orderBy: $o) { totalCount nodes { name } } }"
    for filter_, names in (
        ({"name": {"startsWith": "app"}}, ["Apple pie"]), ({"search": "pie"}, ["Apple pie"]),
        ({"status": {"eq": "DRAFT"}}, ["Zebra"]), ({"submissions": {"none": {}}}, ["Apple pie", "Zebra"]),
    ):  # fmt: skip
        page = (await acme.data(text, f=filter_, o=[{"field": "NAME"}]))["forms"]
        assert page == {"totalCount": len(names), "nodes": [{"name": name} for name in names]}


async def test_two_changes_at_once_make_two_versions(acme: Org) -> None:
    form = await new_form(acme)
    inputs = [{"id": form["publicId"], "name": f"Contact {n}"} for n in range(4)]
    await asyncio.gather(*(acme.data(UPDATE, input=each) for each in inputs))
    assert [row["version"] for row in await acme.rows(VERSIONS)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("control", ["\x00", "\x1b", "\x7f"])
async def test_a_pattern_has_no_control_characters(acme: Org, control: str) -> None:
    fields = [FIELDS[0] | {"pattern": f"a{control}"}]
    async with unchanged(acme):
        answer = await acme.http.post("/api/v1/forms", json=NEW | {"fields": fields})
        assert problem(answer, 400, "BAD_INPUT", "body.fields.0.pattern")["errors"][0]["code"] == "INVALID_FORMAT"
