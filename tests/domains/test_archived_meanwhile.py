"""A client that is archived or deleted while a subscription of it is created: one of both is refused."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import pytest

from resolvers import clients, organizations
from resolvers.collections.rows import Key
from resolvers.subscriptions import mutations as subscriptions
from tests.support.api import Org, new_client, new_service
from tests.support.refusals import problem, unchanged
from tests.support.subscriptions import MONTHLY, PATH

T = TypeVar("T")
WAITING = "select count(*) from pg_locks where not granted"
WAYS = pytest.mark.parametrize("way", ["DELETE", "PATCH"])


async def waits(org: Org, answer: Awaitable[T]) -> asyncio.Task[T]:
    """A request, once it waits for a lock."""
    sent = asyncio.ensure_future(answer)
    async with org.runtime.bound(org.id) as connection:
        while not sent.done() and not await connection.fetchval(WAITING):  # noqa: ASYNC110 - another server's state has no event
            await asyncio.sleep(0.01)
    assert isinstance(sent, asyncio.Task)
    return sent


async def with_history(org: Org) -> tuple[str, str]:
    """A client that is archived by its deletion, as it has a ticket, and a service to subscribe to."""
    client = (await new_client(org))["publicId"]
    answer = await org.http.post("/api/v1/tickets", json={"subject": "Hello", "clientId": client})
    assert answer.status_code == 201
    return client, (await new_service(org, **MONTHLY))["publicId"]


@WAYS
async def test_a_client_is_not_archived_while_a_subscription_begins(acme: Org, way: str) -> None:
    client, service = await with_history(acme)
    path = f"/api/v1/clients/{client}"
    body = {"status": "ARCHIVED"} if way == "PATCH" else None
    ctx = organizations.command_line(acme.runtime, acme.id)
    async with ctx.transaction():
        await subscriptions.create(ctx, {"client_id": client, "service_id": service, "quantity": 1})
        sent = await waits(acme, acme.http.request(way, path, json=body))
        assert not sent.done()
    field = "body.status" if way == "PATCH" else "path.publicId"
    (refused,) = problem(await sent, 409, "CONFLICT", field)["errors"]
    assert refused["code"] == "HAS_SUBSCRIPTIONS"
    assert (await acme.http.get(path)).json()["data"]["status"] == "LEAD"


@WAYS
async def test_no_subscription_begins_while_its_client_is_archived(acme: Org, way: str) -> None:
    client, service = await with_history(acme)
    ctx = organizations.command_line(acme.runtime, acme.id)
    async with ctx.transaction():
        if way == "DELETE":
            await clients.remove(ctx, Key(client))
        else:
            await clients.change(ctx, Key(client), {"status": "ARCHIVED"})
        given = {"clientId": client, "serviceId": service}
        sent = await waits(acme, acme.http.post(PATH, json=given))
        assert not sent.done()
    async with unchanged(acme):
        problem(await sent, 400, "BAD_INPUT", "body.clientId")
    assert await acme.count("subscriptions") == 0


async def test_several_subscriptions_of_a_client_begin_at_once(acme: Org) -> None:
    client, service = await with_history(acme)
    ctx = organizations.command_line(acme.runtime, acme.id)
    async with ctx.transaction():
        await subscriptions.create(ctx, {"client_id": client, "service_id": service, "quantity": 1})
        answer = await acme.http.post(PATH, json={"clientId": client, "serviceId": service})
        assert answer.status_code == 201
    assert await acme.count("subscriptions") == 2
