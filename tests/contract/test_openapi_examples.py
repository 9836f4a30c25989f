"""An example of each route and event fits its schema, and is what the server answers and sends."""

import re
from typing import Any

import orjson

from models.agent_jobs import AgentJobStatus
from models.agent_jobs_steps import AgentStepKind
from models.resources import events
from resolvers.downloads import DOWNLOADS
from resolvers.lists.page_window import DEFAULT_PAGE
from resolvers.webhooks import deliveries
from rest_shim.bound import bound
from rest_shim.examples import BODIES, OBJECTS, response_of
from rest_shim.route import Route, Shows
from rest_shim.routes import ROUTES
from tests.support import agents, reports
from tests.support.api import Org, new_client, new_order
from tests.support.curl import documented_pairs, sent
from tests.support.domains import ALL
from tests.support.forms import ADA, new_form, path_of
from tests.support.furnished import completed, document, furnish, input_for, made, masked
from tests.support.openapi import openapi, validator
from tests.support.routes import as_shown, case_of, named, root_of
from tests.support.subscriptions import catch_up, do, weekly


def test_every_example_fits_its_schema() -> None:
    api, seen = openapi(), 0
    for methods in (*api["paths"].values(), *api["webhooks"].values()):
        for operation in methods.values():
            contents = [operation.get("requestBody", {}), *operation["responses"].values()]
            for media in (
                media for each in contents for media in each.get("content", {}).values() if "example" in media
            ):
                validator(media["schema"]).validate(media["example"])
                seen += 1
    answers = sum(route.shows is not Shows.NOTHING for route in ROUTES)
    # A body of an HTML form has the same example in each of its types.
    bodies = sum(3 if route.html else 1 for route in ROUTES if route.operation in BODIES)
    # A file has its own in both of its types; health and readiness have three answers.
    assert seen == answers + bodies + len([*events()]) + 2 * len(DOWNLOADS) + 3


# What is not masked, and differs from one server to the next.
_FIGURES = re.compile(r'"(rows":\[)[^\]]*\]|"(totals":\{)[^}]*\}')
_NUMBER, _REQUEST = re.compile(r'"number":(\d+|"\d{4}-\d{6}")'), re.compile(r'"requestId":"\w+"')


def _alike(value: Any) -> str:
    text = orjson.dumps(masked(value), option=orjson.OPT_SORT_KEYS).decode()
    return _FIGURES.sub(r'"\1\2', _NUMBER.sub('"number":0', _REQUEST.sub('"requestId":""', text)))


def _with_ids(command: str, ids: dict[str, str]) -> str:
    """A command with the ids of an organization in place of the documented ones."""
    for resource, shown in OBJECTS.items():
        command = command.replace(shown["publicId"], ids.get(resource, "")) if "publicId" in shown else command
    return command


def _as_rest(route: Route, data: dict[str, Any]) -> dict[str, Any]:
    """What the graph answers, in the words of the route."""
    payload = found = data
    for name in bound(route).at:
        payload, found = found, found[name]
    if route.shows is Shows.PAGE:
        info = found["pageInfo"]
        more = {"limit": DEFAULT_PAGE, "hasMore": info["hasNextPage"], "nextCursor": info["endCursor"]}
        return {"data": found["nodes"], "pagination": more if info["hasNextPage"] else more | {"nextCursor": None}}
    return {"data": as_shown(route, found) | {name: payload[name] for name in route.payload_fields}}


async def _server(org: Org) -> Org:
    """An organization with a key that is called as in the examples."""
    given = {"name": "server", "scopes": ["*"]}
    key = (await org.http.post("/api/v1/api-keys", json=given)).json()["data"]["rawKey"]
    await org.set_setting("organization.name", "Example Studio")
    return org.holding(key)


async def test_each_example_is_what_either_api_answers(acme: Org, other: Org) -> None:
    pairs = documented_pairs()
    assert {*pairs} == {named(route) for route in ROUTES if route.method != "PATCH"}
    methods = ["POST", "GET", "PUT", "PATCH", "POST of one", "DELETE"]
    over_rest, to_graph = await _server(acme), await _server(other)
    ids: dict[str, str] = {}
    theirs: dict[str, str] = {}
    resources = [*ALL]

    def turn(route: Route) -> tuple[int, int]:
        # What refers to another is deleted before it.
        case = case_of(route)
        # Settings change last: an invoice copies some when it is finalized.
        place = len(resources) if case.single else resources.index(case.name)
        method = f"{route.method} of one" if route.method == "POST" and "{publicId}" in route.path else route.method
        return methods.index(method), -place if route.shows is Shows.NOTHING else place

    for route in sorted(ROUTES, key=turn):
        case = case_of(route)
        if route.shows is Shows.NOTHING:
            for org, known in ((over_rest, ids), (to_graph, theirs)):
                given = completed(case, case.creates, known, case.create)
                known[route.resource.singular] = await made(org, case, given, deletable=True)
        rest, graph = pairs[named(route).replace("PATCH", "PUT")]
        # The same change as the PUT before it, of the version that this made.
        again = route.method == "PATCH"
        if again:
            rest, graph = rest.replace("-X PUT", "-X PATCH"), graph.replace('Version": 1', 'Version": 2')
        answer = await sent(
            over_rest, _with_ids(rest, ids), {"If-Match": '"2"'} if again else None, public=route.public
        )
        documented = openapi()["paths"][route.path][route.method.lower()]["responses"]
        assert str(answer.status_code) in documented, (route, answer.text)
        assert answer.status_code in (200, 201, 202, 204), (route, answer.text)
        other_answer = (await sent(to_graph, _with_ids(graph, theirs), public=route.public)).json()
        assert "errors" not in other_answer, (route, other_answer)
        if route.shows is Shows.NOTHING:
            assert answer.content == b""
            assert [*other_answer["data"][root_of(route)].values()] == [theirs[route.resource.singular]]
            continue
        shown = _as_rest(route, other_answer["data"])
        if route.makes:
            ids[route.resource.singular] = answer.json()["data"]["publicId"]
            theirs[route.resource.singular] = shown["data"]["publicId"]
        if route.operation == "CreateReport":
            for org in (acme, other):
                await reports.work(org)
        assert _alike(answer.json()) == _alike(response_of(route)), route
        assert _alike(shown) == _alike(response_of(route)).replace('"source":"REST"', '"source":"GRAPHQL"'), route


async def _case_events(org: Org) -> None:
    """Make, update and delete objects of each case."""
    ids = await furnish(org)
    for verb in ("update", "delete"):
        for case in reversed(ALL.values()):
            for mutation in case.keyed:
                if mutation.startswith(verb):
                    await org.data(document(mutation), input=await input_for(org, case, mutation, ids))


async def _invoice_events(org: Org) -> None:
    """Let invoices go every way."""
    client = (await new_client(org))["publicId"]
    for statuses in (["OPEN", "PAID"], ["OPEN", "VOID"], ["OPEN", "UNCOLLECTIBLE"], ["DELETE"]):
        body = {"clientId": client, "lines": [{"description": "Logo", "quantity": "0.5", "unitPrice": 99}]}
        made = (await org.http.post("/api/v1/invoices", json=body)).json()["data"]
        path = f"/api/v1/invoices/{made['publicId']}"
        for status in statuses:
            sent = {"status": status, "metadata": {"to": status}}
            answer = await (org.http.delete(path) if status == "DELETE" else org.http.put(path, json=sent))
            assert answer.is_success, answer.text


async def _subscription_events(org: Org) -> None:
    """Let a subscription be renewed, stay unpaid, and end."""
    (key,) = await weekly(org, 0)
    await org.rows("update subscriptions set anchor_date = anchor_date - 7")
    await catch_up(org, key)
    await org.rows("update invoices set due_at = now() - interval '1 year' where subscription_id is not null")
    await catch_up(org, key)
    for verb, given in (("update", {"quantity": 2}), ("cancel", {})):
        await do(org, verb, key, **given)


async def _agent_events(org: Org) -> None:
    """Let an agent's job wait for decisions and succeed, another one fail, and one be cancelled."""
    (job, failed, cancelled), states = [await agents.new_job(org) for _ in range(3)], AgentJobStatus
    for kind, verb, said in (("APPROVAL", "reject", {"reason": "No"}), ("INPUT", "answer", {"answer": "Blue"})):
        await agents.lead(org, job, states.RUNNING)
        (step,) = await agents.ask(org, job, AgentStepKind(kind))
        version = (await agents.shown(org, job))["version"]
        await agents.do(org, verb, job, stepId=step, expectedVersion=version, **said)
    await agents.lead(org, job, states.RUNNING, states.SUCCEEDED, output={"text": "Done."})
    await agents.fail(org, failed)
    await agents.do(org, "cancel", cancelled)


async def _report_events(org: Org) -> None:
    """Let one report be ready, and another one fail."""
    await reports.computed(org, "REVENUE", **reports.YEAR)
    await reports.ask(org, "REVENUE", **reports.YEAR)
    await reports.give_up(org)


async def test_each_event_is_as_documented(acme: Org) -> None:
    hook = {"url": "https://93.184.216.34/hook", "events": ["*"]}
    made = (await acme.http.post("/api/v1/webhooks", json=hook)).json()["data"]
    await _case_events(acme)
    order = await new_order(acme, notes="n", formData={"a": [1, {"b": None}]})
    await acme.http.put(f"/api/v1/orders/{order['publicId']}", json={"notes": None, "status": "SUBMITTED"})
    asked = (await acme.http.post("/api/v1/tickets", json={"subject": "When?"})).json()["data"]
    answer = {"reply": {"body": "Soon."}}
    assert (await acme.http.put(f"/api/v1/tickets/{asked['publicId']}", json=answer)).status_code == 200
    await _invoice_events(acme)
    assert (await acme.http.post(path_of(await new_form(acme)), json=ADA)).status_code == 201
    await _subscription_events(acme)
    await _agent_events(acme)
    await _report_events(acme)
    test = "mutation($id: ID!) { sendTestEvent(input: {id: $id}) { delivery { id } } }"
    await acme.data(test, id=made["publicId"])
    api, seen = openapi(), set()
    # Steps and progress are heard by who watches an object alone.
    sent = "select type, data, occurred_at, '2026-11-01' as api_version from events where type = any($1)"
    for row in await acme.rows(sent, [name for name, _, _ in events()]):
        body = orjson.loads(deliveries.body_of(row))
        said = api["webhooks"][body["type"]]["post"]["requestBody"]["content"]["application/json"]["schema"]
        validator(said).validate(body)
        seen.add(body["type"])
    assert seen == set(api["webhooks"]) == {name for name, _, _ in events()}
    assert api["components"]["schemas"]["EventName"]["enum"] == ["*", *(name for name, _, _ in events())]
