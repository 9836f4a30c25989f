"""A collector of traces over real HTTP: it reads OTLP's protobuf, and keeps each span."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from tests.support.jobs import Request, eventually, receiver

DONE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
FAILED = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
KINDS = {1: "internal", 2: "server", 3: "client", 5: "consumer"}
CALLER = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
TRACEPARENT = f"00-{CALLER}-{PARENT}-01"


@dataclass(frozen=True)
class Spanned:
    """A span as the collector got it; ``failed`` is the code of its error, None where its status is none."""

    name: str
    kind: str
    trace: str
    id: str
    parent: str
    attributes: Mapping[str, Any]
    failed: str | None
    links: Sequence[tuple[str, str]]
    service: str
    started: int
    # All that it says, as text.
    text: str = field(repr=False)


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    return [_value(each) for each in value.array_value.values] if kind == "array_value" else getattr(value, str(kind))


def _attributes(listed: Sequence[KeyValue]) -> dict[str, Any]:
    return {each.key: _value(each.value) for each in listed}


def _spans(body: bytes) -> Iterator[Spanned]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        service = _attributes(resource.resource.attributes)["service.name"]
        for each in (span for scope in resource.scope_spans for span in scope.spans):
            attributes = _attributes(each.attributes)
            links = [(link.trace_id.hex(), link.span_id.hex()) for link in each.links]
            failed = attributes.get("error.type", "") if each.status.code == 2 else None
            yield Spanned(
                each.name, KINDS[each.kind], each.trace_id.hex(), each.span_id.hex(), each.parent_span_id.hex(),
                attributes, failed, links, service, each.start_time_unix_nano, str(each),
            )  # fmt: skip


@dataclass
class Collector:
    """What was collected. ``answer`` is what each export is answered; while ``held`` is not set none is."""

    url: str = ""
    answer: bytes = DONE
    spans: list[Spanned] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    held: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: Request) -> bytes:
        """Keep the spans of an export."""
        await self.held.wait()
        assert request.path == "/v1/traces"
        self.bodies.append(request.body)
        if self.answer == DONE:
            self.spans += _spans(request.body)
        return self.answer

    def of(self, trace: str) -> list[Spanned]:
        """The spans of a trace, in the order in which they began."""
        return sorted((each for each in self.spans if each.trace == trace), key=lambda each: each.started)

    async def came(self, trace: str, *names: str) -> list[Spanned]:
        """Wait until a trace has spans of these names; all of its spans."""

        async def check() -> bool:
            return set(names) <= {each.name for each in self.of(trace)}

        await eventually(check)
        return self.of(trace)


@asynccontextmanager
async def collecting(patch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    """A collector, to which the tracing that is made in the block exports soon."""
    made = Collector()
    made.held.set()
    async with receiver() as there:
        there.answer = made.take
        made.url = there.url.removesuffix("/hooks?a=1")
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", made.url)
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        yield made


@pytest.fixture
async def collector(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    """A collector of one test."""
    async with collecting(monkeypatch) as made:
        yield made
