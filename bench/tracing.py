"""What tracing costs a request, in process: ``python -m bench.tracing``.

Requests go through the whole application, without a socket, to a PostgreSQL of its own: with tracing off, with a
sampler that records nothing, and with all that is recorded exported to a receiver. Prints calls of functions by our
code and milliseconds of CPU: compare the ratios.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import orjson
import uvloop

from bench.server import database, settings_of, settle
from models.typeid import new_uuid
from resolvers import clients, organizations
from resolvers.api_keys import mutations as api_keys
from server.app import Application, create_app
from server.monitoring import logs
from server.wiring import running
from web.http import Message, Scope

ROOT = str(Path(__file__).parents[1])
CLIENTS, WARM, COUNTED = 50, 30, 300
LIST = "{ clients(first: 20) { nodes { id name orders(first: 2) { nodes { id } } } } }"
OFF: Mapping[str, str] = {}
WAYS: Mapping[str, Mapping[str, str]] = {
    "off": OFF,
    "on, sampled never": {"TRACING": "true", "OTEL_TRACES_SAMPLER": "always_off"},
    "on, sampled always": {"TRACING": "true", "OTEL_TRACES_SAMPLER": "always_on"},
}


def _requests(key: str) -> dict[str, tuple[Scope, bytes]]:
    """The requests that are measured: a row over REST, and a list with a level below it over GraphQL."""
    base: dict[str, Any] = {
        "type": "http", "http_version": "1.1", "scheme": "http", "query_string": b"", "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 1), "root_path": "",
    }  # fmt: skip
    headers = [(b"authorization", f"Bearer {key}".encode()), (b"content-type", b"application/json")]
    body = orjson.dumps({"query": LIST})
    rest = base | {"method": "GET", "path": "/api/v1/clients", "raw_path": b"/api/v1/clients", "headers": headers}
    posted = [*headers, (b"content-length", b"%d" % len(body))]
    graph = base | {"method": "POST", "path": "/graphql", "raw_path": b"/graphql", "headers": posted}
    return {"GET /api/v1/clients": (rest, b""), "POST /graphql": (graph, body)}


async def _ask(app: Application, scope: Scope, body: bytes) -> None:
    status = 0

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    await app(dict(scope), receive, send)
    assert status == 200, status


@contextmanager
def _calls() -> Iterator[list[int]]:
    """Count calls of our functions, and ours of others, on this thread; the list's one item is their number."""
    count = [0]

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        if (
            event in ("call", "c_call")
            and frame.f_code.co_filename.startswith(ROOT)
            and "/.venv/" not in frame.f_code.co_filename
        ):
            count[0] += 1

    sys.setprofile(note)
    try:
        yield count
    finally:
        sys.setprofile(None)


async def _counted(app: Application, scope: Scope, body: bytes) -> int:
    with _calls() as count:
        await _ask(app, scope, body)
    return count[0]


@contextmanager
def _receiver() -> Iterator[str]:
    command = (sys.executable, "-m", "bench.receiver")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        assert process.stdin is not None
        process.stdin.close()


async def _fill(environment: Mapping[str, str]) -> str:
    """The key of an organization with some clients."""
    async with running(settings_of(environment)) as runtime:
        ctx = organizations.command_line(runtime, new_uuid())
        async with ctx.transaction():
            await organizations.create(ctx, "Bench", f"bench-{ctx.org_id}")
            _, key = await api_keys.create(ctx, {"name": "bench", "scopes": ["*"]})
        for index in range(CLIENTS):
            async with ctx.transaction():
                await clients.create(ctx, {"name": f"Client {index}", "email": f"client-{index}@example.com"})
    return key


async def _measure(environment: Mapping[str, str], ways: Mapping[str, Mapping[str, str]], number: int) -> list[str]:
    key = await _fill(environment)
    settle(environment)
    lines = ["| request | tracing | calls | CPU of the loop, ms | CPU in all, ms |", "|---|---|--:|--:|--:|"]
    async with AsyncExitStack() as stack:
        apps: dict[str, Application] = {}
        for name, given in ways.items():
            os.environ.update(given)
            apps[name] = create_app(settings_of({**environment, **given}))
            await stack.enter_async_context(apps[name].router.lifespan_context(apps[name]))
        for shown, (scope, body) in _requests(key).items():
            spent = {name: [0.0, 0.0] for name in apps}
            counts: dict[str, int] = {}
            for name, app in apps.items():
                for _ in range(WARM):
                    await _ask(app, scope, body)
                # Of the least: what the process does in the background falls on some.
                counts[name] = min([await _counted(app, scope, body) for _ in range(COUNTED)])
            for _ in range(number):
                for name, app in apps.items():
                    loop, whole = time.thread_time(), time.process_time()
                    await _ask(app, scope, body)
                    spent[name][0] += time.thread_time() - loop
                    spent[name][1] += time.process_time() - whole
            for name, (loop, whole) in spent.items():
                each = f"{loop * 1000 / number:.3f} | {whole * 1000 / number:.3f}"
                lines.append(f"| {shown} | {name} | {counts[name]} | {each} |")
    return lines


def main() -> None:
    """Measure and print; the log lines go to a file that is thrown away."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=400, help="requests of each kind and way (default: 400)")
    parser.add_argument("--off", action="store_true", help="measure it off alone, as a version without tracing can")
    chosen = parser.parse_args()
    ways = {"off": OFF} if chosen.off else WAYS
    with database() as environment, _receiver() as receiver, tempfile.TemporaryFile("w") as file:
        os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver
        kept, sys.stderr = sys.stderr, file
        try:
            logs.configure("INFO")
            lines = uvloop.run(_measure(environment, ways, chosen.requests))
        finally:
            sys.stderr = kept
    print("\n".join(lines))


if __name__ == "__main__":
    main()
