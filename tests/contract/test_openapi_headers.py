"""The headers of refusals: what the OpenAPI document says of them, and what is sent."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from resolvers.database.runtime import Runtime
from rest_shim.bound import bound
from rest_shim.endpoint import RestEndpoint
from rest_shim.routes import ROUTES
from tests.support.api import Org, make_org, new_order, serving, settings_of
from tests.support.openapi import openapi
from tests.support.servers import Backends

NAMED = "X-GraphQL-Operation"
# What is refused before it is known what would be dry_run.
WITHOUT_DRY_RUN = {"401", "408", "413", "415", "429"}


def _said(path: str, method: str) -> dict[str, Any]:
    found: dict[str, Any] = openapi()["paths"][path][method.lower()]["responses"]
    return found


def _undocumented(answer: httpx.Response, path: str) -> set[str]:
    """The headers of an answer, of those that the document knows, that it does not have for its status."""
    said = _said(path, answer.request.method)[str(answer.status_code)]["headers"]
    return {name for name in openapi()["components"]["headers"] if name in answer.headers and name not in said}


def test_each_shared_header_is_referred_to() -> None:
    text = json.dumps(openapi()["paths"])
    assert [name for name in openapi()["components"]["headers"] if f'"#/components/headers/{name}"' not in text] == []


def test_each_refusal_names_its_operation_and_may_be_that_of_a_dry_run() -> None:
    for route in ROUTES:
        said = _said(route.path, route.method)
        assert {"400", "500"} <= said.keys(), route.path
        for status, response in said.items():
            assert NAMED in response["headers"], (route.path, status)
            if status[0] in "45":
                dry_run = bound(route).changes and status not in WITHOUT_DRY_RUN
                assert ("Dry-Run" in response["headers"]) == dry_run, (route.path, status)


async def test_the_refusal_of_a_dry_run_says_that_it_is_one(acme: Org) -> None:
    order = await new_order(acme)
    one, dry_run = f"/api/v1/orders/{order['publicId']}", {"Dry-Run": "true"}
    weak = acme.holding(await acme.new_key("agents:write"))
    tool = {"name": "x", "model": "test", "instructions": "x", "tools": [{"operation": "GetOrder"}]}
    many: list[tuple[Org, str, str, str, dict[str, Any], dict[str, str], int]] = [
        (acme, "PUT", one, "/api/v1/orders/{publicId}", {"status": "COMPLETED"}, {}, 409),
        (acme, "PUT", one, "/api/v1/orders/{publicId}", {"notes": "x"}, {"If-Match": '"9"'}, 412),
        (acme, "PUT", one, "/api/v1/orders/{publicId}", {"assigneeIds": ["member_x"]}, {}, 400),
        (acme, "PUT", f"{one}x", "/api/v1/orders/{publicId}", {"notes": "x"}, {}, 404),
        (weak, "POST", "/api/v1/agents/definitions", "/api/v1/agents/definitions", tool, {}, 403),
    ]
    for org, method, path, route, body, beside, status in many:
        answer = await org.http.request(method, path, json=body, headers=dry_run | beside)
        assert (answer.status_code, answer.headers.get("dry-run")) == (status, "true"), answer.text
        assert _undocumented(answer, route) == set()


async def test_what_is_refused_before_its_endpoint_names_the_operation(acme: Org) -> None:
    twice = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    answer = await acme.http.post("/api/v1/clients", json={}, headers=twice)
    assert (answer.status_code, answer.headers[NAMED]) == (400, "CreateClient")
    assert _undocumented(answer, "/api/v1/clients") == set()


async def _broken(*_: Any) -> Any:
    raise RuntimeError("broken")


async def _slow(*_: Any) -> Any:
    await asyncio.sleep(60)


@pytest.mark.parametrize(("given", "status"), [(_broken, 500), (_slow, 503)])
async def test_what_ends_outside_of_its_endpoint_names_the_operation(
    backends: Backends, api_runtime: Runtime, monkeypatch: pytest.MonkeyPatch, given: Any, status: int
) -> None:
    monkeypatch.setattr(RestEndpoint, "_given", given)
    async with serving(settings_of(backends, request_timeout_s=0.2)) as base:
        org = await make_org(api_runtime, base)
        async with org.http:
            answer = await org.http.get("/api/v1/clients")
    assert (answer.status_code, answer.headers[NAMED]) == (status, "ListClients"), answer.text
    assert _undocumented(answer, "/api/v1/clients") == set()
