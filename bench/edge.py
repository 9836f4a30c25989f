"""What a request costs before and after the engine, in process: ``python -m bench.edge``.

A route that answers at once is asked again and again through the real stack, whose pieces are put on one after another.
Needs no database; the budget is settled with an embedded Valkey. Prints microseconds per request.
"""

import asyncio
import gc
import hashlib
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvloop
from redis.asyncio import Redis

from models.actors import ActorKind
from models.typeid import new_uuid
from resolvers.actor import Actor
from resolvers.api_keys.verdicts import Verdict
from resolvers.api_keys.verification import KeyVerifier, new_key
from rest_shim.routes import ROUTES, under_parents
from server.access.authentication import Authentication
from server.access.buckets import Buckets
from server.dev.embedded import free_port
from server.dev.embedded_valkey import prepare
from server.dev.supervisor import Supervisor
from server.http.edge import EdgeMiddleware
from server.http.routing import ApiRoute, ApiRouter
from server.monitoring import logs
from server.monitoring.metrics import Metrics
from web.http import App, Message, Reply, Request, Scope, reply

ROUNDS, REQUESTS, TURN = 10, 2_000, 20
COST = 5
PATH = "/api/v1/orders/order_01h455vb4pex5vsknk084sn02q"


class _Uncounted(Metrics):
    __slots__ = ()

    def note(self, api: str, operation_type: str, status: int, seconds: float, statements: int) -> None:
        """Count nothing."""


class _Stub:
    """An endpoint that checks the key and takes the cost where it is configured to, and does nothing else."""

    def __init__(self, authentication: Authentication, buckets: Buckets) -> None:
        self.authentication, self.buckets = authentication, buckets
        self.keys = self.limits = False
        self.org_id = new_uuid()

    async def __call__(self, request: Request) -> Reply:
        request.state["statements"] = 1
        if self.keys:
            await self.authentication(request)
        headers = (await self.buckets.spend(self.org_id, COST)).headers if self.limits else ()
        return reply(200, b"{}", b"application/json", headers)


@contextmanager
def _valkey() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="counterfoil-") as folder:
        made, supervisor = prepare(Path(folder), free_port(), "bench"), Supervisor()
        supervisor.start(made.spec)
        try:
            while not made.answers():
                time.sleep(0.02)
            yield made.url
        finally:
            supervisor.stop(timeout_s=5)


def _scope(key: str) -> Scope:
    return {
        "type": "http",
        "method": "GET",
        "path": PATH,
        "query_string": b"",
        "client": ("127.0.0.1", 50_000),
        "state": {},
        "headers": [
            (b"host", b"127.0.0.1:8000"),
            (b"accept", b"*/*"),
            (b"accept-encoding", b"gzip"),
            (b"user-agent", b"bench"),
            (b"authorization", b"Bearer " + key.encode()),
        ],
    }


async def _receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(_message: Message) -> None:
    return None


async def _bare(_scope: Scope, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


async def _microseconds(app: App, key: str) -> float:
    """Of one round, per request: this process's time on its processor."""
    gc.collect()
    started = time.process_time()
    for _ in range(REQUESTS // TURN):
        # What runs in the background has its turns, as between real requests, and is part of what is measured.
        await asyncio.sleep(0)
        for _ in range(TURN):
            await app(_scope(key), _receive, _send)
    return (time.process_time() - started) / REQUESTS * 1e6


def _known(key: str) -> KeyVerifier:
    actor = Actor(ActorKind.KEY, "apikey_bench", "bench", frozenset({"*"}), new_uuid(), new_uuid())
    verdict = Verdict(time.monotonic() + 1e6, actor, None)
    # Its verdict is kept for longer than this runs: no database is asked, and there is none.
    nowhere: Any = None
    return KeyVerifier(nowhere, {hashlib.sha256(key.encode()).digest(): verdict})


async def _measure(url: str) -> None:
    redis, key = Redis.from_url(url), new_key(new_uuid())
    buckets = Buckets(redis, 10**9, 10**9)
    stub = _Stub(Authentication(_known(key), 60), buckets)

    rows = (*under_parents(("integrations", "settings", "org-settings")), *ROUTES)
    router = ApiRouter([ApiRoute(row.path, stub, name=row.operation, methods=[row.method]) for row in rows])

    async def looked_up(scope: Scope, receive: Any, send: Any) -> None:
        scope["state"]["request_id"] = "bench"
        await router(scope, receive, send)

    quiet, counted = (
        EdgeMiddleware(router, _Uncounted(), seconds=10, timing=True),
        EdgeMiddleware(router, Metrics(), seconds=10, timing=True),
    )
    steps: list[tuple[str, App, str, bool, bool]] = [
        ("nothing", _bare, "WARNING", False, False),
        ("path, request, reply", looked_up, "WARNING", False, False),
        ("request id, deadline, headers", quiet, "WARNING", False, False),
        ("log line", quiet, "INFO", False, False),
        ("metrics", counted, "INFO", False, False),
        ("key", counted, "INFO", True, False),
        ("limits", counted, "INFO", True, True),
    ]
    rounds: dict[str, list[float]] = {}
    # All steps in each round, and the best of each: what else runs on the machine only makes them slower.
    for _ in range(ROUNDS):
        for name, app, level, stub.keys, stub.limits in steps:
            logs.configure(level)
            rounds.setdefault(name, []).append(await _microseconds(app, key))
    best = {name: min(found) for name, found in rounds.items()}
    for (name, took), before in zip(best.items(), [0.0, *best.values()], strict=False):
        print(f"{name:<32}{took:8.1f} µs{took - before:+8.1f}")
    print(f"{'the edge in all':<32}{best['limits'] - best['nothing']:8.1f} µs")
    await buckets.close()
    await redis.aclose()


def main() -> None:
    """Measure and print; the log lines go to a file that is thrown away."""
    with _valkey() as url, tempfile.TemporaryFile("w") as file:
        kept, sys.stderr = sys.stderr, file
        try:
            uvloop.run(_measure(url))
        finally:
            sys.stderr = kept


if __name__ == "__main__":
    main()
