"""Clients of MCP: the library's own, over real HTTP, and messages that are written by hand."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any

import httpx
import httpx2
import orjson
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent

from tests.support.api import Org

NEWEST, OLDER = "2026-07-28", "2025-06-18"
# How the library's client connects: by discovery, as the newest revision has it, and by the handshake of those before.
MODES = ("auto", "legacy")
JSON_AND_STREAM = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
_META = {
    "io.modelcontextprotocol/protocolVersion": NEWEST,
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
_NONE: Mapping[str, str] = MappingProxyType({})


@asynccontextmanager
async def connected(org: Org, mode: str = MODES[0]) -> AsyncIterator[Client]:
    """The library's client with the organization's key, for the block."""
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {org.key}"}, timeout=60) as http,
        Client(streamable_http_client(f"{org.http.base_url}/mcp", http_client=http), mode=mode) as client,
    ):
        yield client


async def listed(client: Client) -> dict[str, Any]:
    """The tools that a client sees, by their names."""
    return {tool.name: tool for tool in (await client.list_tools()).tools}


def answer_of(result: Any) -> dict[str, Any]:
    """The data of a call that must succeed, which its text has too."""
    assert isinstance(result, CallToolResult)
    (text,) = result.content
    assert isinstance(text, TextContent)
    assert not result.is_error, text.text
    assert orjson.loads(text.text) == result.structured_content
    found: dict[str, Any] = result.structured_content
    return found


def errors_of(result: Any) -> list[dict[str, Any]]:
    """The errors of a call that must fail."""
    assert isinstance(result, CallToolResult)
    (text,) = result.content
    assert isinstance(text, TextContent)
    assert (result.is_error, result.structured_content) == (True, None), text.text
    found: list[dict[str, Any]] = orjson.loads(text.text)["errors"]
    assert [error for error in found if "locations" in error] == []
    return found


def codes_of(result: Any) -> list[tuple[str, str | None]]:
    """The code and field of each error of a call that must fail."""
    return [(each["extensions"]["code"], each["extensions"].get("field")) for each in errors_of(result)]


def message(method: str, revision: str = NEWEST, **params: Any) -> dict[str, Any]:
    """A request of JSON-RPC."""
    given = params | {"_meta": _META | params.get("_meta", {})} if revision == NEWEST else params
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": given}


def heads(sent: Any, revision: str = NEWEST) -> dict[str, str]:
    """The headers of a message: those of the newest revision say what is in it."""
    found = JSON_AND_STREAM | {"MCP-Protocol-Version": revision}
    if revision == NEWEST and isinstance(sent, dict):
        found["Mcp-Method"] = sent["method"]
        if "name" in sent["params"]:
            found["Mcp-Name"] = sent["params"]["name"]
    return found


async def post(
    org: Org, method: str, revision: str = NEWEST, headers: Mapping[str, str] = _NONE, **params: Any
) -> httpx.Response:
    """POST a request."""
    sent = message(method, revision, **params)
    return await org.http.post("/mcp", json=sent, headers=heads(sent, revision) | dict(headers))


async def call(
    org: Org, name: str, arguments: Any, revision: str = NEWEST, headers: Mapping[str, str] = _NONE
) -> httpx.Response:
    """POST a call of a tool."""
    return await post(org, "tools/call", revision, headers, name=name, arguments=arguments)


def refused(answer: httpx.Response) -> list[tuple[str, str | None]]:
    """The code and field of each error of a call by hand that must fail."""
    assert answer.status_code == 200, answer.text
    return codes_of(CallToolResult.model_validate(answer.json()["result"]))


def failed(answer: httpx.Response, status: int, code: int) -> dict[str, Any]:
    """The error of an answer that must be this one of JSON-RPC."""
    body = answer.json()
    assert (answer.status_code, body["error"]["code"]) == (status, code), answer.text
    found: dict[str, Any] = body["error"]
    return found
