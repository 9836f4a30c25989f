"""OpenTelemetry's SDK, as its environment variables set it up."""

from importlib.metadata import version

from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter

from resolvers.database.connection import PooledConnection
from server.settings import TracingSettings, load
from server.tracing.export import BoundedProcessor, CountingExporter, Losses, otlp_exporter
from server.tracing.requests import TracedRequests
from server.tracing.spans import Spans
from server.tracing.statements import TracedConnection

PACKAGE = "counterfoil"
# What the SDK calls a service that has no name.
_UNNAMED = "unknown_service"


class OpenTelemetry(Spans):
    """The tracing of a process. ``connection_class`` is that of connections whose statements are spans, ``requests``
    wraps the application, and ``losses`` has the spans that were dropped."""

    connection_class: type[PooledConnection] = TracedConnection
    requests = TracedRequests

    def __init__(self, process: str, exporter: SpanExporter | None = None) -> None:
        settings = load(TracingSettings)
        self.losses = Losses()
        exporting = CountingExporter(exporter or otlp_exporter(self.losses), self.losses)
        self.processor = BoundedProcessor(exporting, settings.otel_bsp_max_queue_size)
        provider = TracerProvider(resource=_resource(process), shutdown_on_exit=False)
        provider.add_span_processor(self.processor)
        super().__init__(provider.get_tracer(PACKAGE, version(PACKAGE)))

    async def close(self) -> None:
        """Export what is left, for a bounded time."""
        await self.processor.close()


def _resource(process: str) -> Resource:
    """Return what the environment says of the service; without a name it is called after the process."""
    found = Resource.create()
    ours = {SERVICE_VERSION: version(PACKAGE)}
    if str(found.attributes[SERVICE_NAME]).startswith(_UNNAMED):
        ours[SERVICE_NAME] = f"{PACKAGE}-{process}"
    return found.merge(Resource(ours))
