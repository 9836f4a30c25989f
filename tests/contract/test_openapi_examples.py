"""An example of each route and event fits its schema, and is what the server answers and sends."""

import re
import shlex
from typing import Any

import httpx
import orjson

from models.resources import events
from resolvers.webhooks import deliveries
from rest_shim.examples import BODIES, OBJECTS, curl_of, response_of
from rest_shim.routes import ROUTES, Route, Shows
from tests.support.api import Org, new_client, new_order, new_service
from tests.support.domains import ALL
from tests.support.forms import ADA, new_form, path_of
from tests.support.furnished import completed, made, masked
from tests.support.openapi import openapi, validator
from tests.support.routes import case_of


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
    assert seen == answers + bodies + len([*events()])


# What is not masked, and differs from one server to the next.
_NUMBER, _REQUEST = re.compile(r'"number":(\d+|"\d{4}-\d{6}")'), re.compile(r'"requestId":"\w+"')


def _alike(value: Any) -> str:
    text = orjson.dumps(masked(value), option=orjson.OPT_SORT_KEYS).decode()
    return _NUMBER.sub('"number":0', _REQUEST.sub('"requestId":""', text))


async def _sent(org: Org, route: Route, ids: dict[str, str]) -> httpx.Response:
    """Send the example's command, with the ids of this organization."""
    text = curl_of(route).replace("\\\n", " ")
    for resource, shown in OBJECTS.items():
        text = text.replace(shown["publicId"], ids.get(resource, "")) if "publicId" in shown else text
    words = iter(shlex.split(text)[2:])
    url, body, headers = "", None, {}
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = next(words)
        elif word == "-X":
            assert next(words) == route.method
        else:
            url = word.removeprefix("$URL")
    assert headers.pop("Authorization", "") == ("" if route.public else "Bearer $KEY")
    if route.method == "PATCH":
        # The same change as the PUT before it, of the version that this made.
        headers["If-Match"] = '"2"'
    return await org.http.request(route.method, url, content=body, headers=headers)


async def test_each_example_is_what_the_server_answers(acme: Org) -> None:
    ids: dict[str, str] = {}
    methods = ["POST", "GET", "PUT", "PATCH", "POST of one", "DELETE"]
    key = (await acme.http.post("/api/v1/api-keys", json={"name": "server", "scopes": ["*"]})).json()["data"]["rawKey"]
    server = acme.holding(key)
    await acme.set_setting("organization.name", "Example Studio")
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
            ids[route.resource.singular] = await made(
                server, case, completed(case, case.creates, ids, case.create), deletable=True
            )
        answer = await _sent(server, route, ids)
        documented = openapi()["paths"][route.path][route.method.lower()]["responses"]
        assert str(answer.status_code) in documented, (route, answer.text)
        assert answer.status_code in (200, 201, 204), (route, answer.text)
        if route.shows is Shows.NOTHING:
            assert answer.content == b""
            continue
        if route.status == 201:
            ids[route.resource.singular] = answer.json()["data"]["publicId"]
        assert _alike(answer.json()) == _alike(response_of(route)), route
    await server.http.aclose()


async def _invoice_events(org: Org) -> None:
    """Let invoices go every way."""
    client = (await new_client(org))["publicId"]
    for moves in (["OPEN", "PAID"], ["OPEN", "VOID"], ["OPEN", "UNCOLLECTIBLE"], ["DELETE"]):
        body = {"clientId": client, "lines": [{"description": "Logo", "quantity": "0.5", "unitPrice": 99}]}
        made = (await org.http.post("/api/v1/invoices", json=body)).json()["data"]
        path = f"/api/v1/invoices/{made['publicId']}"
        for move in moves:
            sent = {"status": move, "metadata": {"to": move}}
            answer = await (org.http.delete(path) if move == "DELETE" else org.http.put(path, json=sent))
            assert answer.is_success, answer.text


async def test_each_event_is_as_documented(acme: Org) -> None:
    hook = {"url": "https://93.184.216.34/hook", "events": ["*"]}
    made = (await acme.http.post("/api/v1/webhooks", json=hook)).json()["data"]
    order = await new_order(acme, notes="n", formData={"a": [1, {"b": None}]})
    client, service = await new_client(acme), await new_service(acme)
    await acme.http.put(f"/api/v1/clients/{client['publicId']}", json={"company": "ACME"})
    await acme.http.put(f"/api/v1/services/{service['publicId']}", json={"price": 1})
    await acme.http.put(f"/api/v1/orders/{order['publicId']}", json={"notes": None, "status": "SUBMITTED"})
    message = {"orderId": order["publicId"], "body": "Hello"}
    await acme.data("mutation($i: CreateMessageInput!) { createMessage(input: $i) { message { id } } }", i=message)
    asked = (await acme.http.post("/api/v1/tickets", json={"subject": "When?"})).json()["data"]
    answer = {"reply": {"body": "Soon."}}
    assert (await acme.http.put(f"/api/v1/tickets/{asked['publicId']}", json=answer)).status_code == 200
    await _invoice_events(acme)
    assert (await acme.http.post(path_of(await new_form(acme)), json=ADA)).status_code == 201
    spare = await new_order(acme)
    for path in (f"orders/{spare['publicId']}", f"clients/{client['publicId']}", f"services/{service['publicId']}"):
        assert (await acme.http.delete(f"/api/v1/{path}")).status_code == 204
    test = "mutation($id: ID!) { sendTestEvent(input: {id: $id}) { delivery { id } } }"
    await acme.data(test, id=made["publicId"])
    api, seen = openapi(), set()
    for row in await acme.rows("select type, data, occurred_at, '2026-11-01' as api_version from events"):
        body = orjson.loads(deliveries.body_of(row))
        said = api["webhooks"][body["type"]]["post"]["requestBody"]["content"]["application/json"]["schema"]
        validator(said).validate(body)
        seen.add(body["type"])
    assert seen == set(api["webhooks"]) == {name for name, _, _ in events()}
    assert api["components"]["schemas"]["EventName"]["enum"] == ["*", *(name for name, _, _ in events())]
