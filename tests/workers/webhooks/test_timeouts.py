"""Limits of time: what arrived while the process stood still is in time, and what never arrives is cut all the same."""

import asyncio
import socket
import threading
import time
from ipaddress import ip_address

import pytest

from models.webhook_urls import Address
from tests.support.jobs import OK, receiver, sender
from workers.webhooks.addresses import Addresses
from workers.webhooks.http import Sender
from workers.webhooks.timeouts import within


async def test_what_takes_too_long_is_cut() -> None:
    with pytest.raises(TimeoutError):
        async with within(0.05):
            await asyncio.Event().wait()


async def test_what_ends_in_time_is_not() -> None:
    async with within(3_600):
        await asyncio.sleep(0)
    with pytest.raises(ZeroDivisionError):
        async with within(3_600):
            raise ZeroDivisionError


async def test_what_came_while_the_loop_stood_still_is_in_time() -> None:
    loop = asyncio.get_running_loop()
    here, there = socket.socketpair()
    with here, there:
        here.setblocking(False)

        def stall() -> None:
            there.send(b"in time")
            time.sleep(0.5)

        async with within(0.2):
            loop.call_soon(stall)
            assert await loop.sock_recv(here, 100) == b"in time"


async def test_a_loop_that_is_always_late_waits_twice_as_long_at_most() -> None:
    loop = asyncio.get_running_loop()
    ended = False

    def stall() -> None:
        time.sleep(0.15)
        if not ended:
            loop.call_soon(stall)

    loop.call_soon(stall)
    try:
        async with asyncio.timeout(60):
            with pytest.raises(TimeoutError):
                async with within(0.4):
                    await asyncio.Event().wait()
    finally:
        ended = True


async def test_a_try_does_not_time_out_because_the_worker_stood_still() -> None:
    loop = asyncio.get_running_loop()
    stalled, answered = threading.Event(), threading.Event()

    def stall() -> None:
        stalled.set()
        assert answered.wait(60)
        time.sleep(1.2)

    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(65_536)
            loop.call_soon_threadsafe(stall)
            assert stalled.wait(60)
            connection.sendall(OK)
            answered.set()

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        serving = asyncio.create_task(asyncio.to_thread(serve, server))
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        answer = await sender(total_seconds=1).post(url, {}, b"{}")
        await serving
    assert (answer.status, answer.error) == (200, None)


async def test_the_look_up_of_a_name_takes_nothing_of_the_receivers_time() -> None:
    async def slow(_host: str) -> list[Address]:
        await asyncio.sleep(1.5)
        return [ip_address("127.0.0.1")]

    patient = Addresses(True, slow, resolve_seconds=60)
    async with receiver() as there:
        url = there.url.replace("127.0.0.1", "hooks.example")
        answer = await Sender(patient, True, total_seconds=1).post(url, {}, b"{}")
    assert (answer.status, answer.error) == (200, None)
