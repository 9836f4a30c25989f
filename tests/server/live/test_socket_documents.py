"""What an upgrade to a WebSocket says of all its operations, and operations that name a document in place of a text."""

from typing import Any

import orjson
import pytest
from websockets.exceptions import InvalidStatus

from tests.support.api import Org, new_client
from tests.support.documents import CLIENTS, add, automatic, held_to_documents
from tests.support.refusals import unchanged
from tests.support.sockets import Socket, socket

EVENTS = "subscription { events { type } }"
CREATE = 'mutation { createClient(input: {name: "Ada", email: "ada@example.com"}) { client { version } } }'


async def answered(connection: Socket, **payload: Any) -> Any:
    """The answer to an operation: its data, or the code of its error."""
    await connection.send({"id": "x", "type": "subscribe", "payload": payload})
    answer = await connection.next()
    if answer["type"] == "error":
        return answer["payload"][0]["extensions"]["code"]
    assert await connection.next() == {"id": "x", "type": "complete"}
    return answer["payload"]["data"]


async def test_a_key_that_is_held_to_documents(acme: Org, api: str) -> None:
    await add(acme, clients=CLIENTS, live=EVENTS)
    limited = await held_to_documents(acme, "clients:read")
    found = {"clients": {"totalCount": 0, "nodes": []}}
    for key in (limited.key, acme.key):
        async with socket(api) as connection:
            await connection.init(key)
            assert await answered(connection, documentId="clients") == found
            assert await answered(connection, extensions=automatic(CLIENTS)) == found
            assert await answered(connection, documentId="nobody's") == "BAD_INPUT"
            assert await answered(connection, documentId="nobodys") == "DOCUMENT_NOT_FOUND"
            assert await answered(connection, documentId=1) == "BAD_INPUT"
            assert await answered(connection, extensions=automatic(CREATE)) == "PERSISTED_QUERY_NOT_FOUND"
    async with socket(api) as connection:
        await connection.init(limited.key)
        for text in (CREATE, CLIENTS, EVENTS):
            assert await answered(connection, query=text) == "FORBIDDEN"
        await connection.send({"id": "1", "type": "subscribe", "payload": {"documentId": "live"}})
        assert await answered(connection, documentId="clients") == found
        await new_client(acme)
        assert (await connection.next())["payload"]["data"] == {"events": {"type": "client.created"}}


async def test_changes_on_a_connection_are_tried(acme: Org, api: str) -> None:
    async with unchanged(acme), socket(api, dry_run="true") as connection:
        assert connection.connection.response is not None
        assert connection.connection.response.headers["dry-run"] == "true"
        await connection.init(acme.key)
        for _ in range(2):
            await connection.subscribe("1", CREATE)
            tried = (await connection.next())["payload"]
            assert tried["data"] == {"createClient": {"client": {"version": 1}}}
            assert tried["extensions"]["dryRun"]["events"] == ["client.created"]
            assert (await connection.next())["type"] == "complete"
    async with socket(api, dry_run="false") as connection:
        assert connection.connection.response is not None
        assert "dry-run" not in connection.connection.response.headers
        await connection.init(acme.key)
        assert await answered(connection, query=CREATE) == {"createClient": {"client": {"version": 1}}}
    assert await acme.count("clients") == 1


@pytest.mark.parametrize(
    ("headers", "field", "message"),
    [
        ({"dry_run": "1"}, "header.Dry-Run", "Dry-Run must be true or false."),
        (
            {"idempotency_key": "1"},
            "header.Idempotency-Key",
            "An Idempotency-Key is of one request, and a WebSocket has many: send the change over POST.",
        ),
    ],
)
async def test_an_upgrade_is_refused_by_the_name_of_its_header(
    api: str, headers: dict[str, str], field: str, message: str
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with socket(api, **headers):
            pass
    response = refused.value.response
    (error,) = orjson.loads(response.body or b"")["errors"]
    found = error["extensions"]["code"], error["extensions"]["field"], error["message"]
    assert (response.status_code, *found) == (400, "BAD_INPUT", field, message)
