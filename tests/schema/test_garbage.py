"""An answer leaves no cycle behind: else its rows and objects wait for the garbage collector, and requests for it."""

import asyncio
import gc
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType
from typing import Any

import orjson
import pytest

from bench.data import SMALL, fill
from bench.workloads import Workload, workloads
from resolvers.database.runtime import Runtime
from server.app import create_app
from server.settings import Settings

pytestmark = pytest.mark.usefixtures("settled_heap")

ROOMS = {"execution", "models", "resolvers", "rest_shim", "schema", "server", "web", "workers", "asyncpg", "graphql"}
# An exporter of traces is left when the thread of an earlier test's process ends, whenever that is.
OF_PROCESSES = "server.tracing"


@asynccontextmanager
async def _started(app: Any) -> AsyncIterator[None]:
    """Run an application's lifespan around the block."""
    said: asyncio.Queue[Any] = asyncio.Queue()
    heard: asyncio.Queue[Any] = asyncio.Queue()
    life = asyncio.create_task(app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, said.get, heard.put))
    await said.put({"type": "lifespan.startup"})
    assert (await heard.get())["type"] == "lifespan.startup.complete"
    yield
    await said.put({"type": "lifespan.shutdown"})
    await life


async def _ask(app: Any, workload: Workload, key: str) -> int:
    """The status of a workload's answer, without a server between."""
    path, _, query = workload.path.partition("?")
    head = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": workload.method, "path": path,
        "raw_path": path.encode(), "query_string": query.encode(), "root_path": "", "scheme": "http", "state": {},
        "headers": [(name.encode(), value.encode()) for name, value in head.items()],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
    }  # fmt: skip
    statuses = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": workload.body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    (status,) = statuses
    return int(status)


@pytest.fixture
def saving() -> Any:
    """Within the test, what the collector finds is kept in ``gc.garbage``, and it runs only when called."""
    gc.disable()
    yield
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()


async def test_no_answer_waits_for_the_collector(api_settings: Settings, api_runtime: Runtime, saving: None) -> None:
    made = await fill(api_runtime, 1_618, SMALL)
    app = create_app(api_settings)
    left: dict[str, Counter[str]] = {}
    async with _started(app):
        for workload in workloads(made.sample):
            # The first compiles and caches, which may leave what it likes.
            for _ in range(2):
                assert await _ask(app, workload, made.key) == workload.status
            gc.set_debug(0)
            gc.collect()
            gc.garbage.clear()
            gc.set_debug(gc.DEBUG_SAVEALL)
            assert await _ask(app, workload, made.key) == workload.status
            gc.collect()
            types = [type(each) for each in gc.garbage if not type(each).__module__.startswith(OF_PROCESSES)]
            ours = Counter(type_.__qualname__ for type_ in types if type_.__module__.partition(".")[0] in ROOMS)
            if ours:
                left[workload.name] = ours
    assert left == {}


LONG = "x" * 10_000
ADA = {"name": "Ada", "email": "ada@example.com"}
CREATE = "mutation($i: CreateClientInput!) { createClient(input: $i) { client { id } } }"
FILTERED = "query($f: ClientStatus) { clients(first: 1, filter: {status: {eq: $f}}) { nodes { id } } }"
LINES = {"clientId": "client_01h455vb4pex5vsknk084sn02q", "lines": [{"description": 1, "quantity": LONG}]}
SCHEMA = {"type": "object", "properties": {"a": {"pattern": "("}}}
REFUSED: list[tuple[str, dict[str, Any]]] = [
    *(
        ("/api/v1/clients", ADA | wrong)
        for wrong in (
            {"metadata": {LONG: "a"}}, {"metadata": {"a": LONG}}, {"status": LONG}, {"notes": LONG * 3},
            {"notes": [LONG]}, {"unknown": LONG}, {"tags": [LONG] * 2}, {"email": LONG}, {"email": "x"},
        )
    ),
    ("/api/v1/invoices", LINES),
    ("/api/v1/orders", {"clientId": LINES["clientId"], "serviceId": "service_01h455vb4pex5vsknk084sn02q"}),
    ("/api/v1/forms", {"name": "F", "fields": [{"key": "a", "label": LONG, "type": "TEXT", "pattern": "("}]}),
    ("/api/v1/agents/definitions", {"name": "A", "instructions": LONG, "model": "test", "inputSchema": SCHEMA}),
    ("/graphql", {"query": FILTERED, "variables": {"f": LONG}}),
    ("/graphql", {"query": CREATE, "variables": {"i": ADA | {"metadata": {LONG: "a"}}}}),
    ("/graphql", {"query": CREATE, "variables": {"i": ADA | {"unknown": LONG}}}),
    ("/graphql", {"query": "{ unknown }", "variables": {"i": LONG}}),
    ("/graphql", {"query": "{ clients(after: \"x\") { nodes { id } } }", "variables": {"i": LONG}}),
]  # fmt: skip


async def test_no_refusal_keeps_what_was_sent(api_settings: Settings, api_runtime: Runtime, saving: None) -> None:
    """An error whose traceback has a frame that has the error waits with all that its frames have."""
    made = await fill(api_runtime, 1_619, SMALL)
    app = create_app(api_settings)
    kept: dict[str, list[str]] = {}
    async with _started(app):
        for number, (path, body) in enumerate(REFUSED):
            status = 200 if path == "/graphql" else 400
            workload = Workload(f"{number} {path}", "", "POST", path, orjson.dumps(body), status)
            for _ in range(2):
                assert await _ask(app, workload, made.key) == status
            gc.collect()
            gc.garbage.clear()
            gc.set_debug(gc.DEBUG_SAVEALL)
            assert await _ask(app, workload, made.key) == status
            gc.collect()
            gc.set_debug(0)
            if frames := [each.f_code.co_qualname for each in gc.garbage if isinstance(each, FrameType)]:
                kept[workload.name] = frames
    assert kept == {}
