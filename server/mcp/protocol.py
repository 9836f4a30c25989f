"""MCP as the library speaks it. Only here it is imported."""

import logging
import sys
from collections.abc import Mapping
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

import orjson
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    RequestParams,
    TextContent,
    Tool,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from resolvers.database.loaded import MAX_BYTES
from schema.declaration.json_schema import JsonSchema
from schema.requests.results import OperationResult
from schema.requests.tools import OFFERED
from server.mcp.exchange import EXCHANGE, Exchange
from server.mcp.tasks import COMPLETED, EXTENSION, STARTING, WORKING, TaskType, failure_of, is_known, task, type_of_task
from server.mcp.tools import tool, tools_of
from web.dry_run import PARAMETER

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
    )
    server.extensions[EXTENSION] = {}
    server.add_request_handler("tools/call", CallToolRequestParams, _call)
    for method, handler in (("get", _get_task), ("cancel", _cancel_task), ("update", _update_task)):
        server.add_request_handler(f"tasks/{method}", _TaskParams, handler)
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


async def _call(ctx: ServerRequestContext[Any, Any], params: CallToolRequestParams) -> CallToolResult | dict[str, Any]:
    if params.name not in _TOOLS:
        raise MCPError(INVALID_PARAMS, f"There is no tool {params.name}.")
    result = await _exchange(ctx).call(params.name, params.arguments or {})
    task_type = STARTING.get(params.name) if _knows_tasks(ctx) else None
    if task_type is None or result.errors or result.data is None or result.dry_run is not None:
        return _shown(result)
    return task(result.data[task_type.root][task_type.name]) | {"resultType": "task"}


class _TaskParams(RequestParams):
    task_id: str


def _knows_tasks(ctx: ServerRequestContext[Any, Any]) -> bool:
    """Return whether the client knows the extension, which older revisions do not have."""
    return ctx.protocol_version in MODERN_PROTOCOL_VERSIONS and is_known(ctx.params)


async def _task_of(ctx: ServerRequestContext[Any, Any], task_id: str) -> tuple[TaskType, Any]:
    """Return the type of a task and its object. Raises MCPError where there is none, or it may not be looked up."""
    if not _knows_tasks(ctx):
        needed: dict[str, Any] = {"requiredCapabilities": {"extensions": {EXTENSION: {}}}}
        message = "Tasks are for clients that declare support for them."
        raise MCPError(MISSING_REQUIRED_CLIENT_CAPABILITY, message, needed)
    task_type = type_of_task(task_id)
    found = None if task_type is None else await _data(ctx, task_type.get, {"id": task_id})
    if task_type is None or found is None or found[task_type.name] is None:
        raise MCPError(INVALID_PARAMS, "There is no such task.")
    return task_type, found[task_type.name]


async def _data(ctx: ServerRequestContext[Any, Any], name: str, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the data of an operation. Raises MCPError where it is refused."""
    result = await _exchange(ctx).call(name, arguments)
    if result.errors:
        first = result.errors[0]
        ours = result.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        raise MCPError(INTERNAL_ERROR if ours else INVALID_REQUEST, first["message"], first["extensions"])
    return result.data


async def _get_task(ctx: ServerRequestContext[Any, Any], params: _TaskParams) -> dict[str, Any]:
    task_type, found = await _task_of(ctx, params.task_id)
    made, failure = task(found), failure_of(found)
    if made["status"] == COMPLETED:
        result = OperationResult(task_type.data(found)) if failure is None else _failed(failure)
        made["result"] = _shown(result).model_dump(by_alias=True, mode="json", exclude_none=True)
    return made


def _failed(failure: Mapping[str, str]) -> OperationResult:
    """Return the result of what failed: nothing else of it stays as it is when it is retried."""
    return OperationResult(None, [{"message": failure["message"], "extensions": {"code": failure["code"]}}])


async def _cancel_task(ctx: ServerRequestContext[Any, Any], params: _TaskParams) -> dict[str, Any]:
    """Cancel a task, where that is possible: the protocol has it as a wish. One that has ended stays as it is, and what
    was retried goes on."""
    task_type, found = await _task_of(ctx, params.task_id)
    if task_type.cancel is not None and task(found)["status"] == WORKING:
        await _data(ctx, task_type.cancel, {"input": {"id": params.task_id}})
    return {}


async def _update_task(ctx: ServerRequestContext[Any, Any], params: _TaskParams) -> dict[str, Any]:
    """Take answers to what was asked of the client, which is nothing."""
    await _task_of(ctx, params.task_id)
    return {}


def _shown(result: OperationResult) -> CallToolResult:
    """Return the result of an operation as that of a tool. Errors are text alone: they are no data of the operation."""
    # A caller has no document in which a location would be.
    errors = [{name: value for name, value in error.items() if name != "locations"} for error in result.errors or ()]
    shown: Any = {"errors": errors} if errors else result.data
    text = orjson.dumps(shown)
    # Once as it is and once as a text, in which each quotation mark and each backslash takes a second byte.
    if not errors and 2 * len(text) + text.count(b'"') + text.count(b"\\") > MAX_BYTES:
        text = b"The result is too long to be repeated here: it is the structured content."
    return CallToolResult(
        content=[TextContent(type="text", text=text.decode())],
        structured_content=None if result.errors else result.data,
        is_error=bool(result.errors),
        _meta=None if result.dry_run is None else {PARAMETER: result.dry_run},
    )
