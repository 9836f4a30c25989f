"""MCP at its edge: keys, methods, origins, bodies, and messages that are none."""

from typing import Any

import httpx
import orjson
import pytest

from models.typeid import new_uuid
from resolvers.api_keys import verification as keys
from tests.support.api import Org, serving, settings_of
from tests.support.mcp import JSON_AND_STREAM, NEWEST, OLDER, call, failed, heads, message, post, refused
from tests.support.refusals import unchanged
from tests.support.servers import Backends

ADA = {"input": {"name": "Ada", "email": "ada@example.com"}}
ORIGIN = "https://app.example"
REVISIONS = (NEWEST, OLDER)
CREATE = message("tools/call", name="CreateClient", arguments=ADA)

REQUIRED = "An API key is required: Authorization: Bearer sk_live_…."
INVALID = "The API key is not valid: it is unknown, was revoked or has expired."


async def _refused(org: Org, key: str | None) -> None:
    """Nothing is listed or done for a key."""
    headers = {} if key is None else {"Authorization": key}
    async with httpx.AsyncClient(base_url=org.http.base_url, headers=headers) as http, unchanged(org):
        for sent in (CREATE, message("tools/list"), message("initialize", OLDER), [CREATE], {}):
            answer = await http.post("/mcp", json=sent, headers=JSON_AND_STREAM)
            error = failed(answer, 401, -32600)
            assert (answer.headers["www-authenticate"], answer.json()["id"]) == ("Bearer", None)
            assert (error["data"]["code"], error["data"]["requestId"]) == (
                "UNAUTHENTICATED", answer.headers["x-request-id"],
            )  # fmt: skip
            # The same of any key that is sent: nobody learns which ones there are.
            assert error["message"] == (REQUIRED if key in {None, "", "Bearer"} else INVALID)


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x", "Basic eDp4", "Bearer sk_live_" + "0" * 85])
async def test_a_key_that_is_none(acme: Org, header: str | None) -> None:
    await _refused(acme, header)


async def test_a_key_that_is_unknown_revoked_or_expired(acme: Org) -> None:
    await _refused(acme, f"Bearer {keys.new_key(new_uuid())}")
    for column in ("expires_at", "revoked_at"):
        key = await acme.new_key("*")
        sql = f"update api_keys set {column} = now() - interval '1 s' where last_four = $1"
        await acme.rows(sql, key[-4:])
        await _refused(acme, f"Bearer {key}")


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "PUT", "PATCH"])
async def test_another_method_is_refused_at_once(acme: Org, method: str) -> None:
    for revision in REVISIONS:
        headers = {"Accept": "text/event-stream", "MCP-Protocol-Version": revision}
        answer = await acme.http.request(method, "/mcp", headers=headers)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST, OPTIONS")
    assert (await acme.http.options("/mcp")).headers["allow"] == "POST, OPTIONS"


async def test_a_page_calls_it_only_where_its_origin_may(acme: Org, backends: Backends) -> None:
    own = str(acme.http.base_url)
    async with unchanged(acme):
        for origin in (ORIGIN, own, "null", "http://localhost", ""):
            answer = await call(acme, "CreateClient", ADA, headers={"Origin": origin})
            assert failed(answer, 403, -32600)["data"]["code"] == "FORBIDDEN"
    async with (
        serving(settings_of(backends, cors_origins=(ORIGIN,))) as base,
        httpx.AsyncClient(base_url=base, headers=acme.http.headers) as http,
    ):
        sent = message("tools/list")
        for origin, status in ((ORIGIN, 200), ("https://other.example", 403)):
            answer = await http.post("/mcp", json=sent, headers=heads(sent) | {"Origin": origin})
            assert answer.status_code == status
        names = ", ".join(name for name in heads(CREATE) if name not in JSON_AND_STREAM)
        ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": names, "Origin": ORIGIN}
        assert (await http.options("/mcp", headers=ask)).status_code == 200


# What a body is, the status, the code of JSON-RPC and ours.
BODIES: list[tuple[Any, dict[str, str], int, int, str]] = [
    (b"", {}, 400, -32600, "BAD_INPUT"),
    (b"{", {}, 400, -32700, "BAD_INPUT"),
    (b'{"a": "\xff"}', {}, 400, -32700, "BAD_INPUT"),
    (b'{"a": NaN}', {}, 400, -32700, "BAD_INPUT"),
    (b'{"jsonrpc": "2.0", "id": 1e400, "method": "ping"}', {}, 400, -32700, "BAD_INPUT"),
    (b"[" * 100_000, {}, 400, -32700, "BAD_INPUT"),
    (b"1", {}, 400, -32600, "BAD_INPUT"),
    (b"null", {}, 400, -32600, "BAD_INPUT"),
    (b"[]", {}, 400, -32600, "BAD_INPUT"),
    (b'[{"jsonrpc": "2.0", "id": 1, "method": "ping"}]', {}, 400, -32600, "BAD_INPUT"),
    (b"{}", {}, 400, -32600, "BAD_INPUT"),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": [1]}', {}, 400, -32600, "BAD_INPUT"),
    (b'{"jsonrpc": "2.0", "id": 1, "method": 7}', {}, 400, -32600, "BAD_INPUT"),
    (b'{"jsonrpc": "2.0", "id": true, "method": "ping"}', {}, 400, -32600, "BAD_INPUT"),
    (b'{"jsonrpc": "2.0", "id": 1.5, "result": {}}', {}, 400, -32600, "BAD_INPUT"),
    (b'{"jsonrpc": "2.0", "id": 1, "error": {"code": 1}}', {}, 400, -32600, "BAD_INPUT"),
    (b'{"a": [' + b",".join([b'{"a": 1}'] * 25_000) + b"]}", {}, 400, -32600, "BAD_INPUT"),
    (orjson.dumps(message("ping", OLDER, a=[1] * 251)), {}, 400, -32600, "BAD_INPUT"),
    (
        orjson.dumps(message("tools/call", OLDER, name="GetClient", arguments={}, inputResponses={"k": [{}] * 251})),
        {},
        400,
        -32600,
        "BAD_INPUT",
    ),
    (b"{}", {"Content-Type": "text/plain"}, 415, -32600, "UNSUPPORTED_MEDIA_TYPE"),
    (b"{}", {"Content-Encoding": "gzip"}, 415, -32600, "UNSUPPORTED_MEDIA_TYPE"),
    (b" " * 300_000, {}, 413, -32600, "TOO_LARGE"),
]


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize(("body", "headers", "status", "number", "code"), BODIES, ids=range(len(BODIES)))
async def test_a_body_that_is_no_message(
    acme: Org, revision: str, body: bytes, headers: dict[str, str], status: int, number: int, code: str
) -> None:
    async with unchanged(acme):
        given = JSON_AND_STREAM | {"MCP-Protocol-Version": revision} | headers
        answer = await acme.http.post("/mcp", content=body, headers=given)
        error = failed(answer, status, number)
        assert error["data"]["code"] == code
        assert (error["message"] == "The number at line 1, column 26 is out of range.") == (b"1e400" in body)


# A message, and the status and code of its error where the library words it.
MESSAGES: list[tuple[dict[str, Any], int, int]] = [
    ({}, 400, -32600),
    ({"jsonrpc": "1.0", "id": 1, "method": "ping", "params": {}}, 400, -32600),
    ({"jsonrpc": "2.0", "id": None, "method": "tools/list", "params": {}}, 400, -32600),
    ({"jsonrpc": "2.0", "id": 1, "result": {}}, 400, -32600),
    (message("tools/unheard"), 404, -32601),
    (message("resources/list"), 404, -32601),
    (message("tools/call", name="NoSuchTool", arguments={}), 400, -32602),
    (message("tools/call", name="CreateApiKey", arguments={}), 400, -32602),
    (message("tools/call", name="ApproveAgentJob", arguments={}), 400, -32602),
    (message("tools/call", name="CreateClient", arguments=[]), 400, -32602),
    # It is not what the header Mcp-Name says, which is a text.
    (message("tools/call", name=7, arguments={}), 400, -32020),
    (message("tools/call", arguments={}), 400, -32602),
]


@pytest.mark.parametrize(("sent", "status", "number"), MESSAGES, ids=range(len(MESSAGES)))
async def test_a_message_that_cannot_be_answered(acme: Org, sent: dict[str, Any], status: int, number: int) -> None:
    headers = JSON_AND_STREAM | {"MCP-Protocol-Version": NEWEST, "Mcp-Method": str(sent.get("method"))}
    if "name" in sent.get("params", {}):
        headers["Mcp-Name"] = str(sent["params"]["name"])
    async with unchanged(acme):
        failed(await acme.http.post("/mcp", json=sent, headers=headers), status, number)


async def test_a_revision_that_there_is_not_is_told_those_that_there_are(acme: Org) -> None:
    sent = message("tools/list", _meta={"io.modelcontextprotocol/protocolVersion": "2030-01-01"})
    answer = await acme.http.post("/mcp", json=sent, headers=heads(sent, "2030-01-01") | {"Mcp-Method": "tools/list"})
    assert answer.status_code == 400
    assert NEWEST in answer.text


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("levels", [250, 900, 1_020])
async def test_a_message_that_is_nested_deeply_is_refused(acme: Org, revision: str, levels: int) -> None:
    deep = b'{"not":' * levels + b"{}" + b"}" * levels
    sent = message("tools/call", revision, name="ListClients", arguments={"filter": "deep"})
    body = orjson.dumps(sent).replace(b'"deep"', deep)
    async with unchanged(acme):
        answer = await acme.http.post("/mcp", content=body, headers=heads(sent, revision))
        if answer.status_code == 200:
            assert refused(answer)[0][0] in ("BAD_INPUT", "TOO_COMPLEX")
        else:
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32700)


@pytest.mark.parametrize("revision", REVISIONS)
async def test_a_notification_is_taken(acme: Org, revision: str) -> None:
    sent = {"jsonrpc": "2.0", "method": "notifications/initialized", "params": {}}
    answer = await acme.http.post("/mcp", json=sent, headers=heads(sent, revision))
    assert (answer.status_code, answer.content) == (202, b"")


async def test_an_older_revision_is_agreed_on(acme: Org) -> None:
    for revision in ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"):
        asked = {"protocolVersion": revision, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
        answer = await acme.http.post("/mcp", json=message("initialize", OLDER, **asked), headers=JSON_AND_STREAM)
        assert answer.json()["result"]["protocolVersion"] == revision
        assert "mcp-session-id" not in answer.headers
        found = await post(acme, "tools/list", revision)
        assert len(found.json()["result"]["tools"]) > 60
