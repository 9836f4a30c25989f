"""A client that answers no ping is let go, and told that it may come back."""

import asyncio

import pytest
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode

from server.http.sockets import SocketProtocol
from tests.support.api import Org
from tests.support.sockets import socket

LONG = 30.0


async def test_a_client_that_answers_no_ping_may_come_back(
    acme: Org, api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = asyncio.Event()
    lost = SocketProtocol.connection_lost

    def start(self: SocketProtocol) -> None:
        self.ping_interval = self.ping_timeout = 0.1
        WebSocketsSansIOProtocol.start_keepalive(self)

    def note(self: SocketProtocol, exc: Exception | None) -> None:
        closed.set()
        lost(self, exc)

    monkeypatch.setattr(SocketProtocol, "start_keepalive", start)
    monkeypatch.setattr(SocketProtocol, "connection_lost", note)
    async with asyncio.timeout(LONG), socket(api) as connection:
        await connection.init(acme.key)
        connection.connection.transport.pause_reading()
        await closed.wait()
        connection.connection.transport.resume_reading()
        assert await connection.closed() == (CloseCode.TRY_AGAIN_LATER, "A ping was not answered")
