"""Submissions whose client others make and delete in the meantime, each on a connection of its own."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest

from models.actors import ActorKind, Source
from resolvers.actor import Actor
from resolvers.context import Context, Row
from resolvers.database.sql import Sql
from resolvers.errors import Refusal
from resolvers.forms.submitting import TRIES, submit
from tests.support.api import Org, new_client
from tests.support.forms import ADA, CLIENT, new_form, nobody, path_of, submitted

WAITING = "select count(*) from pg_locks where not granted"


async def test_a_client_that_is_being_deleted_is_made_anew(acme: Org) -> None:
    form, client = await new_form(acme, onSubmit=CLIENT), await new_client(acme, email=ADA["email"])
    async with nobody(acme) as http:
        async with acme.runtime.bound(acme.id) as connection:
            await connection.fetch("delete from clients")
            sent = asyncio.create_task(http.post(path_of(form), json=ADA))
            while not await connection.fetchval(WAITING):  # noqa: ASYNC110 - another server's state has no event
                await asyncio.sleep(0.01)
        assert (await sent).status_code == 201
    (kept,) = await submitted(acme, form)
    assert kept["clientId"] not in (None, client["publicId"])
    assert (await acme.http.get(f"/api/v1/clients/{kept['clientId']}")).json()["data"]["email"] == ADA["email"]
    assert await acme.count("clients") == 1


async def test_a_deletion_waits_for_the_submission_of_the_client(acme: Org) -> None:
    form, client = await new_form(acme, onSubmit=CLIENT), await new_client(acme, email=ADA["email"])
    path = f"/api/v1/clients/{client['publicId']}"
    async with nobody(acme) as http:
        async with acme.runtime.bound(acme.id) as connection:
            # The submission has found its client, and waits for its form.
            await connection.fetch("select id from forms for update")
            sent = asyncio.create_task(http.post(path_of(form), json=ADA))
            while not await connection.fetchval(WAITING):  # noqa: ASYNC110 - another server's state has no event
                await asyncio.sleep(0.01)
            deleted = asyncio.create_task(acme.http.delete(path))
            while await connection.fetchval(WAITING) < 2 and not deleted.done():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            assert not deleted.done()
        assert ((await sent).status_code, (await deleted).status_code) == (201, 204)
    # What has a submission is archived.
    assert (await acme.http.get(path)).json()["data"]["status"] == "ARCHIVED"
    assert [each["clientId"] for each in await submitted(acme, form)] == [client["publicId"]]


@dataclass(repr=False)
class Raced(Context):
    """A context beside whose statements another connection makes and deletes the client, so many times."""

    org: Org | None = None
    times: int = 0
    raced: list[str] = field(default_factory=list)

    async def _beside(self, text: str) -> None:
        assert self.org is not None
        if text.startswith("savepoint") and self.raced.count("created") < self.times:
            await new_client(self.org, email=ADA["email"])
            self.raced.append("created")
        elif text.startswith("rollback to savepoint"):
            (row,) = (await self.org.http.get("/api/v1/clients")).json()["data"]
            assert (await self.org.http.delete(f"/api/v1/clients/{row['publicId']}")).status_code == 204
            self.raced.append("deleted")

    def fetch(self, sql: Sql, **values: Any) -> Coroutine[Any, Any, list[Row]]:
        async def fetched() -> list[Row]:
            rows = await super(Raced, self).fetch(sql, **values)
            await self._beside(sql.text)
            return rows

        return fetched()


async def _submit(org: Org, form: dict[str, Any], times: int) -> list[str]:
    public = Actor(ActorKind.PUBLIC, "public", "public", frozenset(), org.id)
    ctx = Raced(org.runtime, public, "request", Source.PUBLIC, org=org, times=times)
    async with ctx.transaction():
        await submit(ctx, {"form_id": form["publicId"], "data": ADA})
    return ctx.raced


async def test_a_client_that_another_makes_and_deletes_is_made_in_the_end(acme: Org) -> None:
    form = await new_form(acme, onSubmit=CLIENT)
    assert await _submit(acme, form, TRIES - 1) == ["created", "deleted"] * (TRIES - 1)
    (kept,) = await submitted(acme, form)
    (client,) = (await acme.http.get("/api/v1/clients")).json()["data"]
    assert kept["clientId"] == client["publicId"]


async def test_a_submission_gives_up_when_others_do_so_again_and_again(acme: Org) -> None:
    form = await new_form(acme, onSubmit=CLIENT)
    with pytest.raises(Refusal) as refused:
        await _submit(acme, form, TRIES)
    assert (refused.value.code, refused.value.status, refused.value.extra) == ("UNAVAILABLE", 503, {"retryAfter": 1})
    assert (await acme.count("submissions"), await acme.count("clients"), await acme.count("tickets")) == (0, 0, 0)
