"""Whether endpoints that fail at once take more turns of a worker than one that answers after 0.1 s, of their
organization or of another: `python -m bench.chaos.refusals`.
"""

import argparse
import asyncio
import json
import os
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import uvloop

from bench.chaos.receivers import FAILING, Healthy, change, endpoint, listening, read_request, waited, worker
from bench.server import database, settings_of
from models.typeid import new_uuid
from resolvers.database.runtime import Runtime
from server.wiring import running

ANSWERS_AFTER_S = 0.1
ORGANIZATIONS = ("its own organization", "another organization")
ATTEMPTS = (
    "select concurrency_key as key, sum(attempt)::int as attempts from jobs"
    " where org_id = $1 and function = 'WEBHOOK_DELIVERY' group by 1"
)


class Slow(Healthy):
    """A receiver that answers after a while and knows when each client's event came first."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = await read_request(reader)
        await asyncio.sleep(ANSWERS_AFTER_S)
        self.came.setdefault(json.loads(body)["data"]["publicId"], time.monotonic())
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()


@asynccontextmanager
async def _refusing() -> AsyncIterator[str]:
    """The URL of a port that refuses connections."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/hook"


NEIGHBOURS: dict[str, Callable[[], AbstractAsyncContextManager[str]]] = {
    "answer as it does": lambda: listening(Slow().serve),
    "refuse the connection": _refusing,
    "answer 500 at once": lambda: listening(FAILING),
}


@dataclass(frozen=True, slots=True)
class Drained:
    """When the healthy endpoint's backlog was delivered, and how often each of the others was tried by then."""

    neighbours: str
    receiver: str
    changes: int
    seconds: float
    attempts: list[int]
    load: float

    def __str__(self) -> str:
        times = f"{min(self.attempts)} to {max(self.attempts)}" if self.attempts else ""
        return (
            f"| {self.neighbours} | {self.receiver} | {self.changes} | {self.seconds:.1f} | {times} | {self.load:.1f} |"
        )


async def _attempts(runtime: Runtime, org_id: UUID, healthy: UUID) -> list[int]:
    async with runtime.bound(org_id) as connection:
        rows = await connection.fetch(ATTEMPTS, org_id)
    return [row["attempts"] for row in rows if row["key"] != healthy]


async def measure(neighbours: str, number: int, changes: int) -> list[Drained]:
    """The backlog of two organizations, one of which has so many more endpoints."""
    async with AsyncExitStack() as stack:
        environment = stack.enter_context(database()) | {"WEBHOOK_ALLOW_PRIVATE": "true"}
        runtime = await stack.enter_async_context(running(settings_of(environment)))
        receivers = {new_uuid(): Slow() for _ in ORGANIZATIONS}
        owner, *_ = receivers
        endpoints = {
            org_id: await endpoint(runtime, org_id, await stack.enter_async_context(listening(receiver.serve)))
            for org_id, receiver in receivers.items()
        }
        for _ in range(number):
            await endpoint(runtime, owner, await stack.enter_async_context(NEIGHBOURS[neighbours]()))
        made = {org_id: dict([await change(runtime, org_id) for _ in range(changes)]) for org_id in receivers}
        await stack.enter_async_context(worker(environment))

        async def drained(name: str, org_id: UUID) -> Drained:
            await waited(receivers[org_id], made[org_id])
            attempts = await _attempts(runtime, owner, endpoints[owner])
            first = min(min(receiver.came.values()) for receiver in receivers.values())
            took = max(receivers[org_id].came.values()) - first
            return Drained(neighbours, name, len(receivers[org_id].came), took, attempts, os.getloadavg()[0])

        listed = zip(ORGANIZATIONS, receivers, strict=True)
        return await asyncio.gather(*(drained(name, org_id) for name, org_id in listed))


async def _print(number: int, changes: int) -> None:
    print(f"| {number} beside it | healthy receiver of | changes | s | each of them was tried | load |")
    print("|---|---|--:|--:|--:|--:|")
    for neighbours in NEIGHBOURS:
        for row in await measure(neighbours, number, changes):
            print(row, flush=True)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.chaos.refusals", description=__doc__)
    parser.add_argument("--endpoints", type=int, default=12, help="how many stand beside the healthy one (default 12)")
    parser.add_argument("--changes", type=int, default=150, help="how many changes each organization makes")
    arguments = parser.parse_args()
    uvloop.run(_print(arguments.endpoints, arguments.changes))


if __name__ == "__main__":
    main()
