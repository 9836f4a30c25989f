"""Tasks as a client of the library knows them: it says so, is given tasks in place of results, and polls them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

import httpx2
from mcp.client import Client
from mcp.client.extension import ClaimContext, ClientExtension, ResultClaim
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, Request, RequestParams, Result
from pydantic import ConfigDict

from server.mcp.tasks import EXTENSION
from tests.support.api import Org


class Task(Result):
    """A task that was started, and what else a server says of it."""

    model_config = ConfigDict(extra="allow")
    result_type: Literal["task"] = "task"
    task_id: str


class _Params(RequestParams):
    task_id: str


class _Asks(Request[_Params, str]):
    name_param = "taskId"


class _Found(Result):
    model_config = ConfigDict(extra="allow")


class _Tasks(ClientExtension):
    identifier = EXTENSION

    def claims(self) -> Sequence[ResultClaim[Any]]:
        """Take tasks in place of results."""
        return (ResultClaim(result_type="task", model=Task, resolve=self._resolve),)

    async def _resolve(self, task: Task, ctx: ClaimContext) -> CallToolResult:
        raise AssertionError("tests poll tasks themselves, and never have a call wait for one")


@asynccontextmanager
async def knowing_tasks(org: Org) -> AsyncIterator[Client]:
    """The library's client with the organization's key, which knows tasks, for the block."""
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {org.key}"}, timeout=60) as http,
        Client(streamable_http_client(f"{org.http.base_url}/mcp", http_client=http), extensions=[_Tasks()]) as client,
    ):
        yield client


async def started(client: Client, name: str, arguments: dict[str, Any]) -> str:
    """The ID of the task that a tool starts."""
    made = await client.session.call_tool(name, arguments, allow_claimed=True)
    assert isinstance(made, Task), made
    return made.task_id


async def asked(client: Client, verb: str, task: str) -> dict[str, Any]:
    """The result of ``tasks/<verb>``."""
    request = _Asks(method=f"tasks/{verb}", params=_Params(task_id=task))
    return (await client.session.send_request(request, _Found)).model_dump(by_alias=True, mode="json")
