"""What an upgrade to a WebSocket says of all its operations, and operations that name a document in place of a text."""

from typing import Any
from unittest.mock import ANY

import orjson
import pytest
from websockets.exceptions import InvalidStatus

from models.documents import AppVersionStatus
from resolvers.documents import lookup
from tests.support.api import Org, new_client
from tests.support.documents import CLIENTS, add, automatic, held_to_documents
from tests.support.live import following_body
from tests.support.refusals import unchanged
from tests.support.sockets import Socket, socket
from tests.support.tokens import CREATE as CREATE_TOKEN
from tests.support.tokens import new_member

EVENTS = "subscription { events { type } }"
KEPT = "subscription { events { id } }"
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


async def test_streams_of_a_document_that_is_retired_end(acme: Org, api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # How long a text is served without another look, which with the pause between two is less than five seconds.
    monkeypatch.setattr(lookup, "SERVED_SECONDS", 0.1)
    given = {"live": EVENTS, "kept": KEPT, "token": CREATE_TOKEN}
    await add(acme, "1", AppVersionStatus.ACTIVE, **given)
    await add(acme, "2", kept=KEPT)
    limited = await held_to_documents(acme, "*")
    body = {
        "documentId": "token",
        "variables": {"input": {"memberId": await new_member(acme, "ADMIN"), "scopes": ["*"]}},
    }
    made = (await limited.http.post("/graphql", json=body)).json()["data"]["createAccessToken"]
    page = limited.holding(made["accessToken"])
    by_hash = {"documentId": f"sha256:{lookup.sha256_of(EVENTS)}"}
    async with (
        following_body(limited, {"documentId": "live"}) as one,
        following_body(limited, by_hash) as two,
        following_body(page, {"documentId": "live"}) as three,
        following_body(limited, {"documentId": "kept"}) as kept,
        following_body(acme, {"documentId": "live"}) as free,
        socket(api) as connection,
    ):
        await connection.init(limited.key)
        await connection.send({"id": "1", "type": "subscribe", "payload": {"documentId": "live"}})
        assert await answered(connection, documentId="x") == "DOCUMENT_NOT_FOUND"
        await add(acme, "1", AppVersionStatus.RETIRED, **given)
        for stream in (one, two, three):
            (error,) = (await stream.next()).data["errors"]
            assert (error["extensions"]["code"], error["extensions"]["field"]) == ("DOCUMENT_NOT_FOUND", "documentId")
            assert (await stream.next()).event == "complete"
        failed = await connection.next()
        assert (failed["type"], failed["payload"][0]["extensions"]["code"]) == ("error", "DOCUMENT_NOT_FOUND")
        # Another version has this one; and who may run any document is not held to one.
        await new_client(acme)
        assert (await kept.result()) == {"events": {"id": ANY}}
        assert (await free.result()) == {"events": {"type": "client.created"}}


async def test_changes_on_a_connection_are_tried(acme: Org, api: str) -> None:
    async with unchanged(acme), socket(api, dry_run="true") as connection:
        assert connection.connection.response is not None
        assert connection.connection.response.headers["dry-run"] == "true"
        await connection.init(acme.key)
        for _ in range(2):
            await connection.subscribe("1", CREATE)
            dry_run = (await connection.next())["payload"]
            assert dry_run["data"] == {"createClient": {"client": {"version": 1}}}
            assert dry_run["extensions"]["dryRun"]["events"] == ["client.created"]
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
            "An Idempotency-Key is for one request, and a WebSocket carries many: send the change over POST.",
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
