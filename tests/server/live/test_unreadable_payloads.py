"""Operations over a WebSocket whose JSON holds what no value is: each is refused alone, as over HTTP."""

from typing import Any

import pytest

from tests.support.api import Org
from tests.support.refusals import unchanged
from tests.support.sockets import socket

SEARCH = '"query": "query($q: String!) { clients(filter: {name: {contains: $q}}) { totalCount } }"'
CHANGE = (
    '"query": "mutation($input: UpdateOrgSettingsInput!) { updateOrgSettings(input: $input) { orgSettings { id } } }"'
)
# More than is read again for the place of a number.
LONG = "x" * 65_536
PAYLOADS = {
    "half a pair": f'{{{SEARCH}, "variables": {{"q": "cut \\ud83d"}}}}',
    "its second half": f'{{{SEARCH}, "variables": {{"q": "\\ude00"}}}}',
    "half a pair in a name": f'{{{SEARCH}, "variables": {{"\\ud83d": 1}}}}',
    "half a pair in the text": '{"query": "{ health { status } } # \\ud83d"}',
    "half a pair of a mutation": f'{{{CHANGE}, "variables": {{"input": {{"values": {{"a": "\\ud83d"}}}}}}}}',
    "half a pair and a number": f'{{{SEARCH}, "variables": {{"q": "\\ud83d", "n": 1e400}}}}',
    "half a pair and a long number": f'{{{SEARCH}, "variables": {{"q": "\\ud83d", "n": {"9" * 5_000}}}}}',
    "half a pair in a long text": f'{{{SEARCH}, "variables": {{"q": "{LONG}\\ud83d"}}}}',
    "a number in a long text": f'{{{SEARCH}, "variables": {{"q": "{LONG}", "n": 1e400}}}}',
}


def _subscribe(payload: str, key: str = '"1"') -> str:
    return f'{{"id": {key}, "type": "subscribe", "payload": {payload}}}'


def _told(errors: Any) -> Any:
    (found,) = errors
    return [found["extensions"].get(name) for name in ("code", "field", "reason")]


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
async def test_it_is_refused_alone(acme: Org, api: str, payload: str) -> None:
    sent = {"Content-Type": "application/json"}
    over_http = await acme.http.post("/graphql", content=payload, headers=sent)
    async with socket(api) as connection, unchanged(acme):
        await connection.init(acme.key)
        await connection.subscribe("0", "subscription { events { id } }")
        await connection.send(_subscribe(payload))
        refused = await connection.next()
        assert (refused["id"], refused["type"]) == ("1", "error")
        assert _told(refused["payload"]) == _told(over_http.json()["errors"]) == ["BAD_INPUT", "body", "INVALID_FORMAT"]
        # Its id is free again, and the other operation is under way.
        await connection.subscribe("1", "{ health { status } }")
        assert (await connection.next())["payload"]["data"] == {"health": {"status": "ok"}}
        assert await connection.next() == {"id": "1", "type": "complete"}
        await connection.subscribe("0", "{ health { status } }")
        assert await connection.closed() == (4409, "Subscriber for 0 already exists")


async def test_what_begins_no_operation_goes_on(acme: Org, api: str) -> None:
    async with socket(api) as connection:
        await connection.init(acme.key)
        await connection.send('{"type": "ping", "payload": {"text": "\\ud83d"}}')
        assert await connection.next() == {"type": "pong"}


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (_subscribe("{'q': \"\\ud83d\"}"), "A message must be JSON"),
        (_subscribe(PAYLOADS["half a pair"]) + "}", "A message must be JSON"),
        (_subscribe(f'{{{SEARCH}, "variables": {{"q": "\\ud83d", "n": NaN}}}}'), "A message must be JSON"),
        (_subscribe(f'{{{SEARCH}, "variables": {{"q": "\\ud83d", "n": {"[" * 5_000}}}'), "A message must be JSON"),
        ('["\\ud83d"]', "A message must be an object with a type"),
        ('{"type": "\\ud83d"}', "Unknown message type"),
        (
            _subscribe(PAYLOADS["half a pair"], '"\\ud83d"'),
            "The id must be a string of 1 to 255 characters",
        ),
        (_subscribe('{"variables": {"q": "\\ud83d"}}'), "The payload of subscribe must have a query"),
        (_subscribe('"\\ud83d"'), "The payload of subscribe must have a query"),
    ],
)
async def test_what_is_no_message_still_ends_the_connection(acme: Org, api: str, message: str, reason: str) -> None:
    async with socket(api) as connection:
        await connection.init(acme.key)
        await connection.send(message)
        assert await connection.closed() == (4400, reason)
