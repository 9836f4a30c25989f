"""A receiver that takes deliveries and answers none until it is let."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.jobs import OK, Receiver, Request, eventually, receiver


@asynccontextmanager
async def tarpit(response: bytes = OK) -> AsyncIterator[tuple[Receiver, asyncio.Event]]:
    """A receiver that responds to nothing before the event."""
    release = asyncio.Event()

    async def hang(_request: Request) -> bytes:
        await release.wait()
        return response

    async with receiver() as there:
        there.answer = hang
        try:
            yield there, release
        finally:
            release.set()


async def came(there: Receiver, number: int) -> None:
    """Wait until so many deliveries have come."""

    async def check() -> bool:
        return len(there.requests) >= number

    await eventually(check)
