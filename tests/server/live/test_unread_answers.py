"""Answers that a client does not read: bounded on a connection, and gone with it."""

import asyncio
import gc
from collections.abc import Iterator

import pytest

from server.live.conversation import Conversation
from tests.support.api import Org
from tests.support.sockets import socket

pytestmark = pytest.mark.usefixtures("settled_heap")

# Some hundred kilobytes each time: more than what lies between server and client holds.
LARGE = """{ __schema { types { name description fields { name description args { name description } } } } }"""
OPERATIONS, WAITING = 90, 10


@pytest.fixture
def uncollected() -> Iterator[None]:
    """No collection of cycles for a test."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def conversations() -> list[Conversation]:
    """Those that are in memory."""
    return [each for each in gc.get_objects() if isinstance(each, Conversation)]


async def test_unread_answers_are_few_and_end_with_their_connection(acme: Org, api: str, uncollected: None) -> None:
    async with socket(api) as connection:
        await connection.init(acme.key)
        for number in range(OPERATIONS):
            await connection.subscribe(str(number), LARGE)
        (conversation,) = conversations()
        # The buffers between server and client are full, and nothing is read of them.
        async with asyncio.timeout(90):
            while len(conversation.answers._waiters or ()) < WAITING:  # noqa: ASYNC110 - a semaphore has no event for it
                await asyncio.sleep(0.05)
        del conversation
        connection.connection.transport.abort()
    async with asyncio.timeout(90):
        while conversations():  # noqa: ASYNC110 - the end of an object has no event
            await asyncio.sleep(0.05)
