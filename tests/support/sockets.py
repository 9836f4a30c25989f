"""WebSockets that speak graphql-transport-ws, as tests use them: what is sent is chosen message by message."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.support.live import WAIT_S


class Socket:
    """A connection to /graphql."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, message: Any) -> None:
        """Send a message: a text or bytes as they are, anything else as JSON."""
        await self.connection.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def next(self) -> Any:
        """The next message."""
        async with asyncio.timeout(WAIT_S):
            return json.loads(await self.connection.recv())

    async def init(self, key: str) -> None:
        """Say the key, and wait until it is acknowledged."""
        await self.send({"type": "connection_init", "payload": {"Authorization": f"Bearer {key}"}})
        assert await self.next() == {"type": "connection_ack"}

    async def subscribe(self, key: str, query: str, **variables: Any) -> None:
        """Subscribe, or begin another operation."""
        await self.send({"id": key, "type": "subscribe", "payload": {"query": query, "variables": variables}})

    async def closed(self) -> tuple[int, str]:
        """The code and the reason with which the server closes the connection, which sends nothing before."""
        async with asyncio.timeout(WAIT_S):
            with pytest.raises(ConnectionClosed) as closed:
                await self.connection.recv()
        assert closed.value.rcvd is not None, "the server said why"
        return closed.value.rcvd.code, closed.value.rcvd.reason


@asynccontextmanager
async def socket(base: str, *, protocol: str = "graphql-transport-ws", **headers: str) -> AsyncIterator[Socket]:
    """Open a connection for a block, with headers such as ``dry_run``."""
    url = base.replace("http", "ws", 1) + "/graphql"
    subprotocols = [Subprotocol(protocol)]
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with connect(url, subprotocols=subprotocols, additional_headers=named) as made:
        yield Socket(made)
