"""The library's own work: one message of an organization at a time, so that others' requests come in between."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from server.mcp.exchange import EXCHANGE
from tests.support.api import Org
from tests.support.mcp import NEWEST, OLDER, call, post

AT_ONCE = 5


@pytest.fixture
def most(monkeypatch: pytest.MonkeyPatch) -> Counter[UUID]:
    """How many messages of each organization the library has had at once."""
    running, found = Counter[UUID](), Counter[UUID]()
    handle = StreamableHTTPSessionManager.handle_request

    async def handled(manager: StreamableHTTPSessionManager, scope: Any, receive: Any, send: Any) -> None:
        owner = scope[EXCHANGE].actor.org_id
        running[owner] += 1
        found[owner] = max(found[owner], running[owner])
        try:
            # The others of the same moment come as far as they may.
            await asyncio.sleep(0.1)
            await handle(manager, scope, receive, send)
        finally:
            running[owner] -= 1

    monkeypatch.setattr(StreamableHTTPSessionManager, "handle_request", handled)
    return found


@pytest.mark.parametrize("revision", [NEWEST, OLDER])
async def test_lists_of_tools_are_written_one_after_another(
    acme: Org, other: Org, most: Counter[UUID], revision: str
) -> None:
    answers = await asyncio.gather(*[post(org, "tools/list", revision) for org in (acme, other) * AT_ONCE])
    assert {answer.status_code for answer in answers} == {200}
    assert most == {acme.id: 1, other.id: 1}


async def test_calls_wait_for_no_other(acme: Org, most: Counter[UUID]) -> None:
    answers = await asyncio.gather(*[call(acme, "ListClients", {}) for _ in range(AT_ONCE)])
    assert {answer.status_code for answer in answers} == {200}
    assert most[acme.id] > 1
