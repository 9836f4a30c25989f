"""What clients do not take of their answers has a bound for all of them together, over real sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import structlog

from server.http.held_bytes import HeldBytes, unread_answers
from tests.support.jobs import eventually
from tests.support.protocol import (
    CLOSE,
    HEAD,
    NEIGHBOUR,
    SHORT,
    TIMEOUT_S,
    echo,
    exchange,
    listening,
    request,
    statuses,
)
from web.http import Receive, Scope, Send

MEBIBYTE = 1024 * 1024
LARGE = b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n"
# What the kernel holds of one answer, of which the process knows nothing.
IN_SOCKETS = 6 * MEBIBYTE


class Client:
    """A connection that reads nothing by itself."""

    def __init__(self, port: int, address: str = "127.0.0.1") -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        self.socket.bind((address, 0))
        self.socket.connect(("127.0.0.1", port))
        self.socket.setblocking(False)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    async def rest(self) -> bytes:
        """What comes until the connection's end."""
        found = bytearray()
        async with asyncio.timeout(TIMEOUT_S):
            with suppress(ConnectionError):
                while part := await asyncio.get_running_loop().sock_recv(self.socket, 262_144):
                    found += part
        self.socket.close()
        return bytes(found)


@asynccontextmanager
async def unread_of(most: int) -> AsyncIterator[tuple[int, HeldBytes]]:
    """A server that may hold so much for its clients, and waits long for them."""
    unread = unread_answers(most)
    async with listening(unread=unread, write_s=TIMEOUT_S, idle_s=TIMEOUT_S) as port:
        yield port, unread


async def _until(seen: Callable[[], bool]) -> None:
    async def check() -> bool:
        return seen()

    await eventually(check, TIMEOUT_S)


async def _held(unread: HeldBytes, least: int) -> None:
    await _until(lambda: unread.held >= least)


async def _gone(unread: HeldBytes) -> None:
    await _until(lambda: not unread.held)


async def test_what_is_held_longest_is_dropped_beyond_the_bound() -> None:
    async with unread_of(20 * MEBIBYTE) as (port, unread):
        clients = []
        with structlog.testing.capture_logs() as logged:
            for _ in range(6):
                clients.append(Client(port))
                clients[-1].send(LARGE)
                await asyncio.sleep(SHORT / 3)
                # All of an answer counts that has not ended: what was sent of it stays in memory, too.
                assert unread.held == 8_000_000 * min(len(clients), 2)
        # Once a minute.
        assert [line for line in logged if line["event"] == "unread answers dropped"] == [
            {"event": "unread answers dropped", "log_level": "warning", "address": "127.0.0.1",
             "most": 20 * MEBIBYTE, "dropped": 1}
        ]  # fmt: skip
        found = [len(each) for each in await asyncio.gather(*(client.rest() for client in clients[:4]))]
        assert max(found) < IN_SOCKETS
        for client in clients[4:]:
            client.socket.close()
        await _gone(unread)


async def test_who_reads_slowly_is_not_dropped_for_others_that_do_not_read() -> None:
    async with unread_of(20 * MEBIBYTE) as (port, unread):
        slow = Client(port, NEIGHBOUR)
        slow.send(LARGE.replace(b"\r\n\r\n", b"\r\n" + CLOSE + b"\r\n"))
        await _held(unread, MEBIBYTE)
        clients = [Client(port) for _ in range(8)]
        for client in clients:
            client.send(LARGE)
        await asyncio.sleep(SHORT)
        assert len(await slow.rest()) > 8_000_000
        for client in clients:
            client.socket.close()
        await _gone(unread)


async def test_an_answer_that_is_taken_counts_no_more() -> None:
    async with unread_of(20 * MEBIBYTE) as (port, unread):
        for _ in range(5):
            answer = await exchange(port, LARGE.replace(b"\r\n\r\n", b"\r\n" + CLOSE + b"\r\n"))
            assert len(answer) > 8_000_000
        await _gone(unread)


async def test_who_does_not_take_an_answer_gets_no_other_one() -> None:
    begun: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        begun.append(scope["path"])
        await echo(scope, receive, send)

    unread = unread_answers(20 * MEBIBYTE)
    for together in (True, False):
        begun.clear()
        async with listening(app, unread=unread, write_s=TIMEOUT_S, idle_s=TIMEOUT_S) as port:
            client = Client(port)
            if together:
                client.send(LARGE + request("/a") + request("/b", extra=CLOSE))
            else:
                client.send(LARGE)
                await _held(unread, MEBIBYTE)
                client.send(request("/a"))
                await asyncio.sleep(SHORT / 3)
                client.send(request("/b", extra=CLOSE))
                # It ends its half, and still takes all of its answers.
                client.socket.shutdown(socket.SHUT_WR)
            await _held(unread, MEBIBYTE)
            await asyncio.sleep(SHORT)
            assert begun == ["/large"]
            answer = await client.rest()
            assert statuses(answer) == [200, 200, 200]
            assert answer.endswith(b"/b 0")
            assert begun == ["/large", "/a", "/b"]


async def test_messages_of_sockets_count_among_what_is_not_taken() -> None:
    done: list[int] = []

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        with suppress(OSError):
            for _ in range(3):
                await send({"type": "websocket.send", "text": "x" * 8_000_000})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        done.append(1)

    unread = unread_answers(20 * MEBIBYTE)
    async with listening(app, unread=unread, write_s=TIMEOUT_S, sockets={"/socket"}) as port:
        clients = [Client(port), Client(port)]
        clients[0].send(HEAD)
        # One is written, and one waits for it.
        await _held(unread, 10 * MEBIBYTE)
        assert not done
        clients[1].send(HEAD)
        await _until(lambda: bool(done))
        assert unread.held <= 20 * MEBIBYTE
        assert len(await clients[0].rest()) < IN_SOCKETS
        clients[1].socket.close()
        await _gone(unread)
