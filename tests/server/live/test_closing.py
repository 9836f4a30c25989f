"""The end of a WebSocket by the server: nothing is sent after it."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from server.live.conversation import PROTOCOL, Conversation
from server.live.messages import BAD_REQUEST, INTERNAL, ClosedError
from web.deadlines import Deadlines


@pytest.mark.parametrize(
    ("error", "code"), [(ClosedError(BAD_REQUEST, "no"), BAD_REQUEST), (ValueError("unexpected"), INTERNAL)]
)
async def test_an_operation_sends_nothing_after_the_close(
    monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    sent: list[Any] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message.get("code", message["type"]))
        # What is written may have to wait for its reader.
        for _ in range(5):
            await asyncio.sleep(0)

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    graphql: Any = SimpleNamespace(dependencies=None)
    scope: dict[str, Any] = {"subprotocols": [PROTOCOL], "headers": []}
    conversation = Conversation(graphql, cast(Any, None), Deadlines(5), scope, cast(Any, receive), cast(Any, send), "1")

    async def operation() -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        await conversation.send({"type": "websocket.send", "text": "{}"})

    async def take() -> None:
        conversation.operations["1"] = asyncio.create_task(operation())
        raise error

    monkeypatch.setattr(conversation, "_take_messages", take)
    async with asyncio.timeout(10):
        await conversation.run([])
    await asyncio.sleep(0.01)
    assert sent == ["websocket.accept", code]
