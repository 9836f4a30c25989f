"""Dry runs over both APIs: how they are asked for, what they tell, and to whom."""

from typing import Any

import httpx
import pytest

from models.typeid import encode, new_uuid
from tests.support.api import Org, new_client
from tests.support.domains import ALL
from tests.support.forms import ADA as FILLED
from tests.support.forms import new_form, path_of
from tests.support.refusals import CREATE, UPDATE, error, problem, unchanged

TYPED = {"Accept": "application/graphql-response+json"}
DRY = {"Dry-Run": "true"}
ADA = {"name": "Ada", "email": "ada@example.com"}


async def test_it_tells_what_would_change_and_what_would_follow(acme: Org) -> None:
    client = await new_client(acme)
    given = {"id": client["publicId"], "company": "Acme"}
    changes = [{"target": client["publicId"], "field": "company", "before": None, "after": "Acme"}]
    async with unchanged(acme):
        body = (await acme.graphql(UPDATE, DRY, input=given)).json()
        would = {"events": ["client.updated"], "changes": changes}
        assert body["extensions"]["dryRun"] == would | {"rootFields": [{"path": ["updateClient"], **would}]}
        assert body["data"]["updateClient"]["client"]["version"] == 2
        body = (await acme.http.delete(f"/api/v1/clients/{client['publicId']}", headers=DRY)).json()
        # A route has one.
        assert (body.keys(), body["dryRun"].keys()) == ({"dryRun"}, {"events", "changes"})
        assert body["dryRun"]["events"] == ["client.deleted"]


async def test_each_root_field_is_tried_alone(acme: Org) -> None:
    text = """mutation($a: CreateClientInput!, $b: UpdateClientInput!) {
      one: createClient(input: $a) { client { version } } no: updateClient(input: $b) { client { version } }
      two: createClient(input: $a) { client { version } } }"""
    async with unchanged(acme):
        given = {"id": encode("client", new_uuid()), "company": "Acme"}
        body = (await acme.graphql(text, DRY, a=ADA, b=given)).json()
    made = {"client": {"version": 1}}
    assert (body["data"], [each["path"] for each in body["errors"]]) == (
        {"one": made, "no": None, "two": made}, [["no"]]
    )  # fmt: skip
    dry = body["extensions"]["dryRun"]
    one, no, two = dry["rootFields"]
    assert no == {"path": ["no"], "events": [], "changes": []}
    assert [(each["path"], each["events"]) for each in (one, two)] == [
        (["one"], ["client.created"]), (["two"], ["client.created"])
    ]  # fmt: skip
    made_by = [{change["target"] for change in each["changes"]} for each in (one, two)]
    assert ([len(each) for each in made_by], made_by[0] == made_by[1]) == ([1, 1], False)
    # Beside them all together, in their order.
    assert dry == {name: one[name] + two[name] for name in ("events", "changes")} | {"rootFields": [one, no, two]}


async def test_what_is_refused_is_refused_as_the_change_is(acme: Org) -> None:
    client = await new_client(acme)
    taken = ADA | {"email": client["email"]}
    async with unchanged(acme):
        refused = await acme.http.post("/api/v1/clients", json=taken, headers=DRY)
        assert problem(refused, 409, "CONFLICT", "body.email")["reason"] == "EMAIL_TAKEN"
        assert refused.headers["dry-run"] == "true"
        body = (await acme.graphql(CREATE, DRY, input=taken)).json()
        nothing: dict[str, Any] = {"events": [], "changes": []}
        assert body["extensions"]["dryRun"] == nothing | {"rootFields": [{"path": ["createClient"], **nothing}]}
        assert body["data"] == {"createClient": None}


@pytest.mark.parametrize("value", ["", "1", "yes", "true, false", "?1"])
async def test_another_value_is_refused_by_name_and_changes_nothing(acme: Org, value: str) -> None:
    headers = {"Dry-Run": value}
    async with unchanged(acme):
        found = problem(
            await acme.http.post("/api/v1/clients", json=ADA, headers=headers), 400, "BAD_INPUT", "header.Dry-Run"
        )
        assert found["detail"] == "Dry-Run must be true or false."
        error(await acme.graphql(CREATE, headers | TYPED, input=ADA), 400, "BAD_INPUT", "header.Dry-Run")
        answer = await acme.http.post("/api/v1/clients", params={"dryRun": value}, json=ADA)
        problem(answer, 400, "BAD_INPUT", "query.dryRun")


@pytest.mark.parametrize("value", ["true", "false", ""])
async def test_the_graph_takes_no_parameter_for_it(acme: Org, value: str) -> None:
    """It would make the change without a word."""
    body = {"query": CREATE, "variables": {"input": ADA}}
    async with unchanged(acme):
        for headers in ({}, TYPED, DRY):
            answer = await acme.http.post(f"/graphql?dryRun={value}", json=body, headers=headers)
            error(answer, 400, "BAD_INPUT", "query.dryRun")
            assert "header Dry-Run" in answer.json()["errors"][0]["message"]
        asked = {"query": "{ clients { totalCount } }", "dryRun": value}
        error(await acme.http.get("/graphql", params=asked), 400, "BAD_INPUT", "query.dryRun")


async def test_without_it_changes_are_made_and_what_only_reads_takes_no_notice(acme: Org) -> None:
    for email, header, parameter in (("a@example.com", "false", "false"), ("b@example.com", "FALSE", "False")):
        answer = await acme.http.post(
            "/api/v1/clients", params={"dryRun": parameter}, json=ADA | {"email": email}, headers={"Dry-Run": header}
        )
        assert (answer.status_code, "dry-run" in answer.headers, answer.json().keys()) == (201, False, {"data"})
    assert await acme.count("clients") == 2
    read = await acme.graphql("{ clients { totalCount } }", DRY)
    assert (read.json()["data"]["clients"]["totalCount"], read.json()["extensions"].keys()) == (2, {"cost"})
    listed = await acme.http.get("/api/v1/clients", headers=DRY)
    assert (listed.status_code, "dry-run" in listed.headers) == (200, False)
    problem(await acme.http.get("/api/v1/clients?dryRun=true"), 400, "BAD_INPUT", "query.dryRun")


@pytest.mark.parametrize(("header", "parameter"), [("true", "false"), ("false", "true"), ("TRUE", "True")])
async def test_where_header_and_parameter_differ_nothing_is_kept(acme: Org, header: str, parameter: str) -> None:
    async with unchanged(acme):
        answer = await acme.http.post(
            "/api/v1/clients", params={"dryRun": parameter}, json=ADA, headers={"Dry-Run": header}
        )
    assert (answer.status_code, answer.headers["dry-run"]) == (201, "true")


async def test_any_of_several_versions_can_be_tried(acme: Org) -> None:
    client = await new_client(acme)
    path, headers = f"/api/v1/clients/{client['publicId']}", DRY | {"If-Match": '"7", "1"'}
    async with unchanged(acme):
        answer = await acme.http.put(path, json={"company": "Acme"}, headers=headers)
        assert (answer.status_code, answer.json()["data"]["version"]) == (200, 2)
        stale = await acme.http.put(path, json={"company": "Acme"}, headers=DRY | {"If-Match": '"7"'})
        assert problem(stale, 412, "VERSION_MISMATCH", "header.If-Match")["currentVersion"] == 1


async def test_an_idempotency_key_is_neither_looked_up_nor_used_up(acme: Org) -> None:
    key = {"Idempotency-Key": "one"}
    for _ in range(2):
        dry_run = await acme.http.post("/api/v1/clients", json=ADA, headers=DRY | key)
        assert dry_run.status_code == 201, dry_run.text
    made = await acme.http.post("/api/v1/clients", json=ADA, headers=key)
    assert (made.status_code, "idempotent-replayed" in made.headers) == (201, False)
    async with unchanged(acme):
        refused = await acme.http.post("/api/v1/clients", json=ADA, headers=DRY | key)
        problem(refused, 409, "CONFLICT", "body.email")


async def test_it_shows_of_objects_alone_that_the_key_may_read(acme: Org) -> None:
    maker = acme.holding(await acme.new_key("api_keys:write", "webhooks:write", "clients:read"))
    hook = (await maker.http.post("/api/v1/webhooks", json=dict(ALL["webhook"].create))).json()["data"]["publicId"]
    (found,) = await acme.rows("select created_by_key from webhook_endpoints")
    given = {"id": encode("apikey", found["created_by_key"])}
    # What a key may not do itself it may not manage in others.
    await acme.rows("update api_keys set scopes = '{clients:read}' where id = $1", found["created_by_key"])
    text = "mutation($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { status } } }"
    narrow = acme.holding(await acme.new_key("api_keys:write", "clients:read"))
    async with unchanged(acme):
        for org, seen in ((acme, {given["id"], hook}), (narrow, {given["id"]})):
            body = (await org.graphql(text, DRY, input=given)).json()
            assert {each["target"] for each in body["extensions"]["dryRun"]["changes"]} == seen


async def test_whoever_submits_a_form_learns_nothing_of_it(acme: Org, other: Org) -> None:
    form = await new_form(acme)
    async with unchanged(acme):
        for org in (acme, other):
            text = "mutation($input: SubmitFormInput!) { submitForm(input: $input) { submission { id } } }"
            body = (await org.graphql(text, DRY, input={"formId": form["publicId"], "data": FILLED})).json()
            nothing: dict[str, Any] = {"events": [], "changes": []}
            assert (list(body["data"]["submitForm"]), body["extensions"]["dryRun"]) == (
                ["submission"], nothing | {"rootFields": [{"path": ["submitForm"], **nothing}]}
            )  # fmt: skip
        async with httpx.AsyncClient(base_url=acme.http.base_url) as nobody:
            said = await nobody.post(path_of(form), json=FILLED, headers=DRY)
            assert (said.status_code, said.json()["dryRun"]) == (201, {"events": [], "changes": []})
            page = await nobody.post(path_of(form), data=FILLED, headers=DRY | {"Accept": "text/html"})
            assert (page.status_code, page.headers["dry-run"]) == (200, "true")
            problem(await nobody.post(path_of(form), json=FILLED, headers={"Dry-Run": "x"}), 400, "BAD_INPUT",
                    "header.Dry-Run")  # fmt: skip
