"""Subscriptions over WebSockets: the protocol's rules, each with its close code, and what is heard."""

import asyncio
import logging
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from server.live.live import Live
from tests.support.api import Org, new_client
from tests.support.refusals import unchanged
from tests.support.sockets import socket

EVENTS = "subscription { events { id type resourceId } }"
CREATE = 'mutation { createClient(input: {name: "Ada", email: "ada@example.com"}) { client { id } } }'


async def test_what_happens_is_heard(acme: Org, api: str) -> None:
    async with socket(api) as connection:
        await connection.init(acme.key)
        await connection.send({"type": "ping"})
        assert await connection.next() == {"type": "pong"}
        await connection.subscribe("1", EVENTS)
        await connection.subscribe("2", "{ viewer { key { name } } }")
        answered = await connection.next()
        assert (answered["id"], answered["type"]) == ("2", "next")
        assert answered["payload"]["data"] == {"viewer": {"key": {"name": "test"}}}
        assert await connection.next() == {"id": "2", "type": "complete"}
        # The protocol does not say when a subscription has begun: until it hears, something happens.
        made, hearing = [await new_client(acme)], asyncio.create_task(connection.next())
        while not (await asyncio.wait({hearing}, timeout=0.5))[0]:
            made.append(await new_client(acme))
        heard = hearing.result()
        assert (heard["id"], heard["type"]) == ("1", "next")
        event = heard["payload"]["data"]["events"]
        assert event["resourceId"] in [client["publicId"] for client in made]
        assert heard["payload"]["extensions"]["event"]["id"] == event["id"]


async def test_an_error_of_ours_ends_its_operation_alone(
    acme: Org, api: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with socket(api) as connection:
        await connection.init(acme.key)
        with monkeypatch.context() as patched:
            patched.setattr(Live, "open", _broken)
            await connection.subscribe("1", EVENTS)
            failed = await connection.next()
        assert (failed["id"], failed["type"]) == ("1", "error")
        assert [each["extensions"]["code"] for each in failed["payload"]] == ["INTERNAL"]
        # Its id is free, and the connection goes on.
        await connection.subscribe("1", "{ viewer { key { name } } }")
        assert (await connection.next())["payload"]["data"] == {"viewer": {"key": {"name": "test"}}}
    printed = capsys.readouterr()
    assert "out of order" in printed.out + printed.err


async def _broken(*_given: Any) -> None:
    raise RuntimeError("out of order")


EARLY = "At most 20 messages of 8192 bytes in all may come before connection_ack"
SUBSCRIBE = {"id": "1", "type": "subscribe", "payload": {"query": EVENTS}}


@pytest.mark.parametrize(
    ("messages", "code", "reason"),
    [
        (["{"], 4400, "A message must be JSON"),
        ([b"{}"], 4400, "A message must be text"),
        ([[]], 4400, "A message must be an object with a type"),
        ([{"type": 1}], 4400, "A message must be an object with a type"),
        ([{"type": "start"}], 4400, "Unknown message type"),
        ([{"type": "connection_init", "payload": []}], 4400, "The payload of connection_init must be an object"),
        (
            [{"type": "connection_init", "payload": {"authorization": 1}}],
            4400,
            "Authorization must be a string: Bearer sk_live_…",
        ),
        ([{"type": "connection_init"}], 4403, "An API key is required: Authorization: Bearer sk_live_…."),
        ([SUBSCRIBE], 4401, "Unauthorized"),
        ([{"type": "ping", "payload": {"text": "x" * 8_192}}], 4400, EARLY),
        ([{"type": "pong", "payload": {"text": "x" * 4_096}}] * 2, 4400, EARLY),
        ([{"type": "pong"}] * 21, 4400, EARLY),
    ],
)
async def test_a_first_message_that_is_wrong_ends_the_connection(
    api: str, messages: list[Any], code: int, reason: str
) -> None:
    async with socket(api) as connection:
        for message in messages:
            await connection.send(message)
        assert await connection.closed() == (code, reason)


@pytest.mark.parametrize(
    ("message", "code", "reason"),
    [
        ({"type": "connection_init"}, 4429, "Too many initialisation requests"),
        (SUBSCRIBE, 4409, "Subscriber for 1 already exists"),
        (SUBSCRIBE | {"id": ""}, 4400, "The id must be a string of 1 to 255 characters"),
        (SUBSCRIBE | {"id": "2", "payload": {}}, 4400, "The payload of subscribe must have a query"),
        ({"type": "complete", "id": []}, 4400, "The id must be a string of 1 to 255 characters"),
        ("x" * 1_000_000, 1009, ""),
    ],
)
async def test_a_later_message_that_is_wrong_ends_the_connection(
    acme: Org, api: str, message: Any, code: int, reason: str
) -> None:
    async with socket(api) as connection:
        await connection.init(acme.key)
        await connection.send(SUBSCRIBE)
        await connection.send(message)
        found = await connection.closed()
        assert found[0] == code
        assert found[1] == reason or code == 1009


CHANGE = "mutation($input: UpdateOrgSettingsInput!) { updateOrgSettings(input: $input) { orgSettings { version } } }"


@pytest.mark.parametrize("number", ["1e400", "-1e400", "9" * 400], ids=["1e400", "-1e400", "400 digits"])
async def test_a_number_beyond_a_double_is_not_null(acme: Org, api: str, number: str) -> None:
    """Null would reset the setting."""
    await acme.data(CHANGE, input={"values": {"invoices.dueDays": 3}})
    variables = f'{{"input": {{"values": {{"invoices.dueDays": {number}}}}}}}'
    sent = f'{{"id": "1", "type": "subscribe", "payload": {{"query": "{CHANGE}", "variables": {variables}}}}}'
    async with socket(api) as connection, unchanged(acme):
        await connection.init(acme.key)
        await connection.send(sent)
        (found,) = (await connection.next())["payload"]["errors"]
    assert (found["extensions"]["field"], found["extensions"]["reason"]) == (
        "input.values.invoices.dueDays", "OUT_OF_RANGE",
    )  # fmt: skip


@pytest.mark.parametrize("levels", [100, 300, 1_000])
async def test_a_nested_payload_is_refused_alone(acme: Org, api: str, levels: int) -> None:
    values = '{"a":' * levels + "1" + "}" * levels
    payload = f'{{"query": "{CHANGE}", "variables": {{"input": {{"values": {values}}}}}}}'
    async with socket(api) as connection, unchanged(acme):
        await connection.init(acme.key)
        await connection.send(f'{{"id": "1", "type": "subscribe", "payload": {payload}}}')
        refused = await connection.next()
        (found,) = refused["payload"]
        assert (refused["type"], found["extensions"]["reason"], found["extensions"]["limit"]) == (
            "error",
            "TOO_LONG",
            60,
        )
        await connection.subscribe("2", "{ health { status } }")
        assert (await connection.next())["payload"]["data"] == {"health": {"status": "ok"}}


async def test_a_hundred_operations_are_the_most(acme: Org, api: str) -> None:
    async with socket(api) as connection:
        await connection.init(acme.key)
        for number in range(101):
            await connection.subscribe(str(number), EVENTS)
        refused = await connection.next()
        assert (refused["id"], refused["type"]) == ("100", "error")
        assert refused["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
        await connection.send({"id": "0", "type": "complete"})
        await connection.subscribe("100", "{ health { status } }")
        assert (await connection.next())["payload"]["data"] == {"health": {"status": "ok"}}


# Frames without content: of a text, without its end; the next part; a ping and a pong.
FIRST, MORE, PING, PONG = (bytes([kind, 128, 0, 0, 0, 0]) for kind in (0x01, 0x00, 0x89, 0x8A))


@pytest.mark.parametrize("known", [False, True], ids=["no key", "key"])
@pytest.mark.parametrize(("first", "again"), [(FIRST, MORE), (b"", PING), (b"", PONG)], ids=["parts", "pings", "pongs"])
async def test_frames_without_end_end_the_connection(
    acme: Org, api: str, first: bytes, again: bytes, *, known: bool
) -> None:
    async with socket(api) as connection:
        if known:
            await connection.init(acme.key)
        connection.connection.transport.write(first + again * 100_000)
        # Of them 500 are read.
        assert await connection.closed() == (1008, "Too many frames")


async def test_frames_within_the_bound_change_nothing(acme: Org, api: str) -> None:
    async with socket(api) as connection:
        connection.connection.transport.write((PING + PONG) * 245)
        await connection.init(acme.key)
        await connection.send({"type": "ping"})
        assert await connection.next() == {"type": "pong"}


async def test_what_is_refused_is_an_error_of_its_operation(acme: Org, api: str) -> None:
    async with socket(api) as connection:
        await connection.init(await acme.new_key("clients:read"))
        await connection.subscribe("1", "subscription { orderUpdated { id } }")
        refused = await connection.next()
        assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", "FORBIDDEN")
        await connection.subscribe("1", CREATE)
        refused = await connection.next()
        assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", "FORBIDDEN")
        await connection.subscribe("1", "{ nothing }")
        refused = await connection.next()
        assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", "GRAPHQL_VALIDATION_FAILED")
    assert await acme.count("clients") == 0


async def test_a_page_of_another_origin_opens_nothing(api: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with socket(api, origin="https://evil.example"):
            pass
    assert refused.value.response.status_code == 403
    assert not [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR]
    async with socket(api, origin=api) as connection:
        await connection.send("{")
        assert (await connection.closed())[0] == 4400


async def test_another_subprotocol_is_not_acceptable(api: str) -> None:
    async with socket(api, protocol="graphql-ws") as connection:
        assert await connection.closed() == (4406, "Subprotocol not acceptable")
