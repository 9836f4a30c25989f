"""Live views whose access token expires: their connections end so that clients come back with another one."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from models.typeid import encode
from resolvers.api_keys import verification
from resolvers.api_keys.verification import key_id_of
from tests.support.api import Org, new_client
from tests.support.live import following
from tests.support.sockets import socket
from tests.support.tokens import new_member, token_of

ALL = "subscription($after: ID) { events(after: $after) { id type } }"
CLOSED = (4403, "The access token has expired: get another one.")


async def test_connections_end_without_errors_and_another_token_goes_on(
    acme: Org, api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, member, now = key_id_of(acme.key), await new_member(acme, "ADMIN"), datetime.now(UTC)
    assert own is not None
    token, renewed = token_of(acme, own, member, now + timedelta(hours=1)), token_of(acme, own, member)
    await new_client(acme)
    (first,) = [
        encode("event", row["id"]) for row in await acme.rows("select id from events where type like 'client%'")
    ]
    await new_client(acme)
    async with (
        following(acme.holding(token), ALL, after=first) as stream, socket(api) as connection, socket(api) as silent,
    ):  # fmt: skip
        await silent.init(token)
        await connection.init(token)
        for key in ("1", "2"):
            await connection.subscribe(key, ALL, after=first)
        last = (await stream.next()).id
        assert {(await connection.next())["id"] for _ in range(2)} == {"1", "2"}
        monkeypatch.setattr(verification, "datetime", SimpleNamespace(now=lambda _: now + timedelta(hours=2)))
        with pytest.raises(EOFError):
            await stream.next()
        assert await connection.closed() == CLOSED
        assert await silent.closed() == CLOSED
    await new_client(acme)
    async with following(acme.holding(renewed), ALL, after=last) as stream, socket(api) as connection:
        await connection.init(renewed)
        await connection.subscribe("1", ALL, after=last)
        event = (await stream.result())["events"]
        assert (await connection.next())["payload"]["data"]["events"] == event
    assert event["type"] == "client.created"
