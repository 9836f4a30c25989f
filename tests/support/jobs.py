"""What tests of jobs need: a runtime, an endpoint, events, a worker, and a receiver that listens for real."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from uuid import UUID, uuid4

import pytest

from models.clients import CLIENT
from models.typeid import new_uuid
from models.webhook_urls import Address
from models.webhooks import API_VERSION
from resolvers.audit.entries import new_entry
from resolvers.changes import write as changes
from resolvers.clients import CLIENTS
from resolvers.database.pool import PATIENCE_S
from resolvers.database.pools import open_pool
from resolvers.database.runtime import Runtime
from resolvers.jobs.claims import Claim, context_of
from resolvers.jobs.due import Due
from resolvers.keyring import Keyring
from resolvers.webhooks.secrets import encrypt, new_secret
from schema.requests.render import RENDERERS
from schema.requests.tools import TOOLS
from tests.support.servers import Backends
from workers import main
from workers.jobs.fair_queue import FairQueue
from workers.jobs.slot import Slot
from workers.webhooks.addresses import Addresses, Resolve
from workers.webhooks.http import Sender

RING = Keyring({1: bytes(range(32)), 2: bytes(range(32, 64))})
NOWHERE = "redis://127.0.0.1:1/0"
# An organization's deliveries, and the jobs that send them.
JOB = "select * from jobs where org_id = $1 and function = 'WEBHOOK_DELIVERY'"
DELIVERY = "select * from deliveries where org_id = $1"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def _client(row: Any) -> str:
    return f'{{"publicId":"{row["id"]}","name":"Zoë"}}'


@asynccontextmanager
async def runtime_of(backends: Backends, *, patience_s: float = PATIENCE_S) -> AsyncIterator[Runtime]:
    """A process's runtime, as the application's role."""
    pool = await open_pool(backends.database_url, min_size=1, max_size=8, patience_s=patience_s)
    side = await open_pool(backends.database_url, min_size=1, max_size=2, patience_s=patience_s)
    runtime = Runtime(pool, side, RING, RING, RING, RENDERERS | {"client": _client}, TOOLS, webhook_allow_private=True)
    try:
        yield runtime
    finally:
        await pool.close()
        await side.close()


@pytest.fixture
async def runtime(own_backends: Backends) -> AsyncIterator[Runtime]:
    """A runtime over a database for one test."""
    async with runtime_of(own_backends) as made:
        yield made


@pytest.fixture
def org() -> UUID:
    """An organization's key."""
    return uuid4()


async def rows(runtime: Runtime, org: UUID, sql: str, *values: Any) -> list[Any]:
    """The rows of a statement in an organization, as the application's role."""
    async with runtime.bound(org) as connection:
        return list(await connection.fetch(sql, *values))


async def one(runtime: Runtime, org: UUID, sql: str, *values: Any) -> dict[str, Any]:
    """The only row of a statement."""
    found = await rows(runtime, org, sql, *values)
    assert len(found) == 1
    return dict(found[0])


async def listen_at(runtime: Runtime, org: UUID, url: str, **columns: Any) -> tuple[UUID, str]:
    """An endpoint that hears of all; its key and its secret."""
    key, secret = new_uuid(), new_secret()
    values = {
        "org_id": org, "id": key, "version": 1, "url": url, "events": ["*"], "scopes": ["*", "clients:read"],
        "secret": encrypt(runtime.secret_keys, org, key, secret), "api_version": API_VERSION, "status": "ENABLED",
    } | columns  # fmt: skip
    names, marks = ", ".join(values), ", ".join(f"${n}" for n in range(1, len(values) + 1))
    sql = f"insert into webhook_endpoints (updated_at, {names}) values (now(), {marks})"
    await rows(runtime, org, sql, *values.values())
    return key, secret


async def emit(runtime: Runtime, org: UUID, number: int = 1) -> list[UUID]:
    """So many changes, each with its audit entry, event, deliveries and jobs, which are answered."""
    woken: list[UUID] = []
    for _ in range(number):
        ctx = context_of(runtime, org, new_uuid())
        row = {"id": new_uuid(), "version": 1}
        entry = new_entry(CLIENT.action("update"), {"name": "Zoe"}, {"name": "Zoë"})
        async with ctx.transaction():
            await changes.apply(ctx, CLIENTS, None, row, (), [entry], [CLIENT.event("updated")])
            woken += ctx.jobs_to_wake
    return woken


@dataclass
class Request:
    """What a receiver got."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """An HTTP receiver: ``answer`` gives the bytes that it sends back; ``left`` counts senders that hung up on it."""

    answer: Callable[[Request], Awaitable[bytes]]
    requests: list[Request] = field(default_factory=list)
    left: int = 0
    drip: float | None = None
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: one request, one answer; with ``drip`` one answer after another, for ever."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers["content-length"]))
            request = Request(first.split(" ")[1], headers, body)
            self.requests.append(request)
            answer = await self.answer(request)
            while self.drip is not None:
                writer.write(answer)
                await writer.drain()
                await asyncio.sleep(self.drip)
                answer = await self.answer(request)
            writer.write(answer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            self.left += 1
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def bodies(self) -> dict[str, set[bytes]]:
        """The different bodies of each webhook-id."""
        found: dict[str, set[bytes]] = {}
        for request in self.requests:
            found.setdefault(request.headers["webhook-id"], set()).add(request.body)
        return found


@asynccontextmanager
async def receiver(
    *answers: bytes, drip: float | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    """A receiver on a loopback port that gives these answers in turn, the last of them for ever."""
    left = list(answers or (OK,))

    async def answer(_request: Request) -> bytes:
        return left.pop(0) if len(left) > 1 else left[0]

    made = Receiver(answer, drip=drip)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=tls)
    scheme = "https" if tls else "http"
    made.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks?a=1"
    try:
        yield made
    finally:
        server.close()


def leads_to(*texts: str) -> Resolve:
    """A look-up that finds these addresses for every name."""

    async def found(_host: str) -> list[Address]:
        return [ip_address(text) for text in texts]

    return found


def slot_of(claim: Claim) -> Slot:
    """The slot of a job that a test runs by itself."""
    queue = FairQueue(1, asyncio.get_running_loop().time)
    queue.offer(Due(claim.org_id, claim.id, claim.subject_id, "webhooks"))
    job = queue.take()
    assert job is not None
    return Slot(queue, job, queue.take)


def sender(**options: Any) -> Sender:
    """A sender that may go to loopback."""
    return Sender(Addresses(True), True, **options)


@asynccontextmanager
async def working(runtime: Runtime, redis_url: str = NOWHERE, **options: Any) -> AsyncIterator[None]:
    """A worker in this process while the block runs."""
    stop = asyncio.Event()
    chosen = {"sweep_seconds": 0.1, "lease_seconds": 5.0, "heartbeat_seconds": 1.0} | options
    task = asyncio.create_task(main.run(runtime, redis_url, stop=stop, **chosen))
    try:
        yield
    finally:
        stop.set()
        await task


async def eventually(check: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """Wait until a check holds; fails when it does not in time."""
    async with asyncio.timeout(seconds):
        while True:
            if await check():
                return
            await asyncio.sleep(0.03)


async def settled(runtime: Runtime, org: UUID, *, state: str = "DONE", number: int = 1) -> None:
    """Wait until so many delivery jobs are in a state."""
    sql = "select count(*) as n from jobs where org_id = $1 and function = 'WEBHOOK_DELIVERY' and state = $2"

    async def check() -> bool:
        return bool((await one(runtime, org, sql, org, state))["n"] == number)

    await eventually(check)


async def make_due(runtime: Runtime, org: UUID) -> None:
    """Make every queued job due now."""
    await rows(runtime, org, "update jobs set run_at = now() where org_id = $1 and state = 'QUEUED'", org)
