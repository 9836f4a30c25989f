"""MCP as the library speaks it. Only here it is imported."""

import logging
import sys
from importlib.metadata import version
from typing import Any

import orjson
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
)

from schema.declaration.json_schema import JsonSchema
from schema.requests.results import OperationResult
from schema.requests.tools import OFFERED
from server.mcp.exchange import EXCHANGE, Exchange
from server.mcp.tools import tool, tools_of

INSTRUCTIONS = """
Counterfoil is the back office of a service business: clients, services, orders, invoices, tickets, subscriptions,
forms, reports and AI agents. Each tool is an operation of its API, and the API key decides which ones there are.
Objects are named by IDs such as client_01h455vb4pex5vsknk084sn02q, which results have as publicId: make none up.
Amounts of money are in the smallest unit of their currency. Lists have pages: give pageInfo.endCursor as after.
CreateReport and QueueAgentJob start what takes a while: call GetReport or GetAgentJob with the new publicId every few
seconds until its status does not change any more. A report ends as READY or FAILED, a job as SUCCEEDED, FAILED or
CANCELLED; one that is AWAITING_APPROVAL or AWAITING_INPUT waits for a person.
A call that fails says why, with a code, and the field of a wrong value. After RATE_LIMITED wait for retryAfter seconds.
"""
_TOOLS = {name: Tool.model_validate(tool(name)) for name in OFFERED}
# What a key may do seldom changes; it is nobody else's business.
_LIST = CacheHint(ttl_ms=60_000, scope="private")


def manager() -> StreamableHTTPSessionManager:
    """Return what handles requests: each by itself, answered by JSON."""
    # Its other lines tell of each request, which has one of our own.
    logging.getLogger("mcp").setLevel(logging.WARNING)
    server = Server[Any](
        "counterfoil",
        title="Counterfoil",
        version=version("counterfoil"),
        instructions=" ".join(INSTRUCTIONS.split()),
        cache_hints={"tools/list": _LIST},
        get_tool_input_schema=_input_schema,
        on_list_tools=_list,
        on_call_tool=_call,
    )
    # Bodies are bounded before; of two bounds a client would meet the one that names no setting.
    return StreamableHTTPSessionManager(server, json_response=True, stateless=True, max_request_body_size=sys.maxsize)


def _input_schema(name: str) -> JsonSchema | None:
    return _TOOLS[name].input_schema if name in _TOOLS else None


def _exchange(ctx: ServerRequestContext[Any, Any]) -> Exchange:
    request: Any = ctx.request
    found: Exchange = request.scope[EXCHANGE]
    return found


async def _list(ctx: ServerRequestContext[Any, Any], _params: PaginatedRequestParams | None) -> ListToolsResult:
    return ListToolsResult(tools=[_TOOLS[name] for name in tools_of(_exchange(ctx).actor)])


async def _call(ctx: ServerRequestContext[Any, Any], params: CallToolRequestParams) -> CallToolResult:
    if params.name not in _TOOLS:
        raise MCPError(INVALID_PARAMS, f"There is no tool {params.name}.")
    return _shown(await _exchange(ctx).call(params.name, params.arguments or {}))


def _shown(result: OperationResult) -> CallToolResult:
    """Return the result of an operation as that of a tool. Errors are text alone: they are no data of the operation."""
    shown: Any = {"errors": result.errors} if result.errors else result.data
    return CallToolResult(
        content=[TextContent(type="text", text=orjson.dumps(shown).decode())],
        structured_content=None if result.errors else result.data,
        is_error=bool(result.errors),
    )
